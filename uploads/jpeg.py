"""JPEG: its markers are read without decoding anything (ITU-T T.81, annex B), then it is opened."""

import re
from dataclasses import dataclass
from typing import BinaryIO

from PIL import Image, JpegImagePlugin

from services.errors import MaterialUnreadable
from uploads.blocks import Blocks
from uploads.opening import MAX_JPEG_PIXELS, Drawn, Opened, fitted, open_limited, orientation_of
from uploads.refusals import PictureTooManyPixels

MAX_PIXELS_PER_BYTE = 200
"""A photo has 1 to 20, a blank page 64; 380 bytes that claim 40 megapixels have 100,000."""
MAX_SCANS = 100
MAX_SEGMENTS = 20_000
MAX_COEFFICIENT_BYTES = 170 * 1024 * 1024
"""A picture in several scans is decoded whole before any of it can be reduced."""
DRAFT_SIDE = 4000
"""What is reduced to while decoding; below it only real scaling goes."""

_SOS, _EOI = 0xDA, 0xD9
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
# FF00 is a stuffed byte, FFD0 to FFD7 are restarts inside a scan, FFFF is padding.
_NEXT_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd7\xff]", re.DOTALL)
_WITHOUT_LENGTH = frozenset({0xD8, _EOI})


@dataclass
class Survey:
    """What the markers before the end tell; ``end`` is None when there is no end.

    ``size`` counts bytes of pixels; ``coefficients`` is what decoding has to hold in memory
    beside the picture, in bytes.
    """

    scans: int = 0
    size: int = 0
    coefficients: int = 0
    components: int = 0
    in_parts: bool = False
    end: int | None = None


def survey(blocks: Blocks, at_most: int = MAX_SCANS) -> Survey:
    """Look at the markers up to the end; looking stops above ``at_most`` scans.

    A progressive JPEG of 400 KB can hold 5,000 scans, and each costs a pass over the picture.
    What stands in headers or behind the end is no pixel, however large it is.
    """
    seen = Survey()
    position, in_scan = 0, False
    for _ in range(MAX_SEGMENTS):
        start = blocks.search(_NEXT_MARKER, position, 2)
        if start is None:
            return seen
        if in_scan:
            seen.size += start - position
        marker = blocks.at(start + 1, 1)[0]
        position = start + 2
        if marker == _EOI:
            seen.end = position
            return seen
        if marker not in _WITHOUT_LENGTH:
            _note(seen, marker, blocks.at(position, 32))
            position += int.from_bytes(blocks.at(position, 2), "big")
        in_scan = marker == _SOS
        if seen.scans > at_most:
            return seen
    return seen


def _note(seen: Survey, marker: int, segment: bytes) -> None:
    """Take note of a frame's size and of how its scans are cut."""
    if marker in _FRAMES and len(segment) > 8:
        seen.components = segment[7]
        seen.in_parts = seen.in_parts or marker in _PROGRESSIVE
        seen.coefficients = max(seen.coefficients, _coefficient_bytes(segment))
    elif marker == _SOS and len(segment) > 2:
        seen.scans += 1
        seen.in_parts = seen.in_parts or seen.scans > 1 or segment[2] < seen.components


def _coefficient_bytes(frame: bytes) -> int:
    """Return what all coefficients take: two bytes for each, in whole blocks of 8 by 8."""
    height, width = int.from_bytes(frame[3:5], "big"), int.from_bytes(frame[5:7], "big")
    shares = [(each >> 4 or 1, each & 15 or 1) for each in frame[9 : 8 + 3 * frame[7] : 3]]
    across = max((share[0] for share in shares), default=1)
    down = max((share[1] for share in shares), default=1)
    blocks = sum(
        -(-width * share[0] // (8 * across)) * -(-height * share[1] // (8 * down))
        for share in shares
    )
    return blocks * 64 * 2


def opened(source: BinaryIO) -> Opened:
    """Open a JPEG and decode it, reduced where it is large."""
    picture, end = limited(source)
    width, height = picture.size
    orientation = orientation_of(picture)
    picture.draft(None, fitted(width, height, DRAFT_SIDE))
    picture.load()
    return Opened(Drawn(picture), width, height, end, orientation)


def limited(source: BinaryIO) -> tuple[Image.Image, int]:
    """Return a JPEG that can be decoded without harm, not decoded yet, and where it ends."""
    seen = survey(Blocks(source))
    if seen.end is None or seen.scans > MAX_SCANS:
        raise MaterialUnreadable
    picture = open_limited(source, JpegImagePlugin.JpegImageFile.format, MAX_JPEG_PIXELS)
    width, height = picture.size
    if width * height > MAX_PIXELS_PER_BYTE * seen.size:
        raise PictureTooManyPixels
    if seen.in_parts and seen.coefficients > MAX_COEFFICIENT_BYTES:
        raise PictureTooManyPixels
    return picture, seen.end
