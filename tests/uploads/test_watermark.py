"""Watermarks: seen and seen through, made in a child, the same each time, never on the original."""

import hashlib
import io
from collections.abc import AsyncIterator
from pathlib import Path

import pypdfium2
import pytest
from PIL import Image, ImageChops, ImageStat
from pypdf import PdfReader, PdfWriter

from services.errors import MaterialUnreadable
from services.ports import StoredFile
from tests import make
from tests.uploads.register import MemoryRegister
from uploads import watermark
from uploads.pipeline import LocalMaterialFiles
from uploads.pool import Places
from uploads.stamping import LIMITS, Stamper
from uploads.workers import ChildLimits

TEXT = "仅供办理居住证补领、换领事项使用"
JPEG, PDF, PNG = "image/jpeg", "application/pdf", "image/png"


def stamped(data: bytes, mime: str, text: str = TEXT) -> bytes:
    target = io.BytesIO()
    watermark.stamp(io.BytesIO(data), target, mime, text)
    return target.getvalue()


def png(mode: str = "RGB", size: tuple[int, int] = (640, 400)) -> bytes:
    stream = io.BytesIO()
    Image.new(mode, size, 255 if mode == "L" else (250, 250, 250)).save(stream, "PNG")
    return stream.getvalue()


def drawn(data: bytes, page: int = 0) -> Image.Image:
    """Return a page of a PDF as it is seen."""
    document = pypdfium2.PdfDocument(data)
    try:
        seen: Image.Image = document[page].render(scale=1).to_pil()
        return seen.convert("L")
    finally:
        document.close()


def darkest(picture: Image.Image) -> int:
    return next(grey for grey, count in enumerate(picture.histogram()) if count)


def brightest(picture: Image.Image) -> int:
    return 255 - darkest(ImageChops.invert(picture))


@pytest.mark.parametrize("size", [(1600, 1200), (600, 2400), (400, 300), (4000, 3000)])
def test_a_picture_carries_the_text_everywhere_and_can_be_read(size: tuple[int, int]) -> None:
    plain = Image.open(io.BytesIO(make.jpeg("paper", size))).convert("L")
    seen = Image.open(io.BytesIO(stamped(make.jpeg("paper", size), JPEG))).convert("L")
    assert seen.size == size
    changed = ImageChops.difference(plain, seen)
    # Each third of each side has some of it: nothing can be cut out without.
    wide, high = size[0] // 2, size[1] // 2
    for left in (0, size[0] - wide):
        for top in (0, size[1] - high):
            part = changed.crop((left, top, left + wide, top + high))
            assert brightest(part) > 12, (left, top)
    # Paper stays light and print dark.
    assert ImageStat.Stat(seen).mean[0] > ImageStat.Stat(plain).mean[0] - 12
    assert darkest(seen) < 90


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_png_stays_one_in_its_colours(mode: str) -> None:
    made = Image.open(io.BytesIO(stamped(png(mode), PNG)))
    assert (made.format, made.mode) == ("PNG", mode)
    assert darkest(made.convert("L")) < 245


def test_it_has_no_metadata_and_is_the_same_each_time() -> None:
    for data, mime in ((make.jpeg("a"), JPEG), (png(), PNG), (make.pdf("a", 3), PDF)):
        assert stamped(data, mime) == stamped(data, mime)
        assert stamped(data, mime) != stamped(data, mime, "仅供办理政务服务事项使用")
    made = Image.open(io.BytesIO(stamped(make.jpeg("a"), JPEG)))
    assert not made.getexif() and "comment" not in made.info


def test_every_page_of_a_document_carries_it() -> None:
    plain, seen = make.pdf("paper", 3), stamped(make.pdf("paper", 3), PDF)
    assert len(PdfReader(io.BytesIO(seen)).pages) == 3
    for page in range(3):
        changed = ImageChops.difference(drawn(plain, page), drawn(seen, page))
        assert brightest(changed) > 20
        assert ImageStat.Stat(drawn(seen, page)).mean[0] > 225
    # One picture for all pages of a shape, not one for each.
    assert len(seen) < 3 * len(plain)


@pytest.mark.parametrize("turned", [0, 90, 180, 270])
def test_the_text_of_a_turned_page_reads_as_the_page_does(turned: int) -> None:
    writer = PdfWriter()
    writer.add_blank_page(600, 400).rotate(turned)
    stream = io.BytesIO()
    writer.write(stream)
    seen = drawn(stamped(stream.getvalue(), PDF))
    upright = (400, 600) if turned in (90, 270) else (600, 400)
    assert seen.size == upright
    over = watermark.mask((upright[0] * 3 // 2, upright[1] * 3 // 2), TEXT).resize(upright)
    darkened = ImageChops.invert(seen)
    straight = ImageStat.Stat(ImageChops.multiply(darkened, over)).mean[0]
    upside = ImageStat.Stat(ImageChops.multiply(darkened, over.rotate(180))).mean[0]
    assert straight > 2 * upside


def test_a_page_that_begins_elsewhere_and_a_huge_one() -> None:
    writer = PdfWriter()
    page = writer.add_blank_page(300, 300)
    page.mediabox.lower_left, page.mediabox.upper_right = (-500, -500), (-200, -200)
    stream = io.BytesIO()
    writer.write(stream)
    assert darkest(drawn(stamped(stream.getvalue(), PDF))) < 250
    huge = PdfWriter()
    huge.add_blank_page(14_400, 14_400)
    stream = io.BytesIO()
    huge.write(stream)
    with pytest.raises(MaterialUnreadable):
        stamped(stream.getvalue(), PDF)


@pytest.fixture
async def files(tmp_path: Path) -> AsyncIterator[LocalMaterialFiles]:
    opened = LocalMaterialFiles.under(tmp_path, MemoryRegister())
    yield opened
    await opened.close()


@pytest.fixture
async def stamper(files: LocalMaterialFiles) -> AsyncIterator[Stamper]:
    opened = Stamper(files.store)
    yield opened
    await opened.close()


async def whole(files: LocalMaterialFiles, key: str) -> bytes:
    return b"".join([chunk async for chunk in files.read(key)])


async def working(files: LocalMaterialFiles, data: bytes) -> StoredFile:
    taken = await files.take_in(make.chunked(data), max_bytes=1 << 24, formats=["jpg", "pdf"])
    return taken.working


async def test_a_child_makes_the_copy_once(files: LocalMaterialFiles, stamper: Stamper) -> None:
    for data in (make.jpeg("paper", (1200, 900)), make.pdf("paper", 2)):
        source = await working(files, data)
        made = await stamper.stamped(source, TEXT)
        content = await whole(files, made.key)
        assert made.key == made.sha256 == hashlib.sha256(content).hexdigest()
        assert (made.size, made.mime) == (len(content), source.mime)
        assert made.key != source.key
        # The original is what it was.
        assert hashlib.sha256(await whole(files, source.key)).hexdigest() == source.key
        assert await stamper.stamped(source, TEXT) == made
        assert (await stamper.stamped(source, "another")).key != made.key


async def test_two_processes_make_the_same_copy(files: LocalMaterialFiles) -> None:
    source = await working(files, make.pdf("paper"))
    made = []
    for _ in range(2):
        stamper = Stamper(files.store)
        made.append(await stamper.stamped(source, TEXT))
        await stamper.close()
    assert made[0] == made[1]


async def test_what_cannot_be_drawn_on_comes_back(stamper: Stamper) -> None:
    ofd = StoredFile("0" * 64, "0" * 64, 10, "application/ofd")
    assert await stamper.stamped(ofd, TEXT) == ofd


async def test_a_file_that_is_not_what_it_says_ends_in_a_refusal(
    files: LocalMaterialFiles, stamper: Stamper
) -> None:
    source = await working(files, make.jpeg("paper"))
    lied = StoredFile(source.key, source.sha256, source.size, PDF)
    with pytest.raises(MaterialUnreadable):
        await stamper.stamped(lied, TEXT)
    assert (await stamper.stamped(source, TEXT)).mime == JPEG


async def test_a_child_that_runs_out_of_memory_ends_nothing_else(
    files: LocalMaterialFiles,
) -> None:
    small = ChildLimits(memory_bytes=LIMITS.memory_bytes // 4, cpu_seconds=5.0)
    stamper = Stamper(files.store, small, Places(at_once=1, queue_seconds=10.0))
    source = await working(files, make.jpeg("paper", (4000, 3000)))
    with pytest.raises(MaterialUnreadable):
        await stamper.stamped(source, TEXT)
    await stamper.close()
    assert await whole(files, source.key)
