"""Names of files: what is shown of them and what a download is called."""

import pytest

from services.files import display_name, download_name


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("营业执照.jpg", "营业执照.jpg"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\王\\证.png", "证.png"),
        ("a\r\nSet-Cookie: x.jpg", "a Set-Cookie: x.jpg"),
        ("nul\x00l.pdf", "null.pdf"),
        ("gpj.\u202eexe", "gpj.exe"),
        ("  two   blanks .jpg ", "two blanks .jpg"),
        ("\ud800lone.jpg", "lone.jpg"),
        ("", "未命名"),
        ("/", "未命名"),
        ("\u200b\x07", "未命名"),
        ("长" * 300, "长" * 200),
        ("证件\u00ad扫描\u200d件\ufeff.jpg", "证件扫描件.jpg"),
        ("\u2066照片\u2069\u200f.jpg", "照片.jpg"),
        ("a" * 5000 + ".jpg", "a" * 200),
        ("%2e%2e%2f%00.jpg", "%2e%2e%2f%00.jpg"),
        ("“引号”'\".jpg", "“引号”'\".jpg"),
        ("\u2028行\u2029.jpg", "行 .jpg"),
        ("\ufffd\ufffd.jpg", "\ufffd\ufffd.jpg"),
    ],
)
def test_a_name_is_data_and_never_a_path(raw: str, shown: str) -> None:
    assert display_name(raw) == shown


@pytest.mark.parametrize(
    ("shown", "mime", "saved"),
    [
        ("营业执照.png", "image/jpeg", "营业执照.jpg"),
        ("page.html", "image/png", "page.png"),
        ("v1.2", "application/pdf", "v1.pdf"),
        ("no extension", "application/pdf", "no extension.pdf"),
        (".hidden", "image/webp", "_.hidden.webp"),
        ("...", "image/png", "_.png"),
        ("CON", "image/jpeg", "_CON.jpg"),
        ("nul.txt", "image/jpeg", "_nul.jpg"),
        ("com1.tar.gz", "application/pdf", "_com1.tar.pdf"),
        ("console.jpg", "image/jpeg", "console.jpg"),
        ('a<b>:"c|d?*.jpg', "image/jpeg", "a_b___c_d__.jpg"),
        ("结尾. .", "application/ofd", "结尾.ofd"),
        ("IMG_0001.HEIC", "image/heic", "IMG_0001.heic"),
        ("a.not-an-extension", "image/jpeg", "a.not-an-extension.jpg"),
    ],
)
def test_the_extension_says_what_the_bytes_are(shown: str, mime: str, saved: str) -> None:
    assert download_name(shown, mime) == saved
