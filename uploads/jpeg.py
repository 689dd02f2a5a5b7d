"""The markers of a JPEG, read without decoding anything (ITU-T T.81, annex B)."""

import re
from dataclasses import dataclass
from mmap import mmap

_SOS, _EOI = 0xDA, 0xD9
# FF00 is a stuffed byte, FFD0 to FFD7 are restarts inside a scan, FFFF is padding.
_NEXT_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd7\xff]", re.DOTALL)
_WITHOUT_LENGTH = frozenset({0xD8, _EOI})


@dataclass(frozen=True)
class Scans:
    """How many scans a JPEG has, and how many bytes of pixels are in them."""

    number: int
    size: int


def survey(data: bytes | mmap, at_most: int) -> Scans:
    """Look at the scans before the end marker; looking stops above ``at_most`` of them.

    A progressive JPEG of 400 KB can hold 5,000 scans, and each costs a pass over the picture.
    What stands in headers or behind the end is no pixel, however large it is.
    """
    number = size = position = 0
    in_scan = False
    while number <= at_most and (match := _NEXT_MARKER.search(data, position)):
        if in_scan:
            size += match.start() - position
        position = match.end()
        marker = data[position - 1]
        if marker == _EOI:
            break
        in_scan = marker == _SOS
        number += in_scan
        if marker not in _WITHOUT_LENGTH:
            position += int.from_bytes(data[position : position + 2], "big")
    return Scans(number, size)
