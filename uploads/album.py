"""Photos bound into one PDF, byte for byte the same for the same photos in the same order.

A library would hold every photo in memory and date the file. Here a photo goes through as it is:
a JPEG is a stream of PDF (ISO 32000-1, 7.4.8), and so are the rows of a PNG (7.4.4.4).
"""

from collections.abc import AsyncIterator, Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from services.errors import FileDamaged, MaterialTypeRefused
from services.ports import StoredFile
from uploads.kinds import Kind, allowed_kinds, type_sentence

LONG_SIDE = 842.0
"""In points, as of a sheet of A4: people print what they get."""

_HEAD_BYTES = 64 * 1024
_FRAMES = frozenset({0xC0, 0xC1, 0xC2})
_COLOURS = {1: b"/DeviceGray", 3: b"/DeviceRGB"}
_PNG_COLOURS = {0: 1, 2: 3}
Read = Callable[[str], AsyncIterator[bytes]]


@dataclass(frozen=True)
class _Measures:
    """Of a picture as it lies in its file; ``colours`` counts channels."""

    width: int
    height: int
    colours: int


class PdfAlbum:
    """The adapter behind the port ``Album``; ``read`` yields a stored file."""

    def __init__(self, read: Read) -> None:
        self._read = read

    def check(self, mime: str, formats: Collection[str]) -> None:
        allowed = allowed_kinds(formats)
        if mime not in {kind.value for kind in allowed}:
            raise MaterialTypeRefused(type_sentence(allowed))

    async def bind(self, photos: Sequence[StoredFile]) -> AsyncIterator[bytes]:
        """Yield a PDF with a photo to a page. Raises what ``read`` raises."""
        written = _Written()
        yield written.raw(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
        pages = [3 + 3 * number for number in range(len(photos))]
        yield written.thing(1, b"<</Type/Catalog/Pages 2 0 R>>")
        kids = b" ".join(b"%d 0 R" % page for page in pages)
        yield written.thing(2, b"<</Type/Pages/Count %d/Kids[%b]>>" % (len(pages), kids))
        for page, photo in zip(pages, photos, strict=True):
            drawn = self._jpeg if photo.mime == Kind.JPEG else self._png
            async for piece in drawn(written, page, photo):
                yield piece
        yield written.end()

    async def _jpeg(
        self, written: "_Written", page: int, photo: StoredFile
    ) -> AsyncIterator[bytes]:
        chunks = self._read(photo.key)
        head = b""
        while (measures := _jpeg_measures(head)) is None:
            chunk = await anext(chunks, None)
            if chunk is None or len(head) > _HEAD_BYTES:
                raise FileDamaged
            head += chunk
        for thing in _page(written, page, measures):
            yield thing
        yield written.begin(page + 2, _picture(measures, photo.size, b"/DCTDecode", b""))
        yield written.raw(head)
        async for chunk in chunks:
            yield written.raw(chunk)
        yield written.raw(b"\nendstream endobj\n")

    async def _png(self, written: "_Written", page: int, photo: StoredFile) -> AsyncIterator[bytes]:
        # Only small pictures stay PNG as working copies: their rows are 6 MB at most.
        whole = b"".join([chunk async for chunk in self._read(photo.key)])
        measures, rows = _png_rows(whole)
        for thing in _page(written, page, measures):
            yield thing
        # Each row begins with how it was predicted from the one above, and PDF knows that.
        hints = b"/DecodeParms<</Predictor 15/Colors %d/Columns %d>>" % (
            measures.colours,
            measures.width,
        )
        yield written.begin(page + 2, _picture(measures, len(rows), b"/FlateDecode", hints))
        yield written.raw(rows)
        yield written.raw(b"\nendstream endobj\n")


class _Written:
    """How much was written, and where each object began."""

    def __init__(self) -> None:
        self._size = 0
        self._places: dict[int, int] = {}

    def raw(self, piece: bytes) -> bytes:
        self._size += len(piece)
        return piece

    def thing(self, number: int, content: bytes) -> bytes:
        self._places[number] = self._size
        return self.raw(b"%d 0 obj%b endobj\n" % (number, content))

    def begin(self, number: int, dictionary: bytes) -> bytes:
        """Begin an object that is a stream."""
        self._places[number] = self._size
        return self.raw(b"%d 0 obj%bstream\n" % (number, dictionary))

    def end(self) -> bytes:
        """Return the table of places and what follows it."""
        count = len(self._places) + 1
        places = b"".join(b"%010d 00000 n \n" % self._places[number] for number in range(1, count))
        return (
            b"xref\n0 %d\n0000000000 65535 f \n%btrailer<</Size %d/Root 1 0 R>>\n"
            b"startxref\n%d\n%%%%EOF\n" % (count, places, count, self._size)
        )


def _page(written: _Written, page: int, measures: _Measures) -> Iterator[bytes]:
    scale = LONG_SIDE / max(measures.width, measures.height)
    across, down = f"{measures.width * scale:.2f}", f"{measures.height * scale:.2f}"
    yield written.thing(
        page,
        f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 {across} {down}]/Contents {page + 1} 0 R"
        f"/Resources<</XObject<</P {page + 2} 0 R>>>>>>".encode(),
    )
    drawing = f"{across} 0 0 {down} 0 0 cm /P Do".encode()
    yield written.begin(page + 1, b"<</Length %d>>" % len(drawing))
    yield written.raw(drawing + b"\nendstream endobj\n")


def _picture(measures: _Measures, length: int, packed: bytes, hints: bytes) -> bytes:
    return (
        b"<</Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace%b/BitsPerComponent 8"
        b"/Filter%b%b/Length %d>>"
        % (measures.width, measures.height, _COLOURS[measures.colours], packed, hints, length)
    )


def _jpeg_measures(head: bytes) -> _Measures | None:
    """Return what the frame of a JPEG says, None when it has not come yet."""
    position = 2
    while position + 10 <= len(head):
        marker, size = head[position + 1], int.from_bytes(head[position + 2 : position + 4], "big")
        if marker in _FRAMES:
            height = int.from_bytes(head[position + 5 : position + 7], "big")
            width = int.from_bytes(head[position + 7 : position + 9], "big")
            return _Measures(width, height, head[position + 9])
        position += 2 + size
    return None


def _png_rows(whole: bytes) -> tuple[_Measures, bytes]:
    """Return a PNG's measures and its packed rows; ours are grey or RGB and not interlaced."""
    width, height = int.from_bytes(whole[16:20], "big"), int.from_bytes(whole[20:24], "big")
    if whole[24] != 8 or whole[25] not in _PNG_COLOURS or whole[28]:
        raise FileDamaged
    position, rows = 8, []
    while position < len(whole):
        size = int.from_bytes(whole[position : position + 4], "big")
        if whole[position + 4 : position + 8] == b"IDAT":
            rows.append(whole[position + 8 : position + 8 + size])
        position += 12 + size
    return _Measures(width, height, _PNG_COLOURS[whole[25]]), b"".join(rows)
