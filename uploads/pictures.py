"""Pictures, opened in the child: limits first, then a clean working copy and a thumbnail."""

import mmap
import os
import struct
import warnings
from pathlib import Path
from typing import Any, BinaryIO

from PIL import Image, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

from services.errors import MaterialUnreadable
from uploads.jpeg import survey
from uploads.kinds import Kind
from uploads.refusals import PictureAnimated, PictureTooManyPixels, StoreUnwritable

MAX_JPEG_PIXELS = 120_000_000
"""Phones take 48 and 108 megapixels as JPEG, which can be decoded reduced."""
MAX_OTHER_PIXELS = 25_000_000
MAX_JPEG_PIXELS_PER_BYTE = 200
"""A photo has 1 to 20, a blank page 64; 380 bytes that claim 40 megapixels have 100,000."""
MAX_SCANS = 100
MAX_SIDE = 4096
"""Of the working copy. Most phones' photos (4000, 4032, 4080 or 4096 wide) stay as they are."""
DRAFT_SIDE = 4000
"""What JPEG may be reduced to while decoding; below it only real scaling goes."""
MAX_PNG_COPY_PIXELS = 2_000_000
THUMBNAIL_SIDE = 480
WORKING_QUALITY = 88
THUMBNAIL_QUALITY = 80

_PLUGINS = {
    Kind.JPEG: (JpegImagePlugin.JpegImageFile.format, MAX_JPEG_PIXELS),
    Kind.PNG: (PngImagePlugin.PngImageFile.format, MAX_OTHER_PIXELS),
    Kind.WEBP: (WebPImagePlugin.WebPImageFile.format, MAX_OTHER_PIXELS),
}
_ORIENTATION = 0x0112
_TURNED = frozenset({5, 6, 7, 8})

# Our own limit stands before every decoding; Pillow's would refuse a 108-megapixel photo.
Image.MAX_IMAGE_PIXELS = MAX_JPEG_PIXELS
warnings.simplefilter("error", Image.DecompressionBombWarning)


def inspect(source: str, kind: str, working: str, thumbnail: str) -> dict[str, Any]:
    """Check the picture at ``source`` and write ``working`` and ``thumbnail``.

    Returns the size as it is seen (turned by its orientation) and the MIME type of the working
    copy. Raises ``MaterialUnreadable`` or a subclass, and whatever the decoder raises.
    """
    is_a = Kind(kind)
    name, most_pixels = _PLUGINS[is_a]
    with Path(source).open("rb") as file:
        picture = open_limited(file, name or "", most_pixels)
        width, height = picture.size
        orientation = orientation_of(picture)
        if is_a is Kind.JPEG:
            check_scans(file, width * height)
            picture.draft(None, fitted(width, height, DRAFT_SIDE))
        picture.load()
        clean = upright(plain(reduced(picture)), orientation)
    stays_png = is_a is Kind.PNG and width * height <= MAX_PNG_COPY_PIXELS
    save(clean, Path(working), "PNG" if stays_png else "JPEG", quality=WORKING_QUALITY)
    clean.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    save(clean, Path(thumbnail), "JPEG", quality=THUMBNAIL_QUALITY)
    if orientation in _TURNED:
        width, height = height, width
    mime = Kind.PNG if stays_png else Kind.JPEG
    return {"pages": 1, "width": width, "height": height, "working_mime": mime.value}


def check_scans(file: BinaryIO, pixels: int) -> None:
    """Raise when decoding would cost far more than the file's bytes are worth."""
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        scans = survey(data, MAX_SCANS)
    if scans.number > MAX_SCANS:
        raise MaterialUnreadable
    if pixels > MAX_JPEG_PIXELS_PER_BYTE * scans.size:
        raise PictureTooManyPixels


def open_limited(file: BinaryIO, name: str, most_pixels: int) -> Image.Image:
    """Read the header only, with one decoder only."""
    try:
        picture = Image.open(file, formats=(name,))
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as bomb:
        raise PictureTooManyPixels from bomb
    if picture.width * picture.height > most_pixels:
        raise PictureTooManyPixels
    # A JPEG with several pictures (MPO) is a phone's photo with its preview: the first counts.
    if name != "JPEG" and getattr(picture, "is_animated", False):
        raise PictureAnimated
    return picture


def fitted(width: int, height: int, side: int) -> tuple[int, int]:
    """Return the size within ``side``, never enlarged."""
    ratio = min(1.0, side / max(width, height))
    return max(1, round(width * ratio)), max(1, round(height * ratio))


def orientation_of(picture: Image.Image) -> int:
    """Return the EXIF orientation, 1 when it is absent or cannot be read."""
    try:
        orientation = picture.getexif().get(_ORIENTATION, 1)
    except (SyntaxError, struct.error, ValueError, TypeError, LookupError, OSError):
        # The metadata is thrown away anyhow; a broken one does not make the photo worse.
        return 1
    return orientation if orientation in range(1, 9) else 1


def reduced(picture: Image.Image) -> Image.Image:
    size = fitted(*picture.size, MAX_SIDE)
    if size == picture.size:
        return picture
    if picture.mode in ("1", "P"):
        picture = plain(picture)
    return picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)


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


_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def upright(picture: Image.Image, orientation: int) -> Image.Image:
    turn = _TURNS.get(orientation)
    return picture if turn is None else picture.transpose(turn)


def save(picture: Image.Image, target: Path, name: str, *, quality: int) -> None:
    """Write pixels and nothing else, and make them last. Raises ``StoreUnwritable``."""
    # Pillow carries comments, profiles and text over from here into what it saves.
    picture.info = {}
    try:
        with target.open("xb") as file:
            picture.save(file, name, quality=quality)
            file.flush()
            os.fsync(file.fileno())
    except OSError as failed:
        # These are our own pixels: only the disk can have something against them.
        raise StoreUnwritable from failed
