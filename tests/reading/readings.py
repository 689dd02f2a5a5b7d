"""What the machine reads on the drawn documents, read once for a whole run of tests."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from services.ports.reading import Reading, Sheet
from tests.reading.cases import Case, Picture
from tests.reading.drawn import drawn_set
from tests.reading.mild import mild_set
from uploads.pool import Places
from uploads.reading.reader import ChildReader

AT_ONCE = 2


def readings_of_drawn_set() -> Mapping[str, Reading]:
    """Return the readings of the forty, by name."""
    return {case.name: reading for case, reading in _read() if case in drawn_set()}


def readings_of_mild_set() -> Mapping[str, Reading]:
    return {case.name: reading for case, reading in _read() if case in mild_set()}


@cache
def _read() -> list[tuple[Case, Reading]]:
    cases = (*drawn_set(), *mild_set())
    # A test may have an event loop of its own.
    with ThreadPoolExecutor(1) as aside:
        return list(zip(cases, aside.submit(asyncio.run, _all(cases)).result(), strict=True))


async def _all(cases: Sequence[Case]) -> list[Reading]:
    reader = ChildReader(places=Places(AT_ONCE, queue_seconds=600))
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(case: Case) -> Reading:
        async with turns:
            pictures = await asyncio.to_thread(case.draw)
            return await reader.read([sheet(each) for each in pictures])

    try:
        return list(await asyncio.gather(*(one(case) for case in cases)))
    finally:
        await reader.close()


def sheet(picture: Picture) -> Sheet:
    data, mime = picture

    async def chunks() -> AsyncIterator[bytes]:
        yield data

    return Sheet(mime, len(data), chunks())
