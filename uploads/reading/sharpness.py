"""How sharp a page is: how far its edges are smeared, in pixels, at the size that is looked at."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from uploads.reading.engine import Quads
from uploads.reading.sheets import Picture
from uploads.reading.turning import sizes_of

HALF = 2.5
"""Pixels of smear that make 0.5. The drawn documents have 0.8 to 1.1 when sharp, 1.9 when soft
and still read without an error, 5 and more when nothing can be read."""
SMALL_PRINT = 32
"""Lines lower than so many pixels suffer from the same smear as if it were more."""
LEAST_CONTRAST = 12
CLEAR_CONTRAST = 40
"""Where there is no print: grain makes sharp edges of little contrast in any picture."""
LEAST_SIDE = 6
MAX_LINES = 24
TILE = 96
FOREMOST = 5
"""Percent: where there is no print the sharpest places count, for a wall is never sharp."""
_STEEPEST = 99
_OF_AN_EDGE = 0.4
"""The steepest slope of a blurred step is 0.4 of its height, for each radius of the blur."""


def sharpness_of(grey: Picture, quads: Quads) -> float:
    """Return 0 to 1 for the lines of text, or for the sharpest places where there are none."""
    smears = _of_lines(grey, quads)
    smear = float(np.median(smears)) if smears else _of_places(grey)
    return round(1 / (1 + (smear / HALF) ** 2), 3)


def _of_lines(grey: Picture, quads: Quads) -> list[float]:
    smears = []
    _, heights = sizes_of(quads)
    for quad, height in zip(quads[:MAX_LINES], heights, strict=False):
        left, top = np.maximum(quad.min(axis=0), 0).astype(int)
        right, bottom = quad.max(axis=0).astype(int) + 1
        smear = smear_of(grey[top:bottom, left:right], every_way=True)
        if smear is not None and height > 0:
            smears.append(smear * max(1.0, SMALL_PRINT / float(height)))
    return smears


def _of_places(grey: Picture) -> float:
    height, width = grey.shape
    side = min(TILE, height, width)
    smooth: Picture = cv2.GaussianBlur(grey, (0, 0), 1.0)
    tiles = (
        smooth[top : top + side, left : left + side]
        for top in range(0, height - side + 1, side)
        for left in range(0, width - side + 1, side)
    )
    found = (smear_of(tile, least_contrast=CLEAR_CONTRAST) for tile in tiles)
    smears = [smear for smear in found if smear is not None]
    # No edge at all says nothing about the focus; what is missing then is not sharpness.
    return float(np.percentile(smears, FOREMOST)) if smears else 0.0


def smear_of(
    cut: Picture, *, every_way: bool = False, least_contrast: int = LEAST_CONTRAST
) -> float | None:
    """Return the radius in pixels by which edges are smeared, None where there are none.

    Print has edges ``every_way``, and a shaken photo smears them along one way only; so the worst
    way counts there.
    """
    if min(cut.shape) < LEAST_SIDE:
        return None
    low, high = np.percentile(cut, (3, 97))
    contrast = float(high - low)
    if contrast < least_contrast:
        return None
    across = _slope(cut, 1, 0)
    down = _slope(cut, 0, 1)
    if not every_way:
        return _OF_AN_EDGE * contrast / _steepest(np.hypot(across, down))
    slanted = np.sqrt(0.5)
    ways = (across, down, (across + down) * slanted, (across - down) * slanted)
    return _OF_AN_EDGE * contrast / min(_steepest(np.abs(way)) for way in ways)


def _slope(cut: Picture, across: int, down: int) -> NDArray[Any]:
    return cv2.Sobel(cut, cv2.CV_32F, across, down, ksize=3) / 8


def _steepest(slopes: NDArray[Any]) -> float:
    return max(float(np.percentile(slopes, _STEEPEST)), 1e-3)
