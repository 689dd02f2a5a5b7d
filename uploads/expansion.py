"""How much the streams of a PDF grow when they are unpacked, told without keeping any of it."""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from pypdf import PageObject
from pypdf.filters import decode_stream_data
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject, StreamObject

from services.errors import MaterialUnreadable
from uploads.refusals import PdfTooHeavy

MAX_STREAM_BYTES = 64 * 1024 * 1024
"""Of one stream or of what one page draws; pages of large maps have 10 MB."""
MAX_TOTAL_BYTES = 256 * 1024 * 1024
MAX_IMAGE_PIXELS = 120_000_000
MAX_SIDE_POINTS = 20_000.0
"""ISO 32000 names 14,400 as what readers can show: 5 metres."""

_PIECE = 256 * 1024
_FLATE = ("/FlateDecode", "/Fl")
# Their output has the size that the picture declares, and readers unpack it row by row.
_PICTURE_FILTERS = frozenset(
    {"/DCTDecode", "/DCT", "/JPXDecode", "/JBIG2Decode", "/CCITTFaxDecode", "/CCF"}
)


def at(dictionary: DictionaryObject, key: str) -> Any:
    """Return the value itself even where the file says it by reference, None when absent."""
    # The dictionary's own get would return the reference, and hide a script behind it.
    try:
        return dictionary[key]
    except KeyError:
        return None


@dataclass
class Scales:
    """Weighs streams, each once; ``total`` is what all of them unpack to, in bytes."""

    total: int = 0
    weighed: dict[int, int] = field(default_factory=dict)

    def check(self, number: int | None, stream: StreamObject) -> None:
        """Weigh a stream that stands in the file; pictures are told by their measures."""
        if at(stream, "/Subtype") == "/Image":
            check_measures(stream)
        else:
            self.weigh(number, stream)

    def check_page(self, page: PageObject) -> None:
        """Check a page's size, and what all its contents together unpack to."""
        box = page.mediabox
        unit = float(at(page, "/UserUnit") or 1)
        if max(abs(float(box.width)), abs(float(box.height))) * unit > MAX_SIDE_POINTS:
            raise PdfTooHeavy
        drawn = 0
        for number, stream in _contents(page):
            drawn += self.weigh(number, stream)
            if drawn > MAX_STREAM_BYTES:
                raise PdfTooHeavy

    def weigh(self, number: int | None, stream: StreamObject) -> int:
        """Return how many bytes a stream unpacks to; raise ``PdfTooHeavy`` above the limits."""
        if number is not None and number in self.weighed:
            return self.weighed[number]
        size = unpacked_size(stream)
        self.total += size
        if self.total > MAX_TOTAL_BYTES:
            raise PdfTooHeavy
        if number is not None:
            self.weighed[number] = size
        return size


def check_measures(picture: StreamObject) -> None:
    width, height = at(picture, "/Width"), at(picture, "/Height")
    if not isinstance(width, int) or not isinstance(height, int) or min(width, height) < 1:
        raise MaterialUnreadable
    if width * height > MAX_IMAGE_PIXELS:
        raise PdfTooHeavy


def unpacked_size(stream: StreamObject) -> int:
    """Return how many bytes a stream unpacks to; raise when that is more than a reader can bear."""
    filters = _filters(stream)
    if len(filters) == 1 and filters[0] in _FLATE:
        return _inflated_size(stream._data)
    if not filters or _PICTURE_FILTERS & set(filters):
        return len(stream._data)
    # Limited by the configuration that the reader was given.
    return len(decode_stream_data(stream))


def _filters(stream: StreamObject) -> list[str]:
    named = at(stream, "/Filter") or []
    return [str(each.get_object()) for each in (named if isinstance(named, list) else [named])]


def _inflated_size(data: bytes) -> int:
    """Count what a deflated stream gives; where it is damaged readers stop, and so does this."""
    inflating, size = zlib.decompressobj(), 0
    try:
        while data and not inflating.eof:
            size += len(inflating.decompress(data, _PIECE))
            data = inflating.unconsumed_tail
            if size > MAX_STREAM_BYTES:
                raise PdfTooHeavy
    except zlib.error:
        return size
    return size


def _contents(page: PageObject) -> Iterable[tuple[int | None, StreamObject]]:
    """Yield the streams of a page's contents, with the numbers of their objects."""
    try:
        raw = page.raw_get("/Contents")
    except KeyError:
        return
    whole = raw.get_object()
    for each in whole if isinstance(whole, ArrayObject) else [raw]:
        found = each.get_object()
        if isinstance(found, StreamObject):
            yield each.idnum if isinstance(each, IndirectObject) else None, found
