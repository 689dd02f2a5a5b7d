"""The scanner's adapter against clamd's protocol, on the wire."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from integrations.clamd import Clamd
from services.errors import FileDamaged, ScannerDown, ScanRefused
from tests.integrations.scanning import DEADLY, NAME, VIRUS, FakeClamd, Mood
from tests.uploads.drawing import chunked

LONG = bytes(3_000_000)


def clamd(folder: Path, seconds: float = 5.0) -> Clamd:
    return Clamd(str(folder / "clamd"), silence_seconds=seconds)


async def test_clean_and_infected_and_empty(tmp_path: Path) -> None:
    fake = FakeClamd()
    async with fake.listening(str(tmp_path / "clamd")):
        assert await clamd(tmp_path).scan(chunked(LONG)) is None
        assert await clamd(tmp_path).scan(chunked(LONG + VIRUS)) == NAME
        assert await clamd(tmp_path).scan(chunked(b"")) is None
    # Byte for byte what was to be looked through.
    assert fake.seen == [LONG, LONG + VIRUS, b""]


async def test_over_tcp() -> None:
    async with FakeClamd().listening() as address:
        assert await Clamd(address).scan(chunked(VIRUS)) == NAME
    with pytest.raises(ScannerDown):
        await Clamd(address).scan(chunked(VIRUS))


@pytest.mark.parametrize("size", [1001, 300_000, 3_000_000])
@pytest.mark.parametrize("wire", ["unix", "tcp"])
async def test_more_than_it_takes_is_its_answer(tmp_path: Path, size: int, wire: str) -> None:
    fake = FakeClamd(limit=1000)
    async with fake.listening(str(tmp_path / "clamd") if wire == "unix" else None) as address:
        for _ in range(5):
            with pytest.raises(ScanRefused):
                await Clamd(address).scan(chunked(bytes(size)))
    assert fake.seen == []


@pytest.mark.parametrize("mood", [mood for mood in Mood if mood is not Mood.WELL])
async def test_anything_but_a_whole_answer_is_none(tmp_path: Path, mood: Mood) -> None:
    fake = FakeClamd(mood)
    async with fake.listening(str(tmp_path / "clamd")):
        for content in (LONG + DEADLY, VIRUS + DEADLY):
            with pytest.raises(ScannerDown):
                await clamd(tmp_path, seconds=0.2).scan(chunked(content))
        fake.mood = Mood.WELL
        assert await clamd(tmp_path).scan(chunked(VIRUS)) == NAME


async def test_nobody_there(tmp_path: Path) -> None:
    for address in (str(tmp_path / "absent"), "127.0.0.1:1"):
        with pytest.raises(ScannerDown):
            await Clamd(address).scan(chunked(VIRUS))


async def test_faults_of_the_file_come_through(tmp_path: Path) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"x"
        raise FileDamaged

    async with FakeClamd().listening(str(tmp_path / "clamd")):
        with pytest.raises(FileDamaged):
            await clamd(tmp_path).scan(broken())
