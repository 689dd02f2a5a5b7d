"""Which way up a page lies, told by its lines of text, and everything turned to stand upright."""

from collections.abc import Sequence
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from uploads.reading.engine import Engine, Quads
from uploads.reading.sheets import Picture

VOTERS = 16
"""The longest lines are asked which way up they are: short ones look alike on their heads."""
CLEAR = 0.5
"""Below this margin of the votes, lines are read both ways and the better reading decides."""
READ_BOTH_WAYS = 5
LEAST_ON_END = 2
"""One alone may be a blot; a single line that stands on end is read all the same."""
LONG = 1.5
"""A line this much longer than high says whether lines run across or down the page."""

_TURNS: Final = {
    90: cv2.ROTATE_90_CLOCKWISE,
    180: cv2.ROTATE_180,
    270: cv2.ROTATE_90_COUNTERCLOCKWISE,
}


def turn_of(picture: Picture, quads: Quads, engine: Engine) -> int:
    """Return by how many degrees clockwise a picture has to be turned to stand upright."""
    if not len(quads):
        return 0
    widths, heights = sizes_of(quads)
    # Two sides of a line along the page's: what runs down stands on end.
    down = heights >= LONG * widths
    across = widths >= LONG * heights
    on_end = heights[down].sum() > widths[across].sum() and down.sum() >= LEAST_ON_END
    voting = np.flatnonzero(down if on_end else across)
    if not len(voting):
        return 0
    lengths = np.maximum(widths, heights)
    longest = voting[np.argsort(-lengths[voting], kind="stable")][:VOTERS]
    on_head = _is_on_head(engine.crops(picture, quads[longest]), lengths[longest], engine)
    # A line that stood on end was turned to the left for the vote.
    if on_end:
        return 90 if on_head else 270
    return 180 if on_head else 0


def _is_on_head(crops: Sequence[Picture], lengths: NDArray[Any], engine: Engine) -> bool:
    votes = np.array(engine.upside_down(crops)) * 2 - 1
    margin = float(np.average(votes, weights=lengths))
    if abs(margin) >= CLEAR:
        return margin > 0
    some = list(crops[:READ_BOTH_WAYS])
    over = [np.ascontiguousarray(cv2.rotate(each, cv2.ROTATE_180)) for each in some]
    upright = sum(words.score * len(words.text) for words in engine.read(some))
    turned = sum(words.score * len(words.text) for words in engine.read(over))
    return turned > upright


def sizes_of(quads: Quads) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return how wide and how high the lines are."""
    along = np.linalg.norm(quads[:, 1] - quads[:, 0], axis=1)
    aside = np.linalg.norm(quads[:, 3] - quads[:, 0], axis=1)
    return along, aside


def turned_picture(picture: Picture, turn: int) -> Picture:
    """Return the picture turned clockwise by 0, 90, 180 or 270 degrees."""
    if not turn:
        return picture
    return np.ascontiguousarray(cv2.rotate(picture, _TURNS[turn]))


def turned_quads(quads: Quads, turn: int, width: int, height: int) -> Quads:
    """Return lines where they are after their picture of this size was turned."""
    x, y = quads[..., 0], quads[..., 1]
    if turn == 90:
        moved = np.stack([height - y, x], axis=-1)
    elif turn == 180:
        moved = np.stack([width - x, height - y], axis=-1)
    elif turn == 270:
        moved = np.stack([y, width - x], axis=-1)
    else:
        return quads
    # The upper left corner is another one now.
    return np.roll(moved, turn // 90, axis=1)
