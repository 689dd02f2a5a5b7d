"""Chinese text in lines: what may not begin or end a line stays with its neighbour (避头尾)."""

import re
from collections.abc import Callable, Iterator

Measure = Callable[[str], float]

_CLOSING = "，。、；：！？）》〉”’〕】…%"
_OPENING = "（《〈“‘〔【"
# A date, a short note in brackets, a number, a code or a word of letters stays whole; any other
# character stands alone.
_PIECE = re.compile(
    r"\d+年\d+月\d+日|（[^（）]{1,5}）|[A-Za-z0-9][A-Za-z0-9.:/_@#+-]*|\s+|.", re.DOTALL
)


def units(text: str) -> list[str]:
    """Return the pieces between which a line may be broken."""
    found: list[str] = []
    held = ""
    for piece in _PIECE.findall(text):
        if piece in _OPENING:
            held += piece
        elif piece in _CLOSING and found and not held:
            found[-1] += piece
        else:
            found.append(held + (" " if piece.isspace() else piece))
            held = ""
    return [*found, held] if held else found


def broken(text: str, width: float, measure: Measure, *, first: float | None = None) -> list[str]:
    """Break a text into lines of at most ``width``, the first of at most ``first``."""
    lines: list[str] = []
    line, used, room = "", 0.0, width if first is None else first
    for unit in _fitting(text, width, measure):
        size = measure(unit)
        if line and used + size > room:
            lines.append(line.rstrip())
            line, used, room = "", 0.0, width
        if line or not unit.isspace():
            line, used = line + unit, used + size
    return [*lines, line.rstrip()] if line else lines


def _fitting(text: str, width: float, measure: Measure) -> Iterator[str]:
    """Yield the units; one that is longer than a line (a digest, an address) in characters."""
    for unit in units(text):
        if measure(unit) <= width:
            yield unit
        else:
            yield from unit
