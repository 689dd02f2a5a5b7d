"""A file's bytes opened as pages to look at: pictures, and PDF documents rendered."""

import importlib
import io
import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import pypdfium2
from numpy.typing import NDArray
from PIL import Image

from services.errors import MaterialUnreadable
from uploads import copies, jpeg
from uploads.kinds import Kind
from uploads.opening import Opened, fitted, orientation_of
from uploads.pictures import OPENERS, TURNED

Picture = NDArray[Any]
"""Rows of pixels, each blue, green and red."""

PIXELS = 1920 * 1440
"""What is looked at. The text of a card that fills half of a photo is read without an error at
this size; a fixed number of pixels, and not of a side, costs the same for every shape."""
DRAFT_SIDE = 1900
"""A JPEG decodes at 1/2, 1/4 or 1/8 for next to nothing: 4000 pixels become 2000."""
FINE_SIDE = 2100
"""From twice this on a JPEG is decoded at half its size for the fine picture too."""
DOTS_PER_INCH = 200
CARD_DOTS_PER_INCH = 300
LEAST_SIDE = 1600
POINTS_PER_INCH = 72


@dataclass(frozen=True)
class Page:
    """One page: the picture that is looked at, the same in grey as fine as it is at hand, the size
    of its source, and of how many it is."""

    picture: Picture
    fine: Picture
    width: int
    height: int
    of: int


def opened(mime: str, data: bytes, place: int) -> Page:
    """Return the page at ``place``, from 0, of a file.

    Raises ``MaterialUnreadable`` or a subclass, and whatever the decoder raises.
    """
    kind = Kind(mime)
    if kind is Kind.PDF:
        return _rendered(data, place)
    if place or not kind.is_picture:
        raise MaterialUnreadable
    return _photo(data) if kind is Kind.JPEG else _drawing(kind, data)


def _photo(data: bytes) -> Page:
    source, _ = jpeg.limited(io.BytesIO(data))
    width, height = source.size
    orientation = orientation_of(source)
    source.draft(None, fitted(width, height, DRAFT_SIDE))
    picture = _array(copies.upright(copies.plain(source), orientation))
    fine = copies.upright(_in_grey(data), orientation)
    if orientation in TURNED:
        width, height = height, width
    return Page(reduced(picture, PIXELS), np.asarray(fine), width, height, 1)


def _in_grey(data: bytes) -> Image.Image:
    """Decode the brightness of a JPEG alone, which costs less than its colours at half the size."""
    source, _ = jpeg.limited(io.BytesIO(data))
    source.draft("L", fitted(*source.size, FINE_SIDE))
    return source.convert("L")


def _drawing(kind: Kind, data: bytes) -> Page:
    """Open a picture that cannot be decoded reduced."""
    source: Opened = importlib.import_module(OPENERS[kind]).opened(io.BytesIO(data))
    picture = _array(copies.upright(copies.clean(source.rows), source.orientation))
    width, height = source.width, source.height
    if source.orientation in TURNED:
        width, height = height, width
    fine = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    return Page(reduced(picture, PIXELS), fine, width, height, 1)


def _array(picture: Image.Image) -> Picture:
    rgb = np.asarray(picture.convert("RGB"))
    return cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)


def reduced(picture: Picture, pixels: int) -> Picture:
    """Return the picture with at most so many pixels; a smaller one as it is."""
    height, width = picture.shape[:2]
    ratio = math.sqrt(pixels / (width * height))
    if ratio >= 1:
        return picture
    size = max(1, round(width * ratio)), max(1, round(height * ratio))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


def _rendered(data: bytes, place: int) -> Page:
    document: Any = pypdfium2.PdfDocument(data)
    try:
        of = len(document)
        if place >= of:
            raise MaterialUnreadable
        # What was filled into a form is drawn only where the form is known.
        document.init_forms()
        page = document[place]
        bitmap = page.render(scale=_scale(*page.get_size()), fill_color=(255, 255, 255, 255))
        picture = np.ascontiguousarray(bitmap.to_numpy()[:, :, :3])
    finally:
        document.close()
    height, width = picture.shape[:2]
    fine: Picture = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    return Page(reduced(picture, PIXELS), fine, width, height, of)


def _scale(width: float, height: float) -> float:
    """Return pixels per point: fine print can be read, and no page has too many pixels."""
    long_side, area = max(width, height), width * height
    if area <= 0:
        raise MaterialUnreadable
    usual = max(DOTS_PER_INCH / POINTS_PER_INCH, LEAST_SIDE / long_side)
    within = min(usual, CARD_DOTS_PER_INCH / POINTS_PER_INCH)
    return min(within, math.sqrt(2 * PIXELS / area))
