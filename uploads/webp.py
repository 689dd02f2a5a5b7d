"""WebP, decoded by libwebp itself (RFC 9649).

Pillow opens every WebP as an animation and then holds four copies of it: 425 MB for 25 megapixels
where one call of the same library takes 160.
"""

import ctypes
from typing import BinaryIO

from PIL import _webp

from services.errors import MaterialUnreadable
from uploads.blocks import Blocks
from uploads.opening import MAX_OTHER_PIXELS, Opened, Raw, check_pixels, orientation_in
from uploads.refusals import PictureAnimated

MAX_BYTES = 48 * 1024 * 1024
MAX_CHUNKS = 1000
MAX_EXIF_BYTES = 1024 * 1024

_HEAD_BYTES = 12
_ANIMATED = frozenset({b"ANIM", b"ANMF"})
_EXIF_MARK = b"Exif\0\0"


def opened(source: BinaryIO) -> Opened:
    """Open a WebP and decode it."""
    blocks = Blocks(source)
    end, orientation = survey(blocks)
    data = blocks.at(0, end)
    width, height = _size(data)
    check_pixels(width, height, MAX_OTHER_PIXELS)
    rows = Raw("RGBA", (width, height), _decoded(data, width, height), width * 4)
    return Opened(rows, width, height, end, orientation)


def survey(blocks: Blocks) -> tuple[int, int]:
    """Return where the file ends by its own word, and the orientation it tells."""
    end = 8 + int.from_bytes(blocks.at(4, 4), "little")
    if not _HEAD_BYTES < end <= min(blocks.size, MAX_BYTES):
        raise MaterialUnreadable
    position, orientation = _HEAD_BYTES, 1
    for _ in range(MAX_CHUNKS):
        if position >= end:
            return end, orientation
        head = blocks.at(position, 8)
        name, size = head[:4], int.from_bytes(head[4:], "little")
        if name in _ANIMATED:
            raise PictureAnimated
        if position + 8 + size > end:
            raise MaterialUnreadable
        if name == b"EXIF" and size <= MAX_EXIF_BYTES:
            orientation = orientation_in(blocks.at(position + 8, size).removeprefix(_EXIF_MARK))
        position += 8 + size + size % 2
    raise MaterialUnreadable


def _library() -> ctypes.CDLL:
    # Pillow's own module is linked to libwebp, so its functions are found through it.
    library = ctypes.CDLL(_webp.__file__)
    library.WebPDecodeRGBAInto.restype = ctypes.c_void_p
    return library


def _size(data: bytes) -> tuple[int, int]:
    width, height = ctypes.c_int(), ctypes.c_int()
    length = ctypes.c_size_t(len(data))
    found = _library().WebPGetInfo(data, length, ctypes.byref(width), ctypes.byref(height))
    if not found:
        raise MaterialUnreadable
    return width.value, height.value


def _decoded(data: bytes, width: int, height: int) -> bytearray:
    pixels = bytearray(width * height * 4)
    target = (ctypes.c_char * len(pixels)).from_buffer(pixels)
    done = _library().WebPDecodeRGBAInto(
        data, ctypes.c_size_t(len(data)), target, ctypes.c_size_t(len(pixels)), width * 4
    )
    if not done:
        raise MaterialUnreadable
    return pixels
