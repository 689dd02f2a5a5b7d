"""Photos become one document: the same photos give the same bytes, and each is still itself."""

import hashlib
import io
from collections.abc import AsyncIterator

import pypdfium2
import pytest
from PIL import Image, ImageChops

from services.errors import MaterialTypeRefused
from services.ports import StoredFile
from tests.uploads import drawing
from tests.uploads.drawing import chunked
from uploads import pdf
from uploads.album import LONG_SIDE, PdfAlbum


def shelf(*photos: bytes) -> tuple[PdfAlbum, list[StoredFile]]:
    kept = {hashlib.sha256(photo).hexdigest(): photo for photo in photos}

    def read(key: str) -> AsyncIterator[bytes]:
        return chunked(kept[key], 1000)

    files = []
    for photo in photos:
        digest = hashlib.sha256(photo).hexdigest()
        mime = "image/png" if photo.startswith(b"\x89PNG") else "image/jpeg"
        files.append(StoredFile(digest, digest, len(photo), mime))
    return PdfAlbum(read), files


async def bound(*photos: bytes) -> bytes:
    album, files = shelf(*photos)
    return b"".join([piece async for piece in album.bind(files)])


PHOTOS = (
    drawing.jpeg((800, 600)),
    drawing.saved(drawing.document((300, 900), "L"), "JPEG"),
    drawing.png((640, 480)),
    drawing.png((200, 100), "L"),
)


async def test_a_page_shows_its_photo_and_is_as_long_as_a_sheet() -> None:
    made = await bound(*PHOTOS)
    assert pdf.check(io.BytesIO(made)) == len(PHOTOS)
    document = pypdfium2.PdfDocument(made)
    for page, photo in zip(document, PHOTOS, strict=True):
        with Image.open(io.BytesIO(photo)) as original:
            assert max(page.get_size()) == pytest.approx(LONG_SIDE, abs=0.01)
            scale = max(original.size) / LONG_SIDE
            drawn = page.render(scale=scale).to_pil().convert("L").resize(original.size)
            apart = ImageChops.difference(drawn, original.convert("L"))
            assert sum(apart.histogram()[40:]) < 0.03 * original.width * original.height
    document.close()


async def test_the_same_photos_are_the_same_file_and_another_order_is_another() -> None:
    first, again = await bound(*PHOTOS), await bound(*PHOTOS)
    assert first == again
    assert await bound(*reversed(PHOTOS)) != first
    # Each photo is in it as it was.
    assert PHOTOS[0] in first and PHOTOS[1] in first


async def test_a_kind_goes_where_the_slot_takes_it() -> None:
    album, _ = shelf()
    album.check("image/heic", ["jpg"])
    album.check("application/ofd", ["pdf"])
    for mime, formats in (("image/jpeg", ["pdf"]), ("application/pdf", ["jpg", "png"])):
        with pytest.raises(MaterialTypeRefused):
            album.check(mime, formats)
