"""What clients call their files."""

from collections.abc import Iterator
from functools import partial

from tests.uploads import drawing
from tests.uploads.hostile.case import Hostile

ODD = (
    *("../../etc/passwd", "..\\..\\boot.ini", "/etc/shadow", "C:\\Windows\\a.exe", "\\\\host\\a"),
    *("CON", "NUL.jpg", "com1", "LPT9.pdf", "aux.tar.gz", "PRN ", "con.", "nul:"),
    *(".htaccess", "...", ".", "..", "-rf", "--help", "~", "$HOME", "`id`", "$(id)", "|id", ";id"),
    *('a"b.jpg', "a'b.jpg", "a\nb.jpg", "a\r\nSet-Cookie: x", "a\tb", "a\0b.jpg", "a;b=c.jpg"),
    *("%00.jpg", "%2e%2e%2f", "%0d%0aX: y", "a%", "\ufeffa.jpg", "\u202egpj.exe", "\u2066a\u2069"),
    *("a\u00adb.jpg", "a\u200bb.jpg", "a\u200d.jpg", "\u115f.jpg", "e\u0301" * 200, "🧾.jpg"),
    *("\ud800.jpg", "\ufffe", "长" * 5000, "x" * 5000 + ".jpg", "", " ", "\u3000", "\u2028a"),
    *("a.php.jpg", "a.jpg.exe", "a.jpg%00.exe", "=cmd|' /C calc'!A0", "+1+1", "@SUM(1)", "<b>.jpg"),
    *("' OR 1=1--", "{{7*7}}", "${7*7}", "<script>alert(1)</script>.jpg", "a/b/c/d", "a//b"),
)


def odd() -> Iterator[Hostile]:
    for number, name in enumerate(ODD):
        make = partial(drawing.jpeg, (64, 48 + number))
        yield Hostile(f"name {name[:30]!r}", make, False, name)
