"""What every picture goes through while it is opened, and what is known of it afterwards."""

import struct
import warnings
from dataclasses import dataclass
from typing import BinaryIO, Protocol, cast

from PIL import Image

from uploads.refusals import PictureAnimated, PictureTooManyPixels

MAX_JPEG_PIXELS = 120_000_000
"""Phones take 48 and 108 megapixels as JPEG, which can be decoded reduced."""
MAX_OTHER_PIXELS = 25_000_000

_ORIENTATION = 0x0112

# Our own limit stands before every decoding; Pillow's would refuse a 108-megapixel photo.
Image.MAX_IMAGE_PIXELS = MAX_JPEG_PIXELS
warnings.simplefilter("error", Image.DecompressionBombWarning)


class Rows(Protocol):
    """The pixels of a decoded picture; a copy of some rows at a time is cheap, of all is not."""

    @property
    def size(self) -> tuple[int, int]: ...

    def band(self, top: int, bottom: int) -> Image.Image:
        """Return the rows from ``top`` up to and without ``bottom``."""
        ...


@dataclass(frozen=True)
class Drawn:
    """The rows of a picture that Pillow decoded."""

    picture: Image.Image

    @property
    def size(self) -> tuple[int, int]:
        return self.picture.size

    def band(self, top: int, bottom: int) -> Image.Image:
        return self.picture.crop((0, top, self.picture.width, bottom))


@dataclass(frozen=True)
class Raw:
    """The rows of a picture that another decoder left in memory, ``stride`` bytes each."""

    mode: str
    size: tuple[int, int]
    pixels: bytearray | memoryview
    stride: int

    def band(self, top: int, bottom: int) -> Image.Image:
        rows = memoryview(self.pixels)[top * self.stride : bottom * self.stride]
        size = (self.size[0], bottom - top)
        # Its types know two buffers; any will do.
        buffer = cast("bytes", rows)
        return Image.frombuffer(self.mode, size, buffer, "raw", self.mode, self.stride, 1)


@dataclass(frozen=True)
class Opened:
    """A decoded picture: its own size before anything was reduced, and where its bytes end."""

    rows: Rows
    width: int
    height: int
    end: int
    orientation: int = 1


def open_limited(file: BinaryIO, name: str, most_pixels: int) -> Image.Image:
    """Read the header only, with one decoder only."""
    file.seek(0)
    try:
        picture = Image.open(file, formats=(name,))
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as bomb:
        raise PictureTooManyPixels from bomb
    check_pixels(*picture.size, most_pixels)
    # A JPEG with several pictures (MPO) is a phone's photo with its preview: the first counts.
    if name != "JPEG" and getattr(picture, "is_animated", False):
        raise PictureAnimated
    return picture


def check_pixels(width: int, height: int, most: int) -> None:
    if width * height > most:
        raise PictureTooManyPixels


def fitted(width: int, height: int, side: int) -> tuple[int, int]:
    """Return the size within ``side``, never enlarged."""
    ratio = min(1.0, side / max(width, height))
    return max(1, round(width * ratio)), max(1, round(height * ratio))


def orientation_of(picture: Image.Image) -> int:
    """Return the EXIF orientation, 1 when it is absent or cannot be read."""
    return _orientation(picture)


def orientation_in(exif: bytes) -> int:
    """Return the orientation that a block of EXIF tells, 1 when it cannot be read."""
    return _orientation(exif)


def _orientation(told: Image.Image | bytes) -> int:
    try:
        if isinstance(told, bytes):
            exif = Image.Exif()
            exif.load(told)
        else:
            exif = told.getexif()
        orientation = exif.get(_ORIENTATION, 1)
    except (SyntaxError, struct.error, ValueError, TypeError, LookupError, OSError):
        # The metadata is thrown away anyhow; a broken one does not make the photo worse.
        return 1
    return orientation if orientation in range(1, 9) else 1
