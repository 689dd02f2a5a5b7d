"""Readings made by hand: what a machine would give of a page, in a few words."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from models.rules.reading.values import Box, Code, Line, PageReading, Quality, Reading, Side
from services.errors import MaterialUnreadable
from services.ports.reading import ReaderDown, Sheet

GOOD = Quality(sharpness=0.9, brightness=0.6, glare=0.0, screen=0.0, cropped=())
NAME, NUMBER = "王建国", "511499198803162013"
PORTRAIT = (
    f"姓名 {NAME}",
    "性别 男 民族 汉",
    "出生 1988年3月16日",
    "住址 示例县城关镇人民路1号",
    "2栋3单元401室",
    f"公民身份号码 {NUMBER}",
)
EMBLEM = (
    "中华人民共和国",
    "居民身份证",
    "签发机关 示例县公安局",
    "有效期限 2016.05.01-2036.05.01",
)


def line(text: str, row: int, left: float = 0.1, score: float = 0.98) -> Line:
    """Return a line of text; rows are a twentieth of the page apart."""
    top = 0.05 + row * 0.05
    return Line(text, score, Box(left, top, left + 0.03 * len(text), top + 0.04))


def page(*texts: str, no: int = 1, quality: Quality = GOOD, seal: float = 0.0) -> PageReading:
    """Return an upright page with one line for each text."""
    lines = tuple(line(text, row) for row, text in enumerate(texts))
    # Another text is another picture.
    fingerprint = f"{hash(texts) & (1 << 64) - 1:016x}"
    return PageReading(no, 1600, 1200, 0, quality, seal, fingerprint, lines, ())


def reading(*pages: PageReading, left_out: int = 0) -> Reading:
    numbered = tuple(replace(each, no=no) for no, each in enumerate(pages, start=1))
    return Reading(numbered, left_out, "by hand")


def id_card(portrait: Sequence[str] = PORTRAIT, emblem: Sequence[str] = EMBLEM) -> Reading:
    """Return both sides of an ID card."""
    return reading(page(*portrait), page(*emblem))


def blurred() -> Reading:
    faint = page(quality=replace(GOOD, sharpness=0.1))
    return reading(replace(faint, fingerprint="00ff00ff00ff00ff"))


@dataclass
class ScriptedReader:
    """The port ``MaterialReader``, told by the test what it sees; it reads the bytes all the same.

    ``down``: as many attempts fail; ``unreadable``: no attempt can open the file.
    """

    sees: Reading = field(default_factory=id_card)
    down: int = 0
    unreadable: bool = False
    sizes: list[int] = field(default_factory=list)

    async def read(self, sheets: Sequence[Sheet]) -> Reading:
        for sheet in sheets:
            self.sizes.append(sum([len(chunk) async for chunk in sheet.chunks]))
        if self.down:
            self.down -= 1
            raise ReaderDown
        if self.unreadable:
            raise MaterialUnreadable
        return self.sees


__all__ = [
    "EMBLEM",
    "GOOD",
    "NAME",
    "NUMBER",
    "PORTRAIT",
    "Code",
    "ScriptedReader",
    "Side",
    "blurred",
    "id_card",
    "line",
    "page",
    "reading",
]
