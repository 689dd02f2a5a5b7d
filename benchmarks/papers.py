"""A PDF of any size: pages with a picture of 4 MB each, as a scanner makes them."""

import os
from collections.abc import Iterator
from uuid import uuid4

PAGE_BYTES = 4 * 1024 * 1024
_CATALOG = b"<< /Type /Catalog /Pages 2 0 R >>"
_PAGES = b"<< /Type /Pages /Kids [%b] /Count %d >>"
_PAGE = (
    b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842]"
    b" /Resources << /XObject << /Scan %d 0 R >> >> >>"
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
    out = bytearray()
    places = []
    for number, content in enumerate(_objects(size), start=1):
        places.append(start + len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    table = start + len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(places) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\n" % (len(places) + 1)
    return bytes(out + b"startxref\n%d\n%%%%EOF\n" % table)


def _objects(size: int) -> Iterator[bytes]:
    pages = -(-size // PAGE_BYTES)
    yield _CATALOG
    kids = b" ".join(b"%d 0 R" % number for number in range(3, 3 + 2 * pages, 2))
    yield _PAGES % (kids, pages)
    for page in range(pages):
        picture = os.urandom(size // pages - 1000)
        yield _PAGE % (4 + 2 * page)
        yield _PICTURE % (len(picture), picture)
