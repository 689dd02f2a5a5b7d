"""The child processes: limits, deaths, turns."""

import asyncio
import io
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from PIL import Image

from services.errors import MaterialUnreadable, StoreUnwritable
from services.ports.files import FileCipher
from tests.uploads import drawing
from uploads.draft import Draft
from uploads.inspect import Finding, Inspector
from uploads.kinds import Kind
from uploads.refusals import InspectionDown, PdfEncrypted, PictureTooManyPixels
from uploads.sealed_files import SealedFile, SealedReader
from uploads.sealing import fresh_key
from uploads.workers import ChildLimits

MEGABYTE = 1024 * 1024


@asynccontextmanager
async def opened(
    limits: ChildLimits | None = None, *, at_once: int = 2, queue_seconds: float = 30.0
) -> AsyncIterator[Inspector]:
    inspector = Inspector(limits, at_once=at_once, queue_seconds=queue_seconds)
    try:
        yield inspector
    finally:
        await inspector.close()


async def inspect(
    inspector: Inspector, folder: Path, data: bytes, kind: Kind = Kind.JPEG, name: str = "in"
) -> Finding:
    source = sealed(folder / name, data)
    seen = await inspector.inspect(source, kind, folder / f"{name}.w", folder / f"{name}.t")
    return seen.finding


def sealed(path: Path, data: bytes) -> SealedFile:
    path.unlink(missing_ok=True)
    draft = Draft(path, fresh_key(FileCipher.AES_256_GCM))
    draft.write([data])
    draft.finish()
    return draft.sealed


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110  # a process tells nobody when it ends
            await asyncio.sleep(0.002)


async def test_nothing_is_started_before_it_is_needed_or_left_behind(tmp_path: Path) -> None:
    async with opened() as inspector:
        assert inspector.pids == frozenset()
        found = await inspect(inspector, tmp_path, drawing.jpeg())
        assert found == Finding(1, 320, 200, "image/jpeg")
        (pid,) = inspector.pids
        document = await inspect(inspector, tmp_path, drawing.pdf(3), Kind.PDF, "doc")
        assert document == Finding(3, None, None, "application/pdf")
        assert inspector.pids == {pid}
    assert gone(pid)
    with pytest.raises(InspectionDown):
        await inspect(inspector, tmp_path, drawing.jpeg(), name="late")


@pytest.mark.parametrize(
    ("data", "kind", "refusal"),
    [
        (b"\xff\xd8\xff" + b"x" * 100, Kind.JPEG, MaterialUnreadable),
        (drawing.png(), Kind.JPEG, MaterialUnreadable),
        (drawing.huge_canvas(6300, 6300), Kind.JPEG, PictureTooManyPixels),
        (b"%PDF-1.7\n" + b"x" * 100, Kind.PDF, MaterialUnreadable),
        (drawing.pdf(1, lambda w: w.encrypt("a")), Kind.PDF, PdfEncrypted),
    ],
)
async def test_a_refusal_crosses_the_border_and_costs_no_child(
    tmp_path: Path, data: bytes, kind: Kind, refusal: type[Exception]
) -> None:
    async with opened() as inspector:
        with pytest.raises(refusal) as refused:
            await inspect(inspector, tmp_path, data, kind)
        assert type(refused.value) is refusal
        before = inspector.pids
        await inspect(inspector, tmp_path, drawing.jpeg(), name="good")
        assert inspector.pids == before


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP"])
async def test_truncated_pictures(tmp_path: Path, name: str) -> None:
    data = drawing.saved(Image.effect_noise((300, 300), 80), name)
    async with opened(at_once=1) as inspector:
        for length in range(16, len(data) - 16, len(data) // 20):
            with pytest.raises(MaterialUnreadable):
                await inspect(inspector, tmp_path, data[:length], Kind[name])
    assert drawing.tree(tmp_path) == ["in"]


async def test_too_much_memory_ends_the_child_and_not_the_service(tmp_path: Path) -> None:
    bomb = drawing.saved(Image.new("RGB", (5000, 4900), "white"), "PNG")
    async with opened(ChildLimits(memory_bytes=90 * MEGABYTE)) as inspector:
        with pytest.raises(MaterialUnreadable):
            await inspect(inspector, tmp_path, bomb, Kind.PNG)
        assert inspector.pids == frozenset()
        assert (await inspect(inspector, tmp_path, drawing.jpeg(), name="good")).pages == 1


async def test_too_much_time_ends_the_child_and_not_the_service(tmp_path: Path) -> None:
    # Within every limit on the file, and still a second or more.
    bomb = drawing.scan_bomb(88, (8000, 6000))
    async with opened(ChildLimits(cpu_seconds=0.4)) as inspector:
        with pytest.raises(MaterialUnreadable):
            await inspect(inspector, tmp_path, bomb)
        assert inspector.pids == frozenset()
        assert (await inspect(inspector, tmp_path, drawing.jpeg(), name="good")).pages == 1


async def test_a_child_that_hangs_is_ended(tmp_path: Path) -> None:
    async with opened(ChildLimits(wall_seconds=0.5)) as inspector:
        await inspect(inspector, tmp_path, drawing.jpeg())
        (pid,) = inspector.pids
        os.kill(pid, signal.SIGSTOP)
        with pytest.raises(MaterialUnreadable):
            await inspect(inspector, tmp_path, drawing.jpeg(), name="second")
        assert gone(pid)


async def test_a_child_killed_from_outside_is_replaced_once(tmp_path: Path) -> None:
    photo = drawing.jpeg((4000, 3000))
    async with opened() as inspector:
        task = asyncio.create_task(inspect(inspector, tmp_path, photo))
        await until(lambda: bool(inspector.pids))
        (first,) = inspector.pids
        os.kill(first, signal.SIGKILL)
        assert (await task).width == 4000
        assert inspector.pids and first not in inspector.pids


async def test_the_copies_are_sealed_each_under_its_own_key(tmp_path: Path) -> None:
    source = sealed(tmp_path / "in", drawing.jpeg())
    async with opened() as inspector:
        seen = await inspector.inspect(source, Kind.JPEG, tmp_path / "w", tmp_path / "t")
        again = await inspector.inspect(source, Kind.JPEG, tmp_path / "w2", tmp_path / "t2")
    copies = [seen.working, seen.thumbnail, again.working, again.thumbnail]
    keys = [copy.key.secret for copy in copies if copy is not None]
    assert len({*keys, source.key.secret}) == 5
    for copy in copies:
        assert copy is not None
        assert not copy.path.read_bytes().startswith(b"\xff\xd8")
        with SealedReader(copy) as file:
            assert Image.open(io.BytesIO(file.read())).format == "JPEG"


async def test_a_child_killed_twice_is_a_refusal(tmp_path: Path) -> None:
    photo = drawing.jpeg((4000, 3000))
    async with opened() as inspector:
        task = asyncio.create_task(inspect(inspector, tmp_path, photo))
        killed: set[int] = set()
        for _ in range(2):
            await until(lambda: bool(inspector.pids - killed))
            (pid,) = inspector.pids - killed
            os.kill(pid, signal.SIGKILL)
            killed.add(pid)
        with pytest.raises(MaterialUnreadable):
            await task


async def test_a_child_that_died_in_its_sleep_is_replaced(tmp_path: Path) -> None:
    async with opened() as inspector:
        await inspect(inspector, tmp_path, drawing.jpeg())
        (pid,) = inspector.pids
        os.kill(pid, signal.SIGTERM)
        await until(lambda: gone(pid))
        assert (await inspect(inspector, tmp_path, drawing.jpeg(), name="next")).pages == 1


async def test_a_child_lives_for_so_many_files(tmp_path: Path) -> None:
    async with opened(ChildLimits(jobs=2)) as inspector:
        seen = []
        for number in range(4):
            task = asyncio.create_task(
                inspect(inspector, tmp_path, drawing.jpeg(), name=str(number))
            )
            await until(lambda: bool(inspector.pids))
            (pid,) = inspector.pids
            seen.append(pid)
            await task
    assert seen[0] == seen[1] != seen[2] == seen[3]


async def test_no_more_at_once_than_allowed(tmp_path: Path) -> None:
    most = 0
    async with opened(at_once=2) as inspector:
        tasks = [
            asyncio.create_task(inspect(inspector, tmp_path, drawing.jpeg(), name=str(number)))
            for number in range(8)
        ]
        while not all(task.done() for task in tasks):
            most = max(most, len(inspector.pids))
            await asyncio.sleep(0.001)
        assert {(await task).pages for task in tasks} == {1}
    assert most == 2


async def test_waiting_for_a_turn_has_an_end(tmp_path: Path) -> None:
    async with opened(at_once=1, queue_seconds=0.02) as inspector:
        first = asyncio.create_task(inspect(inspector, tmp_path, drawing.jpeg((4000, 3000))))
        await until(lambda: bool(inspector.pids))
        with pytest.raises(InspectionDown):
            await inspect(inspector, tmp_path, drawing.jpeg(), name="second")
        assert (await first).pages == 1


async def test_cancelling_ends_the_child_before_it_goes_on(tmp_path: Path) -> None:
    async with opened() as inspector:
        await inspect(inspector, tmp_path, drawing.jpeg())
        (pid,) = inspector.pids
        photo = drawing.jpeg((6000, 4000))
        task = asyncio.create_task(inspect(inspector, tmp_path, photo, name="big"))
        await asyncio.sleep(0.02)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        assert task.cancelled()
        assert gone(pid)
        assert inspector.pids == frozenset()


async def test_a_disk_that_refuses_is_not_the_files_fault(tmp_path: Path) -> None:
    # The child may write 64 MB; the thumbnail's place is a full device.
    source = sealed(tmp_path / "in", drawing.jpeg())
    async with opened() as inspector:
        with pytest.raises(StoreUnwritable):
            await inspector.inspect(source, Kind.JPEG, tmp_path / "w", Path("/proc/version"))
