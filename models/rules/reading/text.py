"""The text of a page made comparable, and what stands beside a label on it."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from models.rules.reading.values import Box, Line, PageReading

# What the engine takes for each other in print: the traditional or Japanese form of a character.
_LOOK_ALIKE = str.maketrans("別戶産權證號區國學書車動業", "别户产权证号区国学书车动业")
_SPACES = re.compile(r"\s+")
_BESIDE = 0.35
"""How much of its height two boxes must share to stand in one row."""


@dataclass(frozen=True)
class Found:
    """A piece of text on a page, with how sure the engine was of the line it stands in."""

    text: str
    score: float
    page: int
    box: Box


def plain(text: str) -> str:
    """Return text with one form for each sign: narrow, simplified, without spaces.

    Chinese is written without spaces; on cards they only stretch a label ("姓  名").
    """
    narrow = unicodedata.normalize("NFKC", text).translate(_LOOK_ALIKE)
    return _SPACES.sub("", narrow)


def whole(page: PageReading) -> str:
    """Return all text of a page, a line break after each line."""
    return "\n".join(plain(line.text) for line in page.lines)


def after_label(page: PageReading, *labels: str) -> Iterator[Found]:
    """Yield what follows one of the labels: in its line, to its right, or right below it.

    Where the label and its value are printed apart the engine gives two lines.
    """
    for place, line in enumerate(page.lines):
        text = plain(line.text)
        label = next((each for each in labels if each in text), None)
        if label is None:
            continue
        rest = text.split(label, 1)[1].lstrip(":：")
        if rest:
            yield Found(rest, line.score, page.no, line.box)
            continue
        neighbour = _right_of(line, page.lines) or _below(page.lines, place)
        if neighbour is not None:
            yield Found(plain(neighbour.text), neighbour.score, page.no, neighbour.box)


def matches(page: PageReading, pattern: re.Pattern[str]) -> Iterator[Found]:
    """Yield what a pattern finds, line by line."""
    for line in page.lines:
        for match in pattern.finditer(plain(line.text)):
            yield Found(match[0], line.score, page.no, line.box)


def _right_of(label: Line, lines: Sequence[Line]) -> Line | None:
    height = label.box.bottom - label.box.top
    row = [
        line
        for line in lines
        if line is not label
        and line.box.left >= label.box.right - height / 2
        and _shared(line.box, label.box) >= _BESIDE * height
    ]
    return min(row, key=lambda line: line.box.left, default=None)


def _below(lines: Sequence[Line], place: int) -> Line | None:
    label = lines[place]
    height = label.box.bottom - label.box.top
    under = [
        line
        for line in lines[place + 1 :]
        if 0 <= line.box.top - label.box.bottom + height / 2 <= 2.5 * height
        and abs(line.box.left - label.box.left) <= 3 * height
    ]
    return min(under, key=lambda line: line.box.top, default=None)


def _shared(one: Box, other: Box) -> float:
    return min(one.bottom, other.bottom) - max(one.top, other.top)
