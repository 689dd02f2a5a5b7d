import asyncio
import hashlib
import resource
import stat
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.errors import StoreUnwritable
from tests.uploads.drawing import chunked
from uploads.intake import Intake, Pace, Received
from uploads.kinds import HEAD_BYTES
from uploads.refusals import MaterialEmpty, MaterialTooLarge, UploadTooSlow
from uploads.sealed_files import SealedReader

INTAKE = Intake()


async def receive(
    intake: Intake, chunks: AsyncIterator[bytes], path: Path, *, max_bytes: int
) -> Received:
    async with intake.receive(chunks, path, max_bytes=max_bytes) as received:
        # The file is whole within the block, and opens.
        assert received.file.digest() == received.sha256
    return received


async def dripping(pause: float, chunk: bytes = b"x") -> AsyncIterator[bytes]:
    while True:
        yield chunk
        await asyncio.sleep(pause)


@pytest.mark.parametrize("size", [1, 65_536, 1_500_001])
@pytest.mark.parametrize("chunk", [1 << 13, 1 << 20])
async def test_bytes_size_and_digest(tmp_path: Path, size: int, chunk: int) -> None:
    data = bytes(range(251)) * (size // 251 + 1)
    data = data[:size]
    received = await receive(INTAKE, chunked(data, chunk), tmp_path / "a", max_bytes=size)
    with SealedReader(received.file) as file:
        assert file.read() == data
    assert data[:16] not in (tmp_path / "a").read_bytes() or size == 1
    assert received.sha256 == hashlib.sha256(data).hexdigest()
    assert (received.size, received.head) == (size, data[:HEAD_BYTES])
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600


async def test_one_byte_over_the_limit(tmp_path: Path) -> None:
    with pytest.raises(MaterialTooLarge) as refusal:
        await receive(INTAKE, chunked(b"x" * 11, 3), tmp_path / "a", max_bytes=10)
    assert refusal.value.facts == {"max_bytes": 10}


async def test_the_limit_is_named_in_megabytes(tmp_path: Path) -> None:
    data = b"x" * (2 * 1024 * 1024 + 1)
    with pytest.raises(MaterialTooLarge) as refusal:
        await receive(INTAKE, chunked(data), tmp_path / "a", max_bytes=len(data) - 1)
    assert refusal.value.text == "文件超过2MB,请压缩或重新拍照后上传。"


async def test_an_endless_upload_is_read_no_further_than_the_limit(tmp_path: Path) -> None:
    given = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal given
        while True:
            given += 1000
            yield b"x" * 1000

    with pytest.raises(MaterialTooLarge):
        await receive(INTAKE, endless(), tmp_path / "a", max_bytes=50_000)
    assert given == 51_000


@pytest.mark.parametrize("chunks", [[], [b""], [b"", b""]])
async def test_no_bytes_are_refused(tmp_path: Path, chunks: list[bytes]) -> None:
    async def empty() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk

    with pytest.raises(MaterialEmpty):
        await receive(INTAKE, empty(), tmp_path / "a", max_bytes=10)


@pytest.mark.parametrize(
    ("pace", "pause"),
    [
        (Pace(deadline_seconds=0.2, grace_seconds=9, bytes_per_second=1), 0.001),
        (Pace(deadline_seconds=9, grace_seconds=0.1, bytes_per_second=1000), 0.02),
        (Pace(deadline_seconds=9, grace_seconds=0.1, bytes_per_second=1000), 9),
    ],
    ids=["past the deadline", "dripping", "stalled"],
)
async def test_too_slow(tmp_path: Path, pace: Pace, pause: float) -> None:
    started = asyncio.get_running_loop().time()
    with pytest.raises(UploadTooSlow):
        await receive(Intake(pace), dripping(pause), tmp_path / "a", max_bytes=10**9)
    assert asyncio.get_running_loop().time() - started < 2


def test_pace_counts_what_was_brought() -> None:
    pace = Pace(deadline_seconds=100, grace_seconds=10, bytes_per_second=1000)
    assert pace.due(5.0, 0) == 15.0
    assert pace.due(5.0, 20_000) == 35.0
    assert pace.due(5.0, 10**9) == 105.0


async def test_a_disk_that_refuses(tmp_path: Path) -> None:
    with pytest.raises(StoreUnwritable):
        await receive(INTAKE, chunked(b"x"), tmp_path / "absent" / "a", max_bytes=10)


async def test_a_disk_that_is_full_in_the_middle(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (700_000, hard))
    try:
        with pytest.raises(StoreUnwritable):
            await receive(INTAKE, chunked(bytes(1_000_000)), tmp_path / "a", max_bytes=10**9)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (tmp_path / "a").stat().st_size == 700_000


async def test_faults_of_the_sender_come_through(tmp_path: Path) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"x"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await receive(INTAKE, broken(), tmp_path / "a", max_bytes=10)


async def test_memory_stays_flat(tmp_path: Path) -> None:
    async def long() -> AsyncIterator[bytes]:
        for _ in range(3200):
            yield bytes(65_536)

    tracemalloc.start()
    try:
        received = await receive(INTAKE, long(), tmp_path / "a", max_bytes=10**9)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    (tmp_path / "a").unlink()
    assert received.size == 3200 * 65_536
    assert peak < 4_000_000
