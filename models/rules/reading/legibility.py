"""Can it be read? Blur, darkness, glare, cut edges, size, screens: about form, so it may block."""

from collections.abc import Iterator

from models.rules.reading.findings import Finding, FindingCode, Severity
from models.rules.reading.text import plain
from models.rules.reading.values import PageReading, Side
from models.rules.reading.wants import Wants

SHARP = 0.35
LIT = 0.22
GLARE = 0.06
SCREEN = 0.5
SMALL_SIDE = 600
"""Pixels of the long side; a card of 86 mm has 7 for each mm then, and its print 10 in height."""
SURE = 0.6
LEAST_LINES = 3
LEAST_SIGNS = 12

_SIDES = {Side.TOP: "上边", Side.RIGHT: "右边", Side.BOTTOM: "下边", Side.LEFT: "左边"}


def is_read(page: PageReading) -> bool:
    """Tell whether enough text was read for sure that the page can be worked with."""
    sure = [plain(line.text) for line in page.lines if line.score >= SURE]
    return len(sure) >= LEAST_LINES and sum(map(len, sure)) >= LEAST_SIGNS


def of_page(page: PageReading, wants: Wants, pages: int) -> Iterator[Finding]:
    """Yield what keeps a page from being read.

    A fault blocks only where the text that is due was not read; what the machine could read in
    spite of it a person can read too, so then it warns.
    """
    lost = wants.is_text and not is_read(page)
    grave = Severity.BLOCKS if lost else Severity.WARNS
    found = [
        Finding(code, grave, page.no, {"measured": round(measured, 2)}, pages=pages)
        for code, measured, is_bad in _measures(page)
        if is_bad
    ]
    yield from found
    yield from _less_grave(page, pages)
    if lost and not found:
        words = {"wanted": wants.zh}
        evidence = {"lines": len(page.lines)}
        yield Finding(FindingCode.UNREADABLE, Severity.BLOCKS, page.no, evidence, words, pages)


def _measures(page: PageReading) -> Iterator[tuple[FindingCode, float, bool]]:
    quality, side = page.quality, max(page.width, page.height)
    yield FindingCode.TOO_DARK, quality.brightness, quality.brightness < LIT
    # In the dark nothing is sharp; saying both would send people looking for a second fault.
    is_blurred = quality.sharpness < SHARP and quality.brightness >= LIT and side >= SMALL_SIDE
    yield FindingCode.BLURRED, quality.sharpness, is_blurred
    yield FindingCode.TOO_SMALL, side, side < SMALL_SIDE


def _less_grave(page: PageReading, pages: int) -> Iterator[Finding]:
    quality = page.quality
    if quality.glare > GLARE:
        evidence = {"measured": round(quality.glare, 2)}
        yield Finding(FindingCode.GLARE, Severity.WARNS, page.no, evidence, pages=pages)
    if quality.cropped:
        words = {"sides": "、".join(_SIDES[side] for side in quality.cropped)}
        cut = {"sides": [side.value for side in quality.cropped]}
        yield Finding(FindingCode.CROPPED, Severity.WARNS, page.no, cut, words, pages)
    if quality.screen > SCREEN:
        evidence = {"measured": round(quality.screen, 2)}
        yield Finding(FindingCode.PHOTO_OF_SCREEN, Severity.WARNS, page.no, evidence, pages=pages)
