"""The markers of a JPEG, read without decoding anything (ITU-T T.81, annex B)."""

import re
from mmap import mmap

_SOS, _EOI = 0xDA, 0xD9
# FF00 is a stuffed byte, FFD0 to FFD7 are restarts inside a scan, FFFF is padding.
_NEXT_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd7\xff]", re.DOTALL)
_WITHOUT_LENGTH = frozenset({0xD8, _EOI})


def count_scans(data: bytes | mmap, at_most: int) -> int:
    """Return how many scans there are before the end marker; counting stops above ``at_most``.

    A progressive JPEG of 400 KB can hold 5,000 scans, and each costs a pass over the picture.
    """
    scans = 0
    position = 0
    while scans <= at_most and (match := _NEXT_MARKER.search(data, position)):
        position = match.end()
        marker = data[position - 1]
        if marker == _EOI:
            break
        if marker == _SOS:
            scans += 1
        if marker not in _WITHOUT_LENGTH:
            position += int.from_bytes(data[position : position + 2], "big")
    return scans
