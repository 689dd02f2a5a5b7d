"""The children that read: limits, deaths, turns, what they may not do."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from fpdf import FPDF
from PIL import Image

from services.errors import MaterialUnreadable
from services.ports.reading import ReaderDown, Sheet
from tests.reading import cards
from tests.reading.canvas import Canvas
from tests.reading.people import ZHOU
from tests.reading.photos import pdf, scanned
from tests.reading.readings import sheet
from tests.uploads import drawing
from uploads.pool import Places
from uploads.reading.child import NotHere, refuse_network
from uploads.reading.reader import LIMITS, MAX_PAGES, MAX_PAGES_OF_A_FILE, ChildReader
from uploads.workers import ChildLimits, Program

MEGABYTE = 1024 * 1024
JPEG, PNG, PDF, OFD = "image/jpeg", "image/png", "application/pdf", "application/ofd"


@asynccontextmanager
async def opened(
    limits: ChildLimits = LIMITS,
    *,
    at_once: int = 1,
    queue_seconds: float = 300.0,
    idle_seconds: float | None = None,
) -> AsyncIterator[ChildReader]:
    reader = ChildReader(limits, Places(at_once, queue_seconds, idle_seconds))
    try:
        yield reader
    finally:
        await reader.close()


def note(words: str, *, width: float = 60, height: float = 30) -> Image.Image:
    """Draw a slip of paper; small, so that reading it is quick."""
    paper = Canvas(width, height, 10)
    paper.text(5, 10, words, 5)
    return paper.picture


def jpeg(words: str) -> tuple[bytes, str]:
    return drawing.saved(note(words), "JPEG", quality=90), JPEG


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


async def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  # a process tells nobody when it ends
            await asyncio.sleep(0.005)


async def test_several_files_are_one_material_in_their_order() -> None:
    async with opened() as reader:
        assert reader.pids == frozenset()
        files = [
            jpeg("申请材料之一"),
            (drawing.saved(note("申请材料之二"), "PNG"), PNG),
            (pdf([note("申请材料之三"), note("申请材料之四")]), PDF),
        ]
        reading = await reader.read([sheet(each) for each in files])
        assert [page.no for page in reading.pages] == [1, 2, 3, 4]
        said = [page.lines[0].text for page in reading.pages]
        assert said == ["申请材料之一", "申请材料之二", "申请材料之三", "申请材料之四"]
        assert reading.left_out == 0
        assert reading.engine.startswith("rapidocr 3.")
        (pid,) = reader.pids
        assert (await reader.read([sheet(jpeg("再来一份"))])).pages[0].lines[0].text == "再来一份"
        assert reader.pids == {pid}
    assert gone(pid)


async def test_a_picture_with_an_orientation_is_read_as_it_is_seen() -> None:
    turned = note("方向标记").rotate(90, expand=True)
    data = drawing.saved(turned, "JPEG", exif=drawing.canary_exif(6))
    async with opened() as reader:
        (page,) = (await reader.read([sheet((data, JPEG))])).pages
    assert (page.width, page.height, page.turned) == (600, 300, 0)
    assert page.lines[0].text == "方向标记"


async def test_a_long_document_is_read_at_its_beginning() -> None:
    length = MAX_PAGES_OF_A_FILE + 3
    async with opened() as reader:
        reading = await reader.read([sheet((pdf([note("很长的材料")] * length), PDF))])
    assert len(reading.pages) == MAX_PAGES_OF_A_FILE
    assert reading.left_out == 3


async def test_a_material_of_many_files_is_read_at_its_beginning() -> None:
    blank = drawing.saved(Image.new("RGB", (64, 64), "white"), "PNG")
    async with opened() as reader:
        reading = await reader.read([sheet((blank, PNG)) for _ in range(MAX_PAGES + 2)])
    assert len(reading.pages) == MAX_PAGES
    assert reading.left_out == 2


async def test_an_ofd_is_left_to_people_and_costs_no_child() -> None:
    async def nothing() -> AsyncIterator[bytes]:
        raise AssertionError("nobody asked for its bytes")
        yield b""

    async with opened() as reader:
        reading = await reader.read([Sheet(OFD, 5000, nothing(), pages=7)])
        assert (reading.pages, reading.left_out) == ((), 7)
        assert reader.pids == frozenset()


@pytest.mark.parametrize(
    ("data", "mime"),
    [
        (b"\xff\xd8\xff" + b"x" * 100, JPEG),
        (drawing.png(), JPEG),
        (drawing.jpeg()[:800], JPEG),
        (drawing.huge_canvas(6300, 6300), JPEG),
        (b"%PDF-1.7\n" + b"x" * 100, PDF),
        (drawing.pdf(1, lambda writer: writer.encrypt("a")), PDF),
        (b"", PNG),
    ],
)
async def test_what_cannot_be_opened_is_refused_and_costs_no_child(data: bytes, mime: str) -> None:
    async with opened() as reader:
        await reader.read([sheet(jpeg("先来一张"))])
        before = reader.pids
        with pytest.raises(MaterialUnreadable):
            await reader.read([sheet((data, mime))])
        assert (await reader.read([sheet(jpeg("再来一张"))])).pages[0].lines[0].text == "再来一张"
        assert reader.pids == before


async def test_the_text_layer_of_a_pdf_is_not_believed() -> None:
    """What people see counts: a layer may say what the page does not."""
    lying = FPDF(unit="mm", format=(60, 30))
    lying.add_page()
    lying.set_font("helvetica", size=14)
    lying.set_text_color(255, 255, 255)
    lying.text(5, 10, "HIDDEN 511499")
    lying.set_text_color(0, 0, 0)
    lying.text(5, 20, "SEEN 2026")
    async with opened() as reader:
        (page,) = (await reader.read([sheet((bytes(lying.output()), PDF))])).pages
    assert [line.text.replace(" ", "") for line in page.lines] == ["SEEN2026"]


@pytest.mark.parametrize("size", [(1, 1), (31, 400), (33, 5000), (5000, 33), (3000, 40)], ids=str)
async def test_odd_shapes_are_looked_at(size: tuple[int, int]) -> None:
    data = drawing.saved(Image.new("RGB", size, "white"), "PNG")
    async with opened() as reader:
        (page,) = (await reader.read([sheet((data, PNG))])).pages
    assert (page.width, page.height, page.lines) == (*size, ())


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
async def test_every_kind_of_pixel_is_read(mode: str) -> None:
    picture = note("各种颜色")
    made = picture.convert("L").convert("I;16") if mode == "I;16" else picture.convert(mode)
    if mode == "I;16":
        made = picture.convert("L").point(lambda value: value * 257, "I").convert("I;16")
    async with opened() as reader:
        (page,) = (await reader.read([sheet((drawing.saved(made, "PNG"), PNG))])).pages
    assert page.lines[0].text == "各种颜色"


async def test_a_child_without_memory_is_no_fault_of_the_file() -> None:
    """What is looked at has a fixed number of pixels, so no file makes the reading of it dear."""
    async with opened(ChildLimits(memory_bytes=600 * MEGABYTE, wall_seconds=120)) as reader:
        with pytest.raises(ReaderDown):
            await reader.read([sheet(jpeg("内存不够"))])
        assert reader.pids == frozenset()


async def test_a_page_that_unpacks_to_gigabytes_harms_nobody() -> None:
    bomb = drawing.saved(Image.new("L", (40_000, 40_000)), "PDF")
    async with opened() as reader:
        with suppress(MaterialUnreadable):
            await reader.read([sheet((bomb, PDF))])
        assert (await reader.read([sheet(jpeg("还在这里"))])).pages[0].lines[0].text == "还在这里"


async def test_too_much_time_ends_the_child_and_not_the_service() -> None:
    page = scanned(cards.driving_licence(ZHOU, "2028-06-01"), 1, 2000)
    async with opened(ChildLimits(memory_bytes=LIMITS.memory_bytes, cpu_seconds=0.3)) as reader:
        with pytest.raises(MaterialUnreadable):
            await reader.read([sheet((page, JPEG))])
        assert reader.pids == frozenset()


async def test_a_child_that_takes_too_long_is_ended() -> None:
    async with opened(ChildLimits(LIMITS.memory_bytes, 30, wall_seconds=0.3)) as reader:
        with pytest.raises(MaterialUnreadable):
            await reader.read([sheet(jpeg("来不及了"))])
        assert reader.pids == frozenset()


async def test_a_child_killed_from_outside_is_replaced_once() -> None:
    async with opened() as reader:
        task = asyncio.create_task(reader.read([sheet(jpeg("重新开始"))]))
        await until(lambda: bool(reader.pids))
        (first,) = reader.pids
        os.kill(first, signal.SIGKILL)
        assert (await task).pages[0].lines[0].text == "重新开始"
        assert reader.pids and first not in reader.pids


async def test_idle_children_give_their_memory_back() -> None:
    async with opened(idle_seconds=0.4) as reader:
        await reader.read([sheet(jpeg("用完就走"))])
        (pid,) = reader.pids
        await until(lambda: not reader.pids)
        await until(lambda: gone(pid))
        assert (await reader.read([sheet(jpeg("又来一张"))])).pages[0].lines[0].text == "又来一张"


async def test_who_waits_too_long_for_a_turn_may_try_again() -> None:
    async with opened(queue_seconds=0.05) as reader:
        first = asyncio.create_task(reader.read([sheet(jpeg("排在前面"))]))
        await until(lambda: bool(reader.pids))
        with pytest.raises(ReaderDown):
            await reader.read([sheet(jpeg("排在后面"))])
        assert len((await first).pages) == 1


async def test_a_closed_reader_reads_nothing() -> None:
    reader = ChildReader()
    await reader.close()
    with pytest.raises(ReaderDown):
        await reader.read([sheet(jpeg("太晚了"))])


async def test_a_child_that_cannot_work_is_no_fault_of_the_file() -> None:
    """Its program ends with an error of its own, as where a library is missing."""
    reader = ChildReader(program=Program("uploads.reading.values_that_are_not_there"))
    try:
        with pytest.raises(ReaderDown):
            await reader.read([sheet(jpeg("没有程序"))])
    finally:
        await reader.close()


async def test_a_child_has_no_socket_and_may_write_no_file() -> None:
    async with opened() as reader:
        await reader.read([sheet(jpeg("安安静静"))])
        (pid,) = reader.pids
        assert _limit(pid, "Max file size") == "0"
        assert not [each for each in _files(pid) if each.startswith("socket:")]


@pytest.mark.parametrize("event", ["socket.connect", "socket.getaddrinfo", "socket.sendto"])
def test_a_child_reaches_no_other_host(event: str) -> None:
    with pytest.raises(NotHere):
        refuse_network(event, ())
    refuse_network("open", ())


def _files(pid: int) -> list[str]:
    return [str(each.readlink()) for each in Path(f"/proc/{pid}/fd").iterdir()]


def _limit(pid: int, name: str) -> str:
    limits = Path(f"/proc/{pid}/limits").read_text().splitlines()
    line = next(each for each in limits if each.startswith(name))
    return line[len(name) :].split()[0]


async def read_many(reader: ChildReader, words: Sequence[str]) -> list[str]:
    readings = await asyncio.gather(*(reader.read([sheet(jpeg(each))]) for each in words))
    return [reading.pages[0].lines[0].text for reading in readings]


async def test_everybody_gets_their_own_answer() -> None:
    words = ["第一份材料", "第二份材料", "第三份材料", "第四份材料"]
    async with opened(at_once=2) as reader:
        assert await read_many(reader, words) == words
        assert len(reader.pids) == 2
