"""The copies of a picture: pixels on white, upright, not too large, and nothing but pixels."""

import math
from typing import BinaryIO

from PIL import Image

from services.errors import StoreUnwritable
from uploads.opening import Drawn, Rows, fitted

MAX_SIDE = 4096
"""Of the working copy. Most phones' photos (4000, 4032, 4080 or 4096 wide) stay as they are."""
THUMBNAIL_SIDE = 480
WORKING_QUALITY = 88
THUMBNAIL_QUALITY = 80

_BAND = 256
# How far a pixel of the copy looks up and down in rows of the original, for each row reduced.
_SUPPORT = 2

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def clean(rows: Rows) -> Image.Image:
    """Return a picture within ``MAX_SIDE`` as grey or RGB.

    It is made a band at a time: each whole copy of 25 megapixels would take 100 MB.
    """
    size = fitted(*rows.size, MAX_SIDE)
    mode = plain(rows.band(0, 1)).mode
    if isinstance(rows, Drawn) and size == rows.size and _is_plain(rows.picture, mode):
        return rows.picture
    paper = Image.new(mode, size)
    for top in range(0, size[1], _BAND):
        bottom = min(top + _BAND, size[1])
        paper.paste(_band(rows, size, top, bottom), (0, top))
    return paper


def _is_plain(picture: Image.Image, mode: str) -> bool:
    return picture.mode == mode and "transparency" not in picture.info


def _band(rows: Rows, size: tuple[int, int], top: int, bottom: int) -> Image.Image:
    """Return the rows from ``top`` to ``bottom`` of a copy that has ``size``."""
    width, height = rows.size
    ratio = height / size[1]
    if size == rows.size:
        return plain(rows.band(top, bottom))
    margin = math.ceil(_SUPPORT * ratio) + 1
    first = max(math.floor(top * ratio) - margin, 0)
    last = min(math.ceil(bottom * ratio) + margin, height)
    box = (0, top * ratio - first, width, min(bottom * ratio - first, last - first))
    seen = plain(rows.band(first, last))
    return seen.resize((size[0], bottom - top), Image.Resampling.BICUBIC, box=box)


def plain(picture: Image.Image) -> Image.Image:
    """Return the pixels as grey or RGB, on white where they were transparent."""
    if picture.mode.startswith(("I", "F")):
        # 16-bit scans: a bare conversion would clip nearly everything to white.
        return picture.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if picture.mode in ("LA", "PA", "RGBA", "La", "RGBa") or "transparency" in picture.info:
        seen = picture.convert("RGBA")
        paper = Image.new("RGB", seen.size, "white")
        paper.paste(seen, mask=seen.getchannel("A"))
        return paper
    return picture.convert("L" if picture.mode in ("1", "L") else "RGB")


def upright(picture: Image.Image, orientation: int) -> Image.Image:
    turn = _TURNS.get(orientation)
    return picture if turn is None else picture.transpose(turn)


def save(picture: Image.Image, target: BinaryIO, name: str, *, quality: int) -> None:
    """Write pixels and nothing else. Raises ``StoreUnwritable``."""
    # Pillow carries comments, profiles and text over from here into what it saves.
    picture.info = {}
    try:
        picture.save(target, name, quality=quality)
    except OSError as failed:
        # These are our own pixels: only the disk can have something against them.
        raise StoreUnwritable from failed
