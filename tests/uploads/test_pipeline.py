"""Uploads as a use-case sees them: a stored material, or a refusal that leaves nothing."""

import asyncio
import hashlib
import io
import resource
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from PIL import Image

from services.errors import (
    MaterialTypeRefused,
    MaterialUnreadable,
    Problem,
    TooLarge,
    Unavailable,
)
from services.ports import MaterialFiles, StoredFile, TakenIn
from services.ports.files import Scan
from tests.uploads import drawing
from tests.uploads.drawing import chunked, tree
from tests.uploads.register import MemoryRegister
from uploads.intake import Pace
from uploads.multipart import one_file
from uploads.pipeline import LocalMaterialFiles
from uploads.refusals import (
    FileInFile,
    MaterialEmpty,
    MultipartBroken,
    PdfActive,
    PdfEncrypted,
    PictureTooManyPixels,
    UploadTooSlow,
)

ANY = ("jpg", "png", "pdf")
LIMIT = 20 * 1024 * 1024


@pytest.fixture
def register() -> MemoryRegister:
    return MemoryRegister()


@pytest.fixture
async def files(tmp_path: Path, register: MemoryRegister) -> AsyncIterator[LocalMaterialFiles]:
    made = LocalMaterialFiles.under(tmp_path, register, reserve_bytes=0)
    yield made
    await made.close()


@pytest.fixture(scope="module")
def photo() -> bytes:
    """A photo of 12 megapixels, long enough in the making for somebody to interrupt it."""
    return drawing.jpeg((4000, 3000))


async def take(
    files: MaterialFiles, data: bytes, formats: tuple[str, ...] = ANY, limit: int = LIMIT
) -> TakenIn:
    return await files.take_in(chunked(data), max_bytes=limit, formats=formats)


async def content(files: MaterialFiles, file: StoredFile) -> bytes:
    """Read a file back and check what was said of it."""
    data = b"".join([chunk async for chunk in files.read(file.key)])
    assert (len(data), hashlib.sha256(data).hexdigest()) == (file.size, file.sha256)
    return data


def lying(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield every file that is there now, by name, and its bytes."""
    for path in folder.rglob("*"):
        # What was being worked on may be gone in this moment.
        with suppress(FileNotFoundError):
            if path.is_file() and (there := path.read_bytes()):
                yield path.name, there


@pytest.mark.parametrize(
    ("data", "mime"),
    [
        (drawing.jpeg((800, 600)), "image/jpeg"),
        (drawing.png((800, 600)), "image/png"),
        (drawing.saved(drawing.document((800, 600)), "WEBP"), "image/webp"),
        (drawing.heic((800, 600)), "image/heic"),
    ],
)
async def test_a_picture(
    files: LocalMaterialFiles, register: MemoryRegister, tmp_path: Path, data: bytes, mime: str
) -> None:
    taken = await take(files, data)
    assert (taken.pages, taken.width, taken.height) == (1, 800, 600)
    assert taken.original.mime == mime
    assert await content(files, taken.original) == data
    with Image.open(io.BytesIO(await content(files, taken.working))) as picture:
        assert picture.get_format_mimetype() == taken.working.mime
    assert taken.thumbnail is not None
    assert taken.thumbnail.mime == "image/jpeg"
    with Image.open(io.BytesIO(await content(files, taken.thumbnail))) as picture:
        assert picture.size == (480, 360)
    keys = {taken.original.key, taken.working.key, taken.thumbnail.key}
    assert set(register.files) == keys
    assert tree(tmp_path) == sorted(each.place for each in register.files.values())
    # What we made ourselves nobody has to look through.
    made = {key for key, each in register.files.items() if each.scan is Scan.MADE}
    assert made == keys - {taken.original.key}


async def test_a_pdf_is_its_own_working_copy(files: LocalMaterialFiles, tmp_path: Path) -> None:
    data = drawing.pdf(3)
    taken = await take(files, data)
    assert taken.original == taken.working
    assert (taken.pages, taken.width, taken.height, taken.thumbnail) == (3, None, None, None)
    assert await content(files, taken.original) == data
    assert len(tree(tmp_path)) == 1


async def test_an_ofd_is_its_own_working_copy(files: LocalMaterialFiles) -> None:
    data = drawing.ofd(2)
    taken = await take(files, data)
    assert taken.original == taken.working
    assert (taken.pages, taken.thumbnail, taken.original.mime) == (2, None, "application/ofd")
    assert await content(files, taken.original) == data


async def test_the_original_stays_evidence_and_the_copies_know_nothing(
    files: LocalMaterialFiles,
) -> None:
    data = drawing.talkative("JPEG")
    taken = await take(files, data)
    canary = drawing.CANARY.encode()
    assert canary in await content(files, taken.original)
    assert canary not in await content(files, taken.working)
    assert taken.thumbnail is not None
    assert canary not in await content(files, taken.thumbnail)


async def test_a_photo_of_48_megapixels_is_taken_reduced(files: LocalMaterialFiles) -> None:
    taken = await take(files, drawing.jpeg((8000, 6000)))
    assert (taken.width, taken.height) == (8000, 6000)
    with Image.open(io.BytesIO(await content(files, taken.working))) as picture:
        assert max(picture.size) == 4000


GIF = drawing.saved(drawing.document(), "GIF")
REFUSED: dict[str, tuple[bytes, tuple[str, ...], int, type[Problem]]] = {
    "0 bytes": (b"", ANY, LIMIT, MaterialEmpty),
    "over the limit": (drawing.jpeg(), ANY, 1000, TooLarge),
    "gif": (GIF, ANY, LIMIT, MaterialTypeRefused),
    "html": (b"<html><script>alert(1)</script>", ANY, LIMIT, MaterialTypeRefused),
    "png where a pdf is asked for": (drawing.png(), ("pdf",), LIMIT, MaterialTypeRefused),
    "no format is taken": (drawing.png(), (), LIMIT, MaterialTypeRefused),
    "a lie in the first bytes": (b"\xff\xd8\xff" + GIF, ANY, LIMIT, MaterialUnreadable),
    "a picture that says PDF": (b"%PDF-1.7\n" + drawing.png(), ANY, LIMIT, MaterialUnreadable),
    "half a photo": (drawing.jpeg()[:2000], ANY, LIMIT, MaterialUnreadable),
    "scan bomb": (drawing.scan_bomb(200), ANY, LIMIT, MaterialUnreadable),
    "huge canvas": (drawing.huge_canvas(6300, 6300), ANY, LIMIT, PictureTooManyPixels),
    "200 MP": (
        drawing.saved(Image.new("L", (20_000, 10_000)), "JPEG"),
        ANY,
        LIMIT,
        PictureTooManyPixels,
    ),
    "a page behind a photo": (
        drawing.jpeg() + b"<html><script>alert(1)</script></html>",
        ANY,
        LIMIT,
        FileInFile,
    ),
    "another package": (
        drawing.zipped({"word/document.xml": b"<w/>"}),
        ANY,
        LIMIT,
        MaterialTypeRefused,
    ),
    "locked pdf": (drawing.pdf(1, lambda w: w.encrypt("a")), ANY, LIMIT, PdfEncrypted),
    "pdf with a program": (
        drawing.packed_pdf(b"", b"<</S/Launch/F(cmd.exe)>>"),
        ANY,
        LIMIT,
        PdfActive,
    ),
}


@pytest.mark.parametrize(
    ("data", "formats", "limit", "refusal"), REFUSED.values(), ids=REFUSED.keys()
)
async def test_of_what_is_refused_nothing_is_kept(
    files: LocalMaterialFiles,
    tmp_path: Path,
    *,
    data: bytes,
    formats: tuple[str, ...],
    limit: int,
    refusal: type[Problem],
) -> None:
    with pytest.raises(refusal) as refused:
        await take(files, data, formats, limit)
    assert refused.value.text.endswith("。")
    assert tree(tmp_path) == []
    assert list((tmp_path / "tmp").iterdir()) == []


async def test_what_a_phone_puts_behind_a_photo_is_not_in_the_copy(
    files: LocalMaterialFiles,
) -> None:
    note = b'vivo{"note":"' + drawing.CANARY.encode() + b'"}'
    taken = await take(files, drawing.jpeg() + note)
    assert drawing.CANARY.encode() in await content(files, taken.original)
    assert drawing.CANARY.encode() not in await content(files, taken.working)


async def test_no_byte_of_a_material_lies_open_while_it_is_taken_in(
    files: LocalMaterialFiles, tmp_path: Path
) -> None:
    data = drawing.talkative("JPEG")
    head, canary = data[:64], drawing.CANARY.encode()
    seen: set[str] = set()
    done = asyncio.create_task(take(files, data + bytes(500_000)))
    while not done.done():
        for name, there in lying(tmp_path):
            seen.add(name)
            assert canary not in there and head not in there, name
            assert not there.startswith((b"\xff\xd8", b"\x89PNG")), name
        await asyncio.sleep(0)
    assert (await done).pages == 1
    assert "original" in seen


async def test_identical_uploads_at_once_are_one_file(
    files: LocalMaterialFiles, register: MemoryRegister, tmp_path: Path
) -> None:
    data = drawing.jpeg()
    first, second = await asyncio.gather(take(files, data), take(files, data))
    assert first == second
    # Each is in the register once; what the slower one wrote, the sweep takes.
    assert len(register.files) == 3
    assert {each.place for each in register.files.values()} <= set(tree(tmp_path))
    assert await content(files, first.original) == data


async def test_a_slow_upload_leaves_nothing(tmp_path: Path) -> None:
    pace = Pace(deadline_seconds=0.05)
    files = LocalMaterialFiles.under(tmp_path, MemoryRegister(), pace=pace, reserve_bytes=0)

    async def stalled() -> AsyncIterator[bytes]:
        yield drawing.jpeg()
        await asyncio.sleep(60)

    with pytest.raises(UploadTooSlow):
        await files.take_in(stalled(), max_bytes=LIMIT, formats=ANY)
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.parametrize("delay", [0, 0.005, 0.05, 0.2])
async def test_a_client_that_vanishes_leaves_nothing_half(
    files: LocalMaterialFiles, register: MemoryRegister, tmp_path: Path, delay: float, photo: bytes
) -> None:

    async def slowly() -> AsyncIterator[bytes]:
        async for chunk in chunked(photo, 32 * 1024):
            yield chunk
            await asyncio.sleep(0.002)

    task = asyncio.create_task(files.take_in(slowly(), max_bytes=LIMIT, formats=ANY))
    await asyncio.sleep(delay)
    task.cancel()
    # On a quick machine the last delay is longer than the upload.
    [end] = await asyncio.gather(task, return_exceptions=True)
    assert isinstance(end, asyncio.CancelledError | TakenIn)
    # What was being put in place at that very moment is put in place whole.
    assert len(tree(tmp_path)) <= 3
    for kept in list(register.files.values()):
        await files.store.check(kept)
    assert list((tmp_path / "tmp").iterdir()) == []
    assert (await take(files, photo)).width == 4000


async def test_a_full_disk_is_said_before_anything_is_read(tmp_path: Path) -> None:
    files = LocalMaterialFiles.under(tmp_path, MemoryRegister(), reserve_bytes=1 << 60)

    async def never() -> AsyncIterator[bytes]:
        raise AssertionError("was read")
        yield b""

    with pytest.raises(Unavailable):
        await files.take_in(never(), max_bytes=LIMIT, formats=ANY)
    assert tree(tmp_path) == []


async def test_a_form_cut_off_after_the_file_is_no_material(
    files: LocalMaterialFiles, tmp_path: Path
) -> None:
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.exe"\r\n\r\n'
    whole = head + drawing.jpeg() + b"\r\n--b--\r\n"

    async def upload(body: bytes) -> TakenIn:
        async with one_file(chunked(body), "multipart/form-data; boundary=b") as part:
            return await files.take_in(part.chunks, max_bytes=LIMIT, formats=ANY)

    with pytest.raises(MultipartBroken):
        await upload(whole[:-4])
    assert tree(tmp_path) == []
    assert (await upload(whole)).original.size == len(drawing.jpeg())


async def test_a_result_is_kept_as_it_is(files: LocalMaterialFiles, tmp_path: Path) -> None:
    data = drawing.pdf(2, lambda w: w.encrypt("", "owner"))
    kept = await files.keep(chunked(data), max_bytes=LIMIT, mime="application/pdf")
    assert kept.mime == "application/pdf"
    assert await content(files, kept) == data
    assert len(tree(tmp_path)) == 1


@pytest.mark.parametrize(
    ("make", "limit", "mime", "refusal"),
    [
        (drawing.jpeg, LIMIT, "application/pdf", MaterialTypeRefused),
        (drawing.pdf, LIMIT, "text/html", MaterialTypeRefused),
        (drawing.pdf, 100, "application/pdf", TooLarge),
        (bytes, LIMIT, "application/pdf", MaterialEmpty),
    ],
)
async def test_a_wrong_result_is_not_kept(
    files: LocalMaterialFiles,
    tmp_path: Path,
    *,
    make: Callable[[], bytes],
    limit: int,
    mime: str,
    refusal: type[Problem],
) -> None:
    with pytest.raises(refusal):
        await files.keep(chunked(make()), max_bytes=limit, mime=mime)
    assert tree(tmp_path) == []
    assert list((tmp_path / "tmp").iterdir()) == []


async def test_the_loops_own_work_is_small(files: LocalMaterialFiles, photo: bytes) -> None:
    # Time on the processor, not on the wall: other load on the machine does not count.
    before = time.thread_time()
    await take(files, photo)
    assert time.thread_time() - before < 0.1
    await files.close()
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert children.ru_utime + children.ru_stime > 0.1
