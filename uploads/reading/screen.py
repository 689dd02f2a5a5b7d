"""The photo of a screen: its grid of pixels, seen as sharp peaks in the spectrum.

A camera sees the grid as soon as one pixel of the screen covers two of its own. It has two
directions at right angles with one spacing; print, cloth and the fine lines of a card have one
direction or no one spacing. A photo that was made small afterwards has lost the grid, and with it
the sign.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from uploads.reading.engine import Quads
from uploads.reading.sheets import Picture

SIDE = 256
MAX_CUTS = 9
LEAST_CUTS = 3
GRID = (0.25, 0.5, 0.75)
"""Where is looked when there is no text, in shares of the picture."""
LONGEST, SHORTEST = 9.0, 2.1
"""Pixels from one line of the grid to the next."""
AROUND, PEAK = 23, 7
"""Places of the spectrum: a peak stands out from this neighbourhood, without itself."""
NONE_BELOW, CERTAIN_FROM = 9.0, 17.0
"""Decibels by which the weaker direction stands out: screens have 16 to 40, paper 4 to 10."""
LIKE = 0.25
"""By which share the spacings of the two directions may differ."""
ASLANT = 0.2
BLOCK = 8
"""JPEG draws a grid of its own, of 8 pixels."""
FLOOR = 0.02

Field = NDArray[Any]


class _Plane(NamedTuple):
    """The plane of frequencies: across, down, how far from the middle, and where is looked."""

    across: Field
    down: Field
    far: Field
    looked_at: NDArray[Any]
    window: Field


def screen_of(grey: Picture, lines: Quads) -> float:
    """Return 0 to 1: how much a picture at full size looks like the photo of a screen.

    ``lines`` are in shares of this picture.
    """
    strengths = [grid_in(cut) for cut in _cuts(grey, lines)]
    if len(strengths) < LEAST_CUTS:
        return 0.0
    share = (float(np.median(strengths)) - NONE_BELOW) / (CERTAIN_FROM - NONE_BELOW)
    return round(min(1.0, max(0.0, share)), 3)


def _cuts(grey: Picture, lines: Quads) -> Iterator[Picture]:
    """Yield squares of the document, around its text or else all over the picture."""
    height, width = grey.shape
    if min(height, width) < SIDE:
        return
    if len(lines) >= LEAST_CUTS:
        middles = lines.mean(axis=1)
        every = max(1, len(middles) // MAX_CUTS)
        places = middles[::every][:MAX_CUTS]
    else:
        places = np.array([(x, y) for y in GRID for x in GRID], np.float32)
    for x, y in places:
        left = min(max(int(x * width) - SIDE // 2, 0), width - SIDE)
        top = min(max(int(y * height) - SIDE // 2, 0), height - SIDE)
        yield grey[top : top + SIDE, left : left + SIDE]


def grid_in(cut: Picture) -> float:
    """Return by how many decibels a square grid stands out, in the weaker of its directions."""
    plane = _plane()
    detail = cut.astype(np.float32)
    detail -= cv2.GaussianBlur(detail, (0, 0), 4)
    power = (np.abs(np.fft.rfft2(detail * plane.window)) ** 2).astype(np.float32)
    # The middle of the plane is its first row; its neighbours are at both ends.
    centred = np.fft.fftshift(power, axes=0)
    around = _sum(centred, AROUND) - _sum(centred, PEAK)
    level = around / (AROUND**2 - PEAK**2) + FLOOR * float(np.median(power)) + 1e-6
    above = np.fft.ifftshift(_sum(centred, 3) / 9 / level, axes=0)
    above = np.where(plane.looked_at, above, 0)
    row, column = np.unravel_index(int(above.argmax()), above.shape)
    across, down = float(plane.across[0, column]), float(plane.down[row, 0])
    far = float(np.hypot(across, down))
    along = np.abs(plane.across * across + plane.down * down) / (plane.far * far + 1e-9)
    alike = (plane.far > far * (1 - LIKE)) & (plane.far < far * (1 + LIKE))
    other = float(np.where((along < ASLANT) & alike, above, 0).max())
    weaker = min(float(above[row, column]), other)
    return 10 * float(np.log10(max(weaker, 1e-3)))


def _sum(field: Field, side: int) -> Field:
    return cv2.boxFilter(field, -1, (side, side), normalize=False, borderType=cv2.BORDER_REFLECT)


@cache
def _plane() -> _Plane:
    across = np.fft.rfftfreq(SIDE)[None, :].astype(np.float32)
    down = np.fft.fftfreq(SIDE)[:, None].astype(np.float32)
    far = np.hypot(across, down)
    looked_at = (far > 1 / LONGEST) & (far < 1 / SHORTEST)
    for along, aside in ((across, down), (down, across)):
        is_block = np.abs(along * BLOCK - np.round(along * BLOCK)) < BLOCK * 1.6 / SIDE
        looked_at = looked_at & ~(is_block & (np.abs(aside) < 1.6 / SIDE))
    hann = np.hanning(SIDE).astype(np.float32)
    return _Plane(across, down, far, looked_at, np.outer(hann, hann))
