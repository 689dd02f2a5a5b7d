"""Lines of text put in reading order, in a frame of their own that is not skewed."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.ports.reading import Box, Line
from uploads.reading.engine import SURE, Quads, Words
from uploads.reading.turning import sizes_of

LEAST_SKEW = math.radians(0.5)
SAME_ROW = 0.5
"""Of the lower line's height: by so much two lines overlap that stand in one row."""


def lines_of(quads: Quads, words: Sequence[Words], width: int, height: int) -> tuple[Line, ...]:
    """Return what was read for sure, in reading order, on a page of this size in pixels."""
    kept = [place for place, each in enumerate(words) if each.text and each.score >= SURE]
    if not kept:
        return ()
    straight = straightened(quads, width, height)[kept]
    lefts_tops, rights_bottoms = straight.min(axis=1), straight.max(axis=1)
    scale = np.array([width, height], np.float32)
    first = np.clip(lefts_tops / scale, 0, 1)
    last = np.clip(rights_bottoms / scale, 0, 1)
    return tuple(
        Line(
            words[kept[place]].text,
            round(words[kept[place]].score, 3),
            Box(*(round(float(each), 4) for each in (*first[place], *last[place]))),
        )
        for place in order_of(lefts_tops, rights_bottoms)
    )


def skew_of(quads: Quads) -> float:
    """Return the angle of the lines in radians, positive where they fall to the right."""
    along = quads[:, 1] - quads[:, 0]
    lengths, heights = sizes_of(quads)
    long = lengths >= 3 * heights
    if not long.any():
        return 0.0
    angles = np.arctan2(along[long, 1], along[long, 0])
    # The median by length: a slanted seal or stamp does not tilt the page.
    order = np.argsort(angles)
    weights = np.cumsum(lengths[long][order])
    return float(angles[order][np.searchsorted(weights, weights[-1] / 2)])


def straightened(quads: Quads, width: int, height: int) -> Quads:
    """Return lines turned about the middle of the page so that they run level."""
    skew = skew_of(quads)
    if abs(skew) < LEAST_SKEW:
        return quads
    middle = np.array([width / 2, height / 2], np.float32)
    cos, sin = math.cos(-skew), math.sin(-skew)
    turn = np.array([[cos, sin], [-sin, cos]], np.float32)
    return (quads - middle) @ turn + middle


def order_of(lefts_tops: NDArray[Any], rights_bottoms: NDArray[Any]) -> list[int]:
    """Return the places of lines row by row, in each from the left."""
    rows: list[list[int]] = []
    for place in np.argsort(lefts_tops[:, 1] + rights_bottoms[:, 1], kind="stable"):
        row = rows[-1] if rows else []
        if row and _overlap(lefts_tops, rights_bottoms, row[-1], int(place)) >= SAME_ROW:
            row.append(int(place))
        else:
            rows.append([int(place)])
    return [place for row in rows for place in sorted(row, key=lambda each: lefts_tops[each, 0])]


def _overlap(lefts_tops: NDArray[Any], rights_bottoms: NDArray[Any], one: int, other: int) -> float:
    top = max(lefts_tops[one, 1], lefts_tops[other, 1])
    bottom = min(rights_bottoms[one, 1], rights_bottoms[other, 1])
    heights = rights_bottoms[:, 1] - lefts_tops[:, 1]
    lower = min(heights[one], heights[other])
    return float((bottom - top) / lower) if lower > 0 else 0.0
