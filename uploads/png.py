"""PNG: its chunks are counted before it is decoded (ISO/IEC 15948)."""

from typing import BinaryIO

from PIL import PngImagePlugin

from services.errors import MaterialUnreadable
from uploads.blocks import Blocks
from uploads.opening import MAX_OTHER_PIXELS, Drawn, Opened, open_limited, orientation_of
from uploads.refusals import PictureAnimated

MAX_CHUNKS = 50_000
"""25 megapixels in chunks of 8 KB are 12,500."""

_SIGNATURE_BYTES = 8
_AROUND_BYTES = 12  # length, type and checksum of a chunk


def end_of(blocks: Blocks) -> int:
    """Return where the last chunk ends; raise when there is none or there are too many."""
    position = _SIGNATURE_BYTES
    for _ in range(MAX_CHUNKS):
        head = blocks.at(position, 8)
        position += _AROUND_BYTES + int.from_bytes(head[:4], "big")
        if len(head) < 8 or position > blocks.size:
            raise MaterialUnreadable
        if head[4:] == b"acTL":
            raise PictureAnimated
        if head[4:] == b"IEND":
            return position
    raise MaterialUnreadable


def opened(source: BinaryIO) -> Opened:
    """Open a PNG and decode it."""
    end = end_of(Blocks(source))
    picture = open_limited(source, PngImagePlugin.PngImageFile.format, MAX_OTHER_PIXELS)
    picture.load()
    return Opened(Drawn(picture), *picture.size, end, orientation_of(picture))
