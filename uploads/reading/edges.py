"""Whether a document runs out of the picture."""

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from services.ports.reading import Side
from uploads.reading.document import Document, Mask
from uploads.reading.engine import Quads

TOUCHED = 0.2
"""Of a side: by less a corner of tilted paper sticks out, which bears no print."""
MOST_SIDES = 2
"""Where it reaches three sides or four the page is the picture, as a scanner makes it; and where
it reaches two that face each other, somebody trimmed the picture to it."""
WHOLE = 0.93
"""Of its convex hull: paper is convex, and what flowed over onto a table is not."""
CONTRAST = 0.1
"""Logarithm: between paper and table. Light that falls off makes less over so few pixels."""
BESIDE = 4
"""Pixels inside and outside of an edge that are compared."""
NEAR = 0.12
"""Of the picture."""
AT_THE_RIM = 0.004
LEAST_LINES = 2
LEAST_SHARE_OF_LINES = 0.15

_ORDER = (Side.TOP, Side.RIGHT, Side.BOTTOM, Side.LEFT)
_OPPOSITE = ({Side.TOP, Side.BOTTOM}, {Side.LEFT, Side.RIGHT})


def cropped_sides(document: Document | None, lines: Quads) -> tuple[Side, ...]:
    """Return the sides of the picture that the document runs out of; in doubt none.

    ``lines`` are those that were read, in shares of the picture.
    """
    sides = set(_sides_of_lines(lines))
    if document is not None:
        sides |= set(_sides_of_paper(document)) & set(_sides_near_print(lines))
    return tuple(side for side in _ORDER if side in sides)


def _sides_near_print(lines: Quads) -> Iterator[Side]:
    """Yield the sides that print comes near to: elsewhere a margin or the facing page is cut."""
    if not len(lines):
        return
    left, top = lines.min(axis=(0, 1))
    right, bottom = lines.max(axis=(0, 1))
    rooms = (top, 1 - right, 1 - bottom, left)
    yield from (side for side, room in zip(_ORDER, rooms, strict=True) if room <= NEAR)


def _sides_of_lines(lines: Quads) -> Iterator[Side]:
    """Yield left and right where several lines end at the very rim: the rest of them is cut."""
    if not len(lines):
        return
    least = max(LEAST_LINES, LEAST_SHARE_OF_LINES * len(lines))
    if np.count_nonzero(lines[..., 0].min(axis=1) <= AT_THE_RIM) >= least:
        yield Side.LEFT
    if np.count_nonzero(lines[..., 0].max(axis=1) >= 1 - AT_THE_RIM) >= least:
        yield Side.RIGHT


def _sides_of_paper(document: Document) -> Iterator[Side]:
    mask = document.mask
    rims = (mask[0], mask[:, -1], mask[-1], mask[:, 0])
    touched = [
        side
        for side, rim in zip(_ORDER, rims, strict=True)
        if np.count_nonzero(rim) >= TOUCHED * len(rim)
    ]
    if len(touched) > MOST_SIDES or set(touched) in _OPPOSITE:
        return
    if not touched:
        return
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    outline = max(outlines, key=cv2.contourArea)
    hull = cv2.contourArea(cv2.convexHull(outline))
    if cv2.contourArea(outline) >= WHOLE * hull and _ends_at_a_table(document, outline[:, 0]):
        yield from touched


def _ends_at_a_table(document: Document, outline: NDArray[Any]) -> bool:
    """Tell whether the free edges are edges of paper, and not just where the light falls off."""
    height, width = document.mask.shape
    distance = _signed_distance(document.mask)
    rows, columns = np.gradient(cv2.GaussianBlur(distance, (0, 0), 2))
    free = outline[
        (outline[:, 0] > BESIDE)
        & (outline[:, 0] < width - 1 - BESIDE)
        & (outline[:, 1] > BESIDE)
        & (outline[:, 1] < height - 1 - BESIDE)
    ]
    if len(free) < height // 4:
        return False
    x, y = free.T
    length = np.maximum(np.hypot(rows[y, x], columns[y, x]), 1e-3)
    step_x, step_y = columns[y, x] / length * BESIDE, rows[y, x] / length * BESIDE
    light = np.log(document.picture.astype(np.float32) + 8)
    inside = light[_at(y + step_y, height), _at(x + step_x, width)]
    outside = light[_at(y - step_y, height), _at(x - step_x, width)]
    return float(np.median(np.abs(inside - outside).max(axis=1))) >= CONTRAST


def _signed_distance(mask: Mask) -> NDArray[Any]:
    inside = cv2.distanceTransform(mask, cv2.DIST_L2, 3)
    outside = cv2.distanceTransform(255 - mask, cv2.DIST_L2, 3)
    return inside - outside


def _at(places: NDArray[Any], size: int) -> NDArray[Any]:
    return np.clip(np.round(places), 0, size - 1).astype(np.intp)
