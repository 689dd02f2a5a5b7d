"""What a machine read on a material, page by page: values, no judgement.

Shares run from 0 to 1. Places are shares of the page as it stands upright, from its upper left
corner, so that they hold for the working copy and for any smaller picture of it. Where a photo is
skewed they are given as if it were not: lines of one row have one height.
"""

from dataclasses import dataclass
from enum import StrEnum


class Side(StrEnum):
    """An edge of a page at which the document leaves the picture."""

    TOP = "TOP"
    RIGHT = "RIGHT"
    BOTTOM = "BOTTOM"
    LEFT = "LEFT"


@dataclass(frozen=True)
class Box:
    """An upright rectangle on a page."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True)
class Line:
    """A line of text; ``score`` is how sure the engine is, from 0 to 1."""

    text: str
    score: float
    box: Box


@dataclass(frozen=True)
class Code:
    """A QR or bar code; ``format`` in the library's word, such as "QRCode"."""

    format: str
    text: str
    box: Box


@dataclass(frozen=True)
class Quality:
    """How well a page can be read by a person, each measure from 0 (bad) to 1 (good).

    ``sharpness``: of the text or of the edges; ``brightness``: 0 black, 0.5 even, 1 white;
    ``glare``: the share of the document that is washed out (0 is good here); ``screen``: how
    much it looks like the photo of a screen (0 is good); ``cropped``: where the document runs
    out of the picture.
    """

    sharpness: float
    brightness: float
    glare: float
    screen: float
    cropped: tuple[Side, ...]


@dataclass(frozen=True)
class PageReading:
    """One page, upright.

    ``no`` counts from 1; ``width`` and ``height`` are pixels of the source, as it stands upright;
    ``turned`` is by how many degrees clockwise (0, 90, 180, 270) the picture had to be turned;
    ``seal`` is how sure it is that a red seal is on the page; ``fingerprint`` is a perceptual
    hash of 64 bits in 16 hex digits, close (few bits apart) for two photos of one picture. Lines
    come in reading order.
    """

    no: int
    width: int
    height: int
    turned: int
    quality: Quality
    seal: float
    fingerprint: str
    lines: tuple[Line, ...] = ()
    codes: tuple[Code, ...] = ()


@dataclass(frozen=True)
class Reading:
    """A whole material in the order of its pages; ``left_out`` pages were not looked at."""

    pages: tuple[PageReading, ...]
    left_out: int
    engine: str
