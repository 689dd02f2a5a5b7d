"""Materials are read in child processes, page by page, each page in its turn."""

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from services.errors import MaterialUnreadable
from services.ports.reading import (
    Box,
    Code,
    Line,
    PageReading,
    Quality,
    ReaderDown,
    Reading,
    Sheet,
    Side,
)
from uploads.kinds import Kind
from uploads.pool import Places, Pool
from uploads.workers import ChildLimits, Program

MEASURES = 1
"""Counts up with what is measured, so that an old reading can be told from a new one."""
ENGINE = f"rapidocr {version('rapidocr')}, measures {MEASURES}"
LOOKED_AT = frozenset(Kind) - {Kind.OFD}
"""An OFD document cannot be rendered here; it is left to people."""
MAX_PAGES = 12
"""Of a material."""
MAX_PAGES_OF_A_FILE = 6
MAX_BYTES = 64 * 1024 * 1024
_MEGABYTE = 1024 * 1024

LIMITS = ChildLimits(memory_bytes=1536 * _MEGABYTE, cpu_seconds=30, wall_seconds=180.0, jobs=200)
"""A page takes 0.7 GB and 2 to 4 s of CPU."""
PLACES = Places(at_once=1, queue_seconds=600.0, idle_seconds=300.0)
PROGRAM = Program(
    "uploads.reading.child",
    # One core for each child, and no address space for threads that never run.
    {
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "1",
        # Memory that goes back to the kernel after every layer of a network comes back page by
        # page, which took a tenth of the time.
        "MALLOC_MMAP_THRESHOLD_": str(32 * _MEGABYTE),
        "MALLOC_TRIM_THRESHOLD_": str(256 * _MEGABYTE),
    },
)


class ChildReader:
    """Implements ``MaterialReader``."""

    def __init__(
        self, limits: ChildLimits = LIMITS, places: Places = PLACES, program: Program = PROGRAM
    ) -> None:
        self._pool = Pool(limits, program, places, ReaderDown)

    @property
    def pids(self) -> frozenset[int]:
        """Return the process ids of the children, for operators."""
        return self._pool.pids

    async def read(self, sheets: Sequence[Sheet]) -> Reading:
        """See ``MaterialReader``."""
        pages: list[PageReading] = []
        left_out = 0
        for sheet in sheets:
            if sheet.mime not in LOOKED_AT or len(pages) >= MAX_PAGES:
                left_out += sheet.pages
                continue
            room = min(MAX_PAGES_OF_A_FILE, MAX_PAGES - len(pages))
            read, of = await self._sheet(sheet, len(pages) + 1, room)
            pages += read
            left_out += of - len(read)
        return Reading(tuple(pages), left_out, ENGINE)

    async def _sheet(self, sheet: Sheet, no: int, room: int) -> tuple[list[PageReading], int]:
        """Return the first pages of a file, and how many it has."""
        data = await _bytes_of(sheet)
        pages: list[PageReading] = []
        of = 1
        while len(pages) < min(room, of):
            reply = await self._page(sheet.mime, len(pages), no + len(pages), data)
            if "found" not in reply:
                raise MaterialUnreadable
            pages.append(_page(reply["found"]["page"]))
            of = reply["found"]["of"]
        return pages, of

    async def _page(self, mime: str, place: int, no: int, data: bytes) -> dict[str, Any]:
        return await self._pool.answer(lambda: {"mime": mime, "place": place, "no": no}, data)

    def abandon(self) -> None:
        """End the children where they are; what they read is ``ReaderDown``, and is read again."""
        self._pool.abandon()

    async def close(self) -> None:
        """Let running pages end, then end the children. What comes later is refused."""
        await self._pool.close()


async def _bytes_of(sheet: Sheet) -> bytes:
    if not 0 < sheet.size <= MAX_BYTES:
        raise MaterialUnreadable
    data = bytearray()
    async for chunk in sheet.chunks:
        data += chunk
        if len(data) > MAX_BYTES:
            raise MaterialUnreadable
    return bytes(data)


def _page(said: dict[str, Any]) -> PageReading:
    quality = said.pop("quality")
    cropped = tuple(Side(each) for each in quality.pop("cropped"))
    lines = tuple(
        Line(each["text"], each["score"], Box(**each["box"])) for each in said.pop("lines")
    )
    codes = tuple(
        Code(each["format"], each["text"], Box(**each["box"])) for each in said.pop("codes")
    )
    return PageReading(
        **said, quality=Quality(**quality, cropped=cropped), lines=lines, codes=codes
    )
