"""Where on a picture the document is: the paper around the print, up to its edges."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from uploads.reading.engine import Quads
from uploads.reading.sheets import Picture, reduced

PIXELS = 480 * 360
"""Grain is gone at this size, and an edge of paper is one pixel wide."""
DARKER, BRIGHTER = -0.14, 0.4
"""Logarithms: how much darker or brighter than the paper beside the print paper may be. A pale
desk is darker than paper by 0.2; a reflection is brighter."""
DARKEST = 8
"""Added to every pixel, so that in the dark small numbers make no large ratios."""
SEEDS_FOR_A_SLOPE = 6
FITS = 3
BRIDGED = 0.035
"""Of the picture: print, photos and seals are bridged from the paper on their sides."""
LEAST_SHARE = 0.02

Mask = NDArray[Any]


@dataclass(frozen=True)
class Document:
    """The document's mask (255 inside), on a small picture, and how bright its paper is."""

    picture: Picture
    mask: Mask
    paper: int


def document_on(picture: Picture, lines: Quads) -> Document | None:
    """Return the document that lines of text stand on; None where there is no text or no paper.

    ``lines`` are in shares of the picture.
    """
    small = reduced(picture, PIXELS)
    grey: Picture = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
    seeds = _brightest(grey, lines)
    if not seeds:
        return None
    mask = _around(_like_paper(small, seeds), seeds)
    share = np.count_nonzero(mask) / mask.size
    if share < LEAST_SHARE:
        return None
    paper = int(np.median([grey[y, x] for x, y in seeds]))
    return Document(small, mask, paper)


def _brightest(grey: Picture, lines: Quads) -> list[tuple[int, int]]:
    """Return for each line of text the place of the paper between its letters."""
    height, width = grey.shape
    seeds = []
    for line in lines:
        left, top = np.maximum(line.min(axis=0) * (width, height), 0).astype(int)
        right, bottom = (line.max(axis=0) * (width, height)).astype(int) + 1
        cut = grey[top:bottom, left:right]
        if cut.size:
            y, x = np.unravel_index(int(cut.argmax()), cut.shape)
            seeds.append((int(left + x), int(top + y)))
    return seeds


def _like_paper(small: Picture, seeds: list[tuple[int, int]]) -> Mask:
    """Return which pixels have the paper's colour, allowing for light that falls off."""
    height, width = small.shape[:2]
    smooth = np.log(cv2.medianBlur(small, 3).astype(np.float32) + DARKEST)
    at_x, at_y = np.array(seeds).T
    columns = [np.ones(len(seeds))]
    if len(seeds) >= SEEDS_FOR_A_SLOPE:
        columns += [at_x / width - 0.5, at_y / height - 0.5]
    known = np.stack(columns, axis=1)
    # Steady against the few lines that stand on something else than the paper.
    fitted = _fitted(known, smooth[at_y, at_x])
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    planes = np.stack([np.ones_like(x), x / width - 0.5, y / height - 0.5][: len(columns)], axis=-1)
    apart = smooth - planes @ fitted.astype(np.float32)
    return np.where((apart > DARKER).all(-1) & (apart.min(-1) < BRIGHTER), 255, 0).astype(np.uint8)


def _fitted(known: NDArray[Any], values: NDArray[Any]) -> NDArray[Any]:
    kept = np.ones(len(values), bool)
    fitted: NDArray[Any] = np.linalg.lstsq(known, values, rcond=None)[0]
    for _ in range(FITS):
        off = np.abs(values - known @ fitted).max(axis=1)
        nearer = off <= max(float(np.median(off[kept])) * 2, 0.02)
        if nearer.sum() <= known.shape[1]:
            break
        kept = nearer
        fitted = np.linalg.lstsq(known[kept], values[kept], rcond=None)[0]
    return fitted


def _around(paper: Mask, seeds: list[tuple[int, int]]) -> Mask:
    """Return the pieces of paper that the seeds stand on, joined over what is printed on them."""
    height, width = paper.shape
    _, pieces = cv2.connectedComponents(paper, connectivity=4)
    stood_on = {int(pieces[y, x]) for x, y in seeds} - {0}
    mask = np.isin(pieces, list(stood_on)).astype(np.uint8) * 255
    reach = max(3, round(BRIDGED * max(height, width)) | 1)
    brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    rim = (reach,) * 4
    wide = cv2.copyMakeBorder(mask, *rim, cv2.BORDER_REPLICATE)
    closed = cv2.morphologyEx(wide, cv2.MORPH_CLOSE, brush)
    return _largest(np.ascontiguousarray(closed[reach:-reach, reach:-reach]))


def _largest(mask: Mask) -> Mask:
    """Return the largest piece alone, its holes filled."""
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    alone = np.zeros_like(mask)
    if outlines:
        largest = max(outlines, key=cv2.contourArea)
        cv2.drawContours(alone, [largest], -1, 255, cv2.FILLED)
    return alone
