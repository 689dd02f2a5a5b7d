"""A PDF of any size: one page with one picture, as a scanner makes it."""

import os
from uuid import uuid4

_OBJECTS = (
    b"<< /Type /Catalog /Pages 2 0 R >>",
    b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842]"
    b" /Resources << /XObject << /Scan 4 0 R >> >> >>",
)
_PICTURE = (
    b"<< /Type /XObject /Subtype /Image /Width 1000 /Height 1000 /BitsPerComponent 8"
    b" /ColorSpace /DeviceRGB /Filter /DCTDecode /Length %d >>\nstream\n%b\nendstream"
)


def pdf(size: int) -> bytes:
    """Return a PDF of so many bytes at most, nearly all of them random."""
    return opening() + rest(size)


def opening() -> bytes:
    """Return a first part of a PDF, another one at each call."""
    return b"%%PDF-1.7\n%%%b\n" % uuid4().hex.encode()


def rest(size: int) -> bytes:
    """Return what makes any ``opening`` a PDF of ``size`` bytes at most."""
    start = len(opening())
    picture = os.urandom(size - 1000)
    out = bytearray()
    places = []
    for number, content in enumerate((*_OBJECTS, _PICTURE % (len(picture), picture)), start=1):
        places.append(start + len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    table = start + len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(places) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\n" % (len(places) + 1)
    return bytes(out + b"startxref\n%d\n%%%%EOF\n" % table)
