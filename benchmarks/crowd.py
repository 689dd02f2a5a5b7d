"""Twenty people photograph a licence at once: the API goes on answering, and each phone hears."""

import asyncio
import http.client
import io
import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from statistics import median
from uuid import UUID

import aiohttp
import asyncpg
from PIL import Image

from benchmarks.drafts import Draft
from benchmarks.report import Line
from benchmarks.stage import Stage, running
from miniapp_stub.demo.papers import licence

PHOTOS = 20
SLOT = "M02"
WIDTH, HEIGHT = 4000, 3000
IDLE_SECONDS = 5.0
LONGEST_SECONDS = 180.0
PAUSE_SECONDS = 0.02
MOST_SLOWER = 1.5
MOST_LATE_SECONDS = 1.0

READ = """
SELECT m.case_id, r.read_at FROM material_readings r JOIN materials m ON m.id = r.material_id
WHERE m.case_id = ANY($1::uuid[]) AND m.code = $2 AND m.replaced_at IS NULL"""


def crowd(stage: Stage, drafts: Sequence[Draft]) -> tuple[Line, Line]:
    """Measure answers while photos are read, and how soon phones hear of each."""
    return asyncio.run(_Crowd(stage, drafts).measure())


class _Crowd:
    def __init__(self, stage: Stage, drafts: Sequence[Draft]) -> None:
        self._stage = stage
        self._drafts = drafts
        self._heard: dict[UUID, datetime] = {}

    async def measure(self) -> tuple[Line, Line]:
        idle = await self._answers(asyncio.create_task(asyncio.sleep(IDLE_SECONDS)))
        async with aiohttp.ClientSession() as session:
            listening = [asyncio.create_task(self._listen(session, each)) for each in self._drafts]
            for number, draft in enumerate(self._drafts):
                await self._upload(session, draft, photo(number))
            # Only now: what is measured is reading, not uploading.
            with running(self._stage.worker):
                everybody = asyncio.gather(*listening)
                busy = await self._answers(asyncio.ensure_future(everybody))
                await everybody
        return self._slower(idle, busy), await self._late()

    async def _answers(self, until: "asyncio.Future[object]") -> list[float]:
        """Return the seconds that each reading of progress took until something is over."""
        return await asyncio.to_thread(self._ask, until)

    def _ask(self, until: "asyncio.Future[object]") -> list[float]:
        connection = http.client.HTTPConnection("127.0.0.1", self._stage.port, timeout=10)
        taken: list[float] = []
        deadline = time.monotonic() + LONGEST_SECONDS
        while not until.done() and time.monotonic() < deadline:
            draft = self._drafts[len(taken) % len(self._drafts)]
            headers = {"Authorization": f"Bearer {draft.token}"}
            began = time.perf_counter()
            connection.request("GET", f"/v1/cases/{draft.case_id}/progress", headers=headers)
            connection.getresponse().read()
            taken.append(time.perf_counter() - began)
            time.sleep(PAUSE_SECONDS)
        return taken

    async def _listen(self, session: aiohttp.ClientSession, draft: Draft) -> None:
        url = f"ws://127.0.0.1:{self._stage.port}/v1/cases/{draft.case_id}/live"
        async with session.ws_connect(url) as socket:
            await socket.send_json({"access_token": draft.token})
            async for message in socket:
                if json.loads(message.data).get("material") == SLOT:
                    self._heard[draft.case_id] = datetime.now(UTC)
                    return

    async def _upload(self, session: aiohttp.ClientSession, draft: Draft, photo: bytes) -> None:
        url = f"http://127.0.0.1:{self._stage.port}/v1/cases/{draft.case_id}/materials/{SLOT}"
        headers = {"Authorization": f"Bearer {draft.token}"}
        async with session.put(url, data=photo, headers=headers) as answer:
            if answer.status not in (200, 201):
                raise RuntimeError(await answer.text())

    def _slower(self, idle: Sequence[float], busy: Sequence[float]) -> Line:
        ratio = median(busy) / median(idle)
        return Line(
            f"median answer while {PHOTOS} photos are read",
            f"{1000 * median(busy):.2f} ms",
            f"<= {MOST_SLOWER}",
            ratio <= MOST_SLOWER and len(self._heard) == PHOTOS,
            bare=f"{1000 * median(idle):.2f} ms",
            ratio=f"{ratio:.2f}",
        )

    async def _late(self) -> Line:
        connection = await asyncpg.connect(self._stage.database_url)
        try:
            ids = [draft.case_id for draft in self._drafts]
            read = dict(await connection.fetch(READ, ids, SLOT))
        finally:
            await connection.close()
        late = [(heard - read[case_id]).total_seconds() for case_id, heard in self._heard.items()]
        latest = max(late, default=LONGEST_SECONDS)
        return Line(
            f"the phone hears of a finding after (the latest of {len(late)})",
            f"{latest:.2f} s",
            f"<= {MOST_LATE_SECONDS:.0f} s",
            len(late) == PHOTOS and latest <= MOST_LATE_SECONDS,
        )


def photo(number: int) -> bytes:
    """Return a photo of 12 megapixels; another number is another photo."""
    with Image.open(io.BytesIO(licence())) as drawn:
        large = drawn.resize((WIDTH, HEIGHT))
    stream = io.BytesIO()
    large.save(stream, "JPEG", quality=90, comment=f"photo {number}")
    return stream.getvalue()
