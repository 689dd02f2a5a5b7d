"""How much light is on the document, and where there is too much."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from uploads.reading.engine import Quads
from uploads.reading.sheets import Picture

WHITE = 250
"""From here on a pixel of a photo is washed out: no print is left on it."""
BRIGHT_PAPER = 243
"""Paper as bright as this is a scan or a drawn page; nothing can be brighter than it."""
SPECK = 0.004
"""Of the document: smaller white spots hide no line of print."""
RECTANGLE = 0.93
"""Of the rectangle around it: a white box that is printed fills it, a reflection does not."""
SOFT = 0.25
"""Of the way from paper to white: how bright it still is beside a reflection."""
BESIDE = 4
NO_TEXT_PERCENTILE = 90


def papers_of(grey: Picture, lines: Quads) -> NDArray[Any]:
    """Return how bright the paper is around each line, 0 to 255; lines are in shares."""
    height, width = grey.shape
    papers = []
    for line in lines:
        left, top = np.maximum(line.min(axis=0) * (width, height), 0).astype(int)
        right, bottom = (line.max(axis=0) * (width, height)).astype(int) + 1
        cut = grey[top:bottom, left:right]
        if cut.size:
            papers.append(float(np.percentile(cut, 90)))
    return np.array(papers)


def brightness_of(grey: Picture, lines: Quads) -> float:
    """Return 0 to 1: how bright the paper is around the text, or the brightest part of a picture
    without text; a dark table around a document counts for nothing."""
    papers = papers_of(grey, lines)
    paper = np.median(papers) if len(papers) else np.percentile(grey, NO_TEXT_PERCENTILE)
    return round(float(paper) / 255, 3)


def glare_of(grey: Picture, lines: Quads, mask: Picture | None) -> float:
    """Return the share of the document that is washed out by a reflection.

    The document is what lies between the lines that could be read, and what is known to be its
    paper (``mask``, of any size).
    """
    papers = papers_of(grey, lines)
    if not len(papers) or np.percentile(papers, 25) >= BRIGHT_PAPER:
        return 0.0
    area = _between(grey, lines, mask)
    size = np.count_nonzero(area)
    white: Picture = np.where((grey >= WHITE) & (area > 0), 255, 0).astype(np.uint8)
    white = cv2.morphologyEx(white, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    outlines, _ = cv2.findContours(white, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    paper = float(np.percentile(papers, 25))
    washed = sum(
        cv2.contourArea(outline)
        for outline in outlines
        if cv2.contourArea(outline) >= SPECK * size and _is_reflection(grey, outline, paper)
    )
    return round(float(min(1.0, washed / size)), 3)


def _between(grey: Picture, lines: Quads, mask: Picture | None) -> Picture:
    height, width = grey.shape
    corners = (lines.reshape(-1, 2) * (width, height)).astype(np.int32)
    area = np.zeros_like(grey)
    cv2.fillConvexPoly(area, cv2.convexHull(corners), 255)
    if mask is not None:
        area |= cv2.resize(mask, (width, height), interpolation=cv2.INTER_NEAREST)
    return area


def _is_reflection(grey: Picture, outline: NDArray[Any], paper: float) -> bool:
    (_, _), (width, height), _ = cv2.minAreaRect(outline)
    if cv2.contourArea(outline) < RECTANGLE * max(width * height, 1.0):
        return True
    spot = np.zeros_like(grey)
    cv2.drawContours(spot, [outline], -1, 255, cv2.FILLED)
    wider = cv2.dilate(spot, np.ones((2 * BESIDE + 1,) * 2, np.uint8))
    inner = cv2.dilate(spot, np.ones((2 * BESIDE - 1,) * 2, np.uint8))
    beside = grey[(wider > 0) & (inner == 0)]
    return bool(len(beside)) and float(np.median(beside)) >= paper + SOFT * (WHITE - paper)
