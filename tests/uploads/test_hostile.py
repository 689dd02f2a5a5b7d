"""A thousand hostile files through the whole pipeline, as production has it."""

import asyncio
import io
from collections import Counter
from collections.abc import AsyncIterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

import pytest
from PIL import Image
from pypdf import PdfReader

from api.files import disposition
from services.errors import Problem
from services.files import MAX_NAME, display_name, download_name
from services.ports import TakenIn
from tests.uploads import drawing
from tests.uploads.drawing import chunked, tree
from tests.uploads.hostile import NUMBER, made, thousand
from tests.uploads.hostile.case import Hostile
from tests.uploads.register import MemoryRegister
from uploads.kinds import Kind
from uploads.pipeline import LocalMaterialFiles

ANY = ("jpg", "png", "pdf")
LIMIT = 20 * 1024 * 1024
AT_ONCE = 2
MEGABYTE = 1024 * 1024


@dataclass
class Report:
    """What became of them."""

    taken: int = 0
    codes: Counter[str] = field(default_factory=Counter)


@pytest.fixture
async def files(tmp_path: Path) -> AsyncIterator[LocalMaterialFiles]:
    made = LocalMaterialFiles.under(
        tmp_path, MemoryRegister(), inspections=AT_ONCE, reserve_bytes=0
    )
    yield made
    await made.close()


def resident() -> int:
    """Return the bytes of memory that this process holds now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


async def test_a_thousand_hostile_files_do_no_harm(
    files: LocalMaterialFiles, tmp_path: Path
) -> None:
    hostile = thousand()
    assert len(hostile) == NUMBER
    assert len({each.name for each in hostile}) == NUMBER
    report, turns = Report(), asyncio.Semaphore(2 * AT_ONCE)

    loop = asyncio.get_running_loop()
    # Bombs take more memory to make than to refuse: they are made elsewhere, and ours is watched.
    with ProcessPoolExecutor(1, get_context("spawn")) as elsewhere:

        async def meet(number: int) -> None:
            async with turns:
                data = await loop.run_in_executor(elsewhere, made, number)
                await _meet(files, hostile[number], data, report)

        # Everything that is loaded once is loaded before it is counted.
        await asyncio.gather(*(meet(number) for number in range(100)))
        before = resident()
        await asyncio.gather(*(meet(number) for number in range(100, NUMBER)))
        assert resident() - before < 64 * MEGABYTE
    assert report.taken + report.codes.total() == NUMBER
    # Some are good files with a scratch; were all of them refused, something else would be wrong.
    assert report.taken > 50
    assert "inspection_down" not in report.codes
    # Nothing of what was refused is left anywhere.
    assert list((tmp_path / "tmp").iterdir()) == []
    register = files.store._register
    assert isinstance(register, MemoryRegister)
    assert tree(tmp_path) == sorted(kept.place for kept in register.files.values())


async def _meet(files: LocalMaterialFiles, each: Hostile, data: bytes, report: Report) -> None:
    try:
        taken = await files.take_in(chunked(data), max_bytes=LIMIT, formats=ANY)
    except Problem as refusal:
        assert refusal.text.endswith("。"), each.name
        assert refusal.code.isidentifier(), each.name
        report.codes[refusal.code] += 1
    else:
        assert not each.refused, each.name
        await _check_safe(files, taken, each.name)
        report.taken += 1
    _check_name(each.file_name)


async def _check_safe(files: LocalMaterialFiles, taken: TakenIn, name: str) -> None:
    working = b"".join([chunk async for chunk in files.read(taken.working.key)])
    assert 1 <= taken.pages <= 200, name
    assert drawing.CANARY.encode() not in working or taken.width is None, name
    if taken.working.mime == Kind.PDF:
        assert len(PdfReader(io.BytesIO(working)).pages) == taken.pages, name
    elif taken.working.mime != Kind.OFD:
        with Image.open(io.BytesIO(working)) as picture:
            picture.load()
            assert max(picture.size) <= 4096, name
            assert not picture.getexif(), name
            assert set(picture.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}, name
        assert taken.thumbnail is not None, name


def _check_name(raw: str) -> None:
    shown = display_name(raw)
    assert 0 < len(shown) <= MAX_NAME
    assert shown.isprintable()
    assert not {"/", "\\"} & set(shown)
    saved = download_name(shown, "image/jpeg")
    assert saved.endswith(".jpg")
    assert not saved.startswith(".")
    header = disposition(saved)
    assert header.isascii()
    assert header.isprintable()
    assert header.count(";") == 2
