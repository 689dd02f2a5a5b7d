"""HEIC and HEIF, as iPhones and others take them (ISO/IEC 23008-12): boxes first, then decoding."""

from typing import BinaryIO

import pillow_heif

from services.errors import MaterialUnreadable
from uploads.blocks import Blocks
from uploads.opening import MAX_OTHER_PIXELS, Opened, Raw, check_pixels

MAX_BYTES = 40 * 1024 * 1024
"""The file is held in memory beside the picture; a phone's has 1 to 10 MB, with its video 20."""
MAX_BOXES = 64

_WHOLE = frozenset({b"ftyp", b"meta", b"mdat", b"moov", b"idat", b"free", b"skip", b"uuid"})

# One thread: each further one reserves 64 MB of address space, and the child may have 300.
pillow_heif.options.DECODE_THREADS = 1
pillow_heif.options.THUMBNAILS = False
pillow_heif.options.DEPTH_IMAGES = False
pillow_heif.options.AUX_IMAGES = False


def end_of(blocks: Blocks) -> int:
    """Return where the last box ends; what follows is no box, as the notes of some phones.

    Raises when a box is longer than the file, or when there are too many of them.
    """
    position = 0
    for _ in range(MAX_BOXES):
        head = blocks.at(position, 16)
        name, size = head[4:8], int.from_bytes(head[:4], "big")
        if size == 1:
            size = int.from_bytes(head[8:16], "big")
        elif size == 0 and name in _WHOLE:
            size = blocks.size - position
        fits = 8 <= size <= blocks.size - position
        if not fits and name in _WHOLE:
            raise MaterialUnreadable
        if not fits or not name.isalnum():
            return position
        position += size
    raise MaterialUnreadable


def opened(source: BinaryIO) -> Opened:
    """Open a HEIC and decode its first picture, turned as it says itself."""
    blocks = Blocks(source)
    end = end_of(blocks)
    if end > MAX_BYTES:
        raise MaterialUnreadable
    file = pillow_heif.open_heif(blocks.at(0, end), convert_hdr_to_8bit=True)
    heif = file[file.primary_index]
    check_pixels(*heif.size, MAX_OTHER_PIXELS)
    pixels = heif.data
    return Opened(Raw(heif.mode, heif.size, pixels, heif.stride), *heif.size, end)
