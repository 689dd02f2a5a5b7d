"""Jobs on the real queue: once committed they are done, whatever goes wrong on the way."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from pgqueuer.core.qm import QueueManager
from pgqueuer.domain.errors import FailingListenerError

from integrations.jobs import QueuedJobs, Worker
from models.unit import transaction
from services.ports import NewJob
from tests.world import World

NOW = timedelta(0)


@dataclass
class Desk:
    """Enqueues, works, and remembers."""

    jobs: QueuedJobs
    done: list[Mapping[str, Any]] = field(default_factory=list)
    fails: int = 0

    @transaction
    async def enqueue(
        self, *payloads: Mapping[str, Any], key: str | None = None, after: timedelta = NOW
    ) -> None:
        for payload in payloads:
            await self.jobs.enqueue("desk.work", payload, key=key, after=after)

    @transaction
    async def enqueue_all(self, *jobs: NewJob, fails: bool = False) -> None:
        await self.jobs.enqueue_all(jobs)
        if fails:
            raise RuntimeError("rolled back")

    async def work(self, payload: Mapping[str, Any]) -> None:
        if self.fails:
            self.fails -= 1
            raise RuntimeError("not now")
        self.done.append(payload)


@pytest.fixture
def desk(world: World) -> Desk:
    return Desk(world.parts.adapters.jobs)


def _worker(world: World, desk: Desk) -> Worker:
    return Worker(world.settings.database_url.get_secret_value(), {"desk.work": desk.work})


async def test_what_is_due_is_done_once(world: World, desk: Desk) -> None:
    await desk.enqueue({"n": 1}, {"n": 2}, {"n": 3})
    await _worker(world, desk).drain()
    await _worker(world, desk).drain()
    assert sorted(payload["n"] for payload in desk.done) == [1, 2, 3]
    assert await world.jobs() == []


async def test_what_is_due_later_waits_and_is_not_waited_for(world: World, desk: Desk) -> None:
    await desk.enqueue({"n": 1}, after=timedelta(hours=1))
    async with asyncio.timeout(10):
        await _worker(world, desk).drain()
    assert desk.done == []
    assert await world.jobs() == [("desk.work", {"n": 1})]


async def test_a_failed_job_is_tried_again(world: World, desk: Desk) -> None:
    desk.fails = 2
    await desk.enqueue({"n": 1})
    for _ in range(3):
        await world.database.execute("UPDATE pgqueuer SET execute_after = now()")
        await _worker(world, desk).drain()
    assert desk.done == [{"n": 1}]
    assert await world.jobs() == []


async def test_a_key_waits_once(world: World, desk: Desk) -> None:
    await desk.enqueue({"n": 1}, key="same")
    await desk.enqueue({"n": 2}, key="same")
    assert await world.jobs() == [("desk.work", {"n": 1})]


async def test_a_job_of_a_killed_worker_is_taken_over(world: World, desk: Desk) -> None:
    await desk.enqueue({"n": 1})
    # What a worker that was killed leaves behind: picked, and no heartbeat any more.
    await world.database.execute(
        "UPDATE pgqueuer SET status = 'picked', heartbeat = now() - interval '11 seconds'"
    )
    await _worker(world, desk).drain()
    assert desk.done == [{"n": 1}]


async def test_a_silent_listener_ends_a_round_and_not_the_worker(
    world: World, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.enqueue({"n": 1})
    rounds = [FailingListenerError(), RuntimeError("a table is missing")]
    begin = QueueManager.run

    async def run(self: QueueManager, *given: Any, **named: Any) -> None:
        if rounds:
            raise rounds.pop()
        await begin(self, *given, **named)

    monkeypatch.setattr(QueueManager, "run", run)
    worker = _worker(world, desk)
    working = asyncio.create_task(worker.run())
    async with asyncio.timeout(30):
        while not desk.done and not working.done():  # noqa: ASYNC110 - rows tell
            await asyncio.sleep(0.05)
    worker.stop()
    await working
    assert (rounds, desk.done) == ([], [{"n": 1}])


async def test_several_jobs_are_enqueued_in_one_statement(world: World, desk: Desk) -> None:
    jobs = [NewJob("desk.work", {"n": n}, key) for n, key in ((1, "a"), (2, None), (3, "a"))]
    with world.statements() as seen:
        await desk.enqueue_all(*jobs)
    assert len(seen) == 1
    await desk.enqueue_all(NewJob("desk.work", {"n": 4}, "a"))
    assert await world.jobs() == [("desk.work", {"n": 1}), ("desk.work", {"n": 2})]
    with world.statements() as seen:
        await desk.enqueue_all()
    assert seen == []


async def test_several_jobs_are_gone_with_their_transaction(world: World, desk: Desk) -> None:
    with pytest.raises(RuntimeError, match="rolled back"):
        await desk.enqueue_all(NewJob("desk.work", {"n": 1}), fails=True)
    assert await world.jobs() == []
    with pytest.raises(RuntimeError, match="in a transaction"):
        await desk.jobs.enqueue_all([NewJob("desk.work", {"n": 1})])


async def test_money_does_not_wait_for_documents(world: World, desk: Desk) -> None:
    async def note(payload: Mapping[str, Any]) -> None:
        desk.done.append(payload)
        await asyncio.sleep(0.05)

    names = [*["notice.issue"] * 30, "case.tell", "handoff.look", "payment.sweep"]
    await desk.enqueue_all(*(NewJob(name, {"name": name}) for name in names))
    url = world.settings.database_url.get_secret_value()
    await Worker(url, dict.fromkeys(set(names), note)).drain()
    first = [payload["name"] for payload in desk.done][:3]
    assert first == ["payment.sweep", "handoff.look", "case.tell"]
    assert len(desk.done) == len(names)
