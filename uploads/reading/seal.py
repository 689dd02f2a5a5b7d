"""A red seal on a page: a round or oval red ring with something in it, over print or beside it."""

import math
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from uploads.reading.engine import Quads
from uploads.reading.light import papers_of
from uploads.reading.sheets import Picture

RED = 0.16
"""By which share red outshines green and blue in ink on paper whose white was made white. Faint
ink has 0.2, fresh ink 0.6, brown wood less than half of what its paper has after that."""
RED_OF_TABLES = 22
"""Degrees of hue: orange begins here."""
LEAST, MOST = 0.04, 0.5
"""How wide a seal is, as a share of the picture's longer side."""
FLATTEST = 0.55
"""An oval seal is at least so high for its width, photographed aslant as well."""
BINS = 72
RIM = 0.12
"""How deep from the outline the ring is looked for, as a share of the radius."""
HOLLOW = 0.62
"""More red than this inside is a filled disc, as the emblem of the state on a card."""
EMPTY = 0.06
"""Less than this between the middle and the ring is a circle that was drawn, and not a seal."""
THICK = 0.2
"""Of the radius: strokes are thinner than that, blurred ones too, and only a star is not."""
SOLID = 0.45
LEAST_CORNERS = 5
LEAST_PIXELS = 10
FRINGE = 0.8
"""Pixels."""
BRIDGED = 0.012
"""Of the longer side: letters, star and ring of a seal are joined over so wide gaps."""

Mask = NDArray[Any]


def seal_on(picture: Picture, lines: Quads) -> float:
    """Return 0 to 1, the square of how much of a circle the best red ring has.

    Seals have 0.8 and more; a square stamp has 0.2, for its sides run along a circle in places.

    ``lines`` are in shares of the picture.
    """
    red = redness(picture, lines)
    return max((_ring(red, outline) for outline in _clumps(red)), default=0.0)


def redness(picture: Picture, lines: Quads) -> Mask:
    """Return 255 where there is red ink, whatever the light's colour is."""
    grey: Picture = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    # Lenses and screens leave a red hair along black print.
    smooth = cv2.GaussianBlur(picture, (0, 0), FRINGE)
    shares = smooth.astype(np.float32) / _white(picture, grey, lines)
    blue, green, red = shares[..., 0], shares[..., 1], shares[..., 2]
    rest = np.maximum(blue, green)
    strength = (red - rest) / np.maximum(red, 0.05)
    # Between red and orange green stands out over blue.
    leaning = (green - blue) / np.maximum(red - np.minimum(blue, green), 0.01)
    is_red = (strength >= RED) & (leaning <= RED_OF_TABLES / 60) & (red >= 0.1)
    return np.where(is_red, 255, 0).astype(np.uint8)


def _white(picture: Picture, grey: Picture, lines: Quads) -> NDArray[Any]:
    """Return the colour of the paper, as bright as the brightest of it."""
    papers = papers_of(grey, lines)
    bright = float(np.median(papers)) if len(papers) else float(np.percentile(grey, 90))
    near = np.abs(grey.astype(np.float32) - bright) <= max(3.0, 0.05 * bright)
    if not near.any():
        return np.full(3, max(bright, 1.0), np.float32)
    white: NDArray[Any] = np.maximum(np.median(picture[near], axis=0), 1.0)
    return white.astype(np.float32)


def _clumps(red: Mask) -> Iterator[NDArray[Any]]:
    """Yield the outlines of what may be a seal: pieces joined over gaps, and whole ones alone.

    A ring that is broken by print is a seal only when joined, and one that touches something else
    that is red only when not.
    """
    side = max(red.shape)
    reach = max(3, round(BRIDGED * side) | 1)
    brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    for mask in (cv2.morphologyEx(red, cv2.MORPH_CLOSE, brush), red):
        # A brown table is one clump with a hole in it, and in the hole lies the document.
        outlines, tree = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
        for place, outline in enumerate(outlines):
            _, _, width, height = cv2.boundingRect(outline)
            is_hole = tree[0][place][3] >= 0
            if not is_hole and LEAST * side <= max(width, height) <= MOST * side:
                yield outline


def _ring(red: Mask, outline: NDArray[Any]) -> float:
    """Return how much like a seal a clump is, 0 to 1."""
    hull = cv2.convexHull(outline)
    if len(hull) < LEAST_CORNERS:
        return 0.0
    (middle_x, middle_y), (one, other), turn = cv2.fitEllipse(hull)
    if min(one, other) < max(FLATTEST * max(one, other), LEAST_PIXELS):
        return 0.0
    left, top, width, height = cv2.boundingRect(outline)
    cut = red[top : top + height, left : left + width]
    y, x = np.nonzero(cut)
    angle = math.radians(turn)
    across, down = x + left - middle_x, y + top - middle_y
    u = (across * math.cos(angle) + down * math.sin(angle)) / (one / 2)
    v = (down * math.cos(angle) - across * math.sin(angle)) / (other / 2)
    distance = np.hypot(u, v)
    inside = np.count_nonzero(distance < 1 - RIM)
    share = inside / (math.pi * one * other / 4 * (1 - RIM) ** 2)
    if not EMPTY <= share <= HOLLOW or _solid(cut, (one + other) / 4) > SOLID:
        return 0.0
    at_rim = (distance >= 1 - RIM) & (distance <= 1 + RIM / 3)
    bins = np.floor((np.arctan2(v[at_rim], u[at_rim]) / (2 * math.pi) + 0.5) * BINS)
    drawn = len(np.unique(np.minimum(bins, BINS - 1))) / BINS
    return round(drawn**2, 3)


def _solid(cut: Mask, radius: float) -> float:
    """Return which share of the red lies in thick pieces: skin does, a seal's strokes do not."""
    reach = max(3, round(THICK * radius) | 1)
    brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    thick = cv2.morphologyEx(cut, cv2.MORPH_OPEN, brush)
    return float(np.count_nonzero(thick)) / max(int(np.count_nonzero(cut)), 1)
