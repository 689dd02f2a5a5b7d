"""Jobs by PgQueuer: enqueued in the transaction that needs them, worked off at least once."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import asyncpg
import orjson
import structlog
from pgqueuer import PgQueuer
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.core.executors import DatabaseRetryEntrypointExecutor, EntrypointExecutorParameters
from pgqueuer.domain.models import Job, Schedule
from pgqueuer.domain.types import QueueExecutionMode
from tortoise.backends.asyncpg.client import TransactionWrapper
from tortoise.connection import get_connection

from services.ports import NewJob

log = structlog.get_logger("zhangban.jobs")

Handler = Callable[[Mapping[str, Any]], Awaitable[None]]

# What goes first when more waits than is done at once, by the first word of a job's name: money,
# then the hand-off, then what people are told; documents come after.
PRIORITIES: Mapping[str, int] = {"payment": 30, "refund": 30, "handoff": 20, "case": 10}

TASKS = 20
"""How many jobs a worker does at once."""
MOST_TASKS = 16
"""How many of one kind that takes long: the rest is for what cannot wait."""
HEARTBEAT = timedelta(seconds=10)
RESTART_SECONDS = 1.0
CONNECT_SECONDS = 5.0
STATEMENT_SECONDS = 10.0


class QueuedJobs:
    """The port ``Jobs``: rows in PgQueuer's table, in the caller's own transaction."""

    async def enqueue(
        self,
        name: str,
        payload: Mapping[str, Any],
        *,
        after: timedelta = timedelta(0),
        key: str | None = None,
    ) -> None:
        """Enqueue; raise ``RuntimeError`` outside a transaction, where a job could be lost."""
        await _queue(name).enqueue(
            name,
            orjson.dumps(dict(payload)),
            _priority(name),
            execute_after=after,
            dedupe_key=key,
            on_conflict="skip",
        )

    async def enqueue_all(self, jobs: Sequence[NewJob]) -> None:
        """Enqueue in one statement; raise ``RuntimeError`` outside a transaction."""
        if not jobs:
            return
        await _queue(jobs[0].name).enqueue(
            [job.name for job in jobs],
            [orjson.dumps(dict(job.payload)) for job in jobs],
            [_priority(job.name) for job in jobs],
            [job.after for job in jobs],
            dedupe_key=[job.key for job in jobs],
            on_conflict="skip",
        )


def _priority(name: str) -> int:
    return PRIORITIES.get(name.partition(".")[0], 0)


def _queue(name: str) -> Queries:
    connection = get_connection("default")
    if not isinstance(connection, TransactionWrapper):
        raise RuntimeError(f"job {name} must be enqueued in a transaction")
    return Queries(AsyncpgDriver(connection._connection))


async def install_jobs(url: str) -> None:
    """Create or upgrade PgQueuer's tables; safe when several processes start at once."""
    connection = await asyncpg.connect(url)
    try:
        queries = Queries(AsyncpgDriver(connection))
        async with queries.schema_lock():
            if not await queries.schema_is_installed():
                await queries.install()
        await queries.upgrade()
    finally:
        await connection.close()


def _retrying(parameters: EntrypointExecutorParameters) -> DatabaseRetryEntrypointExecutor:
    # About nine hours of trying; then the job is held for an operator, never dropped.
    return DatabaseRetryEntrypointExecutor(
        parameters,
        max_attempts=120,
        initial_delay=timedelta(seconds=1),
        max_delay=timedelta(minutes=5),
    )


DUE = """SELECT EXISTS (SELECT FROM pgqueuer WHERE status = 'picked'
         OR status = 'queued' AND execute_after <= now())"""


@dataclass
class Worker:
    """Works jobs off: ``handlers`` by job name, ``schedules`` as (cron expression, handler)."""

    url: str
    handlers: Mapping[str, Handler]
    schedules: Mapping[str, tuple[str, Callable[[], Awaitable[object]]]] = field(
        default_factory=dict
    )
    limits: Mapping[str, int] = field(default_factory=dict)
    """How many jobs of a name may run at once, on all workers together; others wait unpicked, so
    that what takes long leaves room for what is quick."""
    _current: PgQueuer | None = None
    _stopping: bool = False

    async def run(self) -> None:
        """Work until ``stop``; a lost database is waited for, a second at a time."""
        while not self._stopping:
            try:
                await self._work(QueueExecutionMode.continuous)
            except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
                log.warning("worker.database_lost", error=type(error).__name__)
            except Exception as error:
                # Its listener was silent, or several things at once: whatever it is, a worker that
                # ends would leave every job to somebody who looks.
                log.warning("worker.failed", error=type(error).__name__, reason=str(error)[:200])
            if not self._stopping:
                await asyncio.sleep(RESTART_SECONDS)

    async def drain(self) -> None:
        """Work off what is due now, then return; what is due later stays (for tests)."""
        watch = await asyncpg.connect(self.url, timeout=CONNECT_SECONDS)
        try:
            if not await watch.fetchval(DUE):
                return
            working = asyncio.create_task(self._work(QueueExecutionMode.drain))
            while await watch.fetchval(DUE) and not working.done():  # noqa: ASYNC110 - rows tell
                await asyncio.sleep(0.02)
            # Something was due and is done, so the queue is there.
            if self._current is not None:
                self._current.shutdown.set()
            await working
        finally:
            await watch.close()

    def stop(self) -> None:
        self._stopping = True
        if self._current is not None:
            self._current.shutdown.set()

    async def _work(self, mode: QueueExecutionMode) -> None:
        # A server that is frozen or cut off must end this run: the next one connects anew.
        connection = await asyncpg.connect(
            self.url,
            timeout=CONNECT_SECONDS,
            command_timeout=STATEMENT_SECONDS,
            server_settings={"application_name": "zhangban worker"},
        )
        try:
            queue = PgQueuer.from_asyncpg_connection(connection)
            self._current = queue
            for name, handler in self.handlers.items():
                _register(queue, name, handler, self.limits.get(name, 0))
            if mode is QueueExecutionMode.continuous:
                for name, (expression, act) in self.schedules.items():
                    _register_schedule(queue, name, expression, act)
            await _run(queue, mode)
        finally:
            self._current = None
            await connection.close(timeout=2)


async def _run(queue: PgQueuer, mode: QueueExecutionMode) -> None:
    if mode is QueueExecutionMode.drain:
        # PgQueuer's own draining would wait for what is due in an hour.
        await queue.qm.run(
            batch_size=10, dequeue_timeout=timedelta(milliseconds=20), heartbeat_timeout=HEARTBEAT
        )
        return
    await queue.run(
        dequeue_timeout=timedelta(seconds=5),
        batch_size=10,
        max_concurrent_tasks=TASKS,
        shutdown_on_listener_failure=True,
        heartbeat_timeout=HEARTBEAT,
    )


def _register(queue: PgQueuer, name: str, handler: Handler, at_most: int) -> None:
    async def work(job: Job) -> None:
        structlog.contextvars.bind_contextvars(job=name, job_id=job.id)
        await handler(orjson.loads(job.payload or b"{}"))
        log.info("job.done", attempts=job.attempts)

    entrypoint = queue.entrypoint(
        name, concurrency_limit=at_most, on_failure="hold", executor_factory=_retrying
    )
    entrypoint(work)


def _register_schedule(
    queue: PgQueuer, name: str, expression: str, act: Callable[[], Awaitable[object]]
) -> None:
    async def work(schedule: Schedule) -> None:
        try:
            await act()
        except Exception as error:  # the job loop logs and goes on: the next round tries again
            log.error("schedule.failed", schedule=name, error=type(error).__name__)

    queue.schedule(name, expression)(work)
