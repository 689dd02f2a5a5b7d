"""A case at its back-office: acknowledged, reported on, and what a refusal leaves behind."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pytest

from models.case import ClockInstance
from models.rules.calendar import SHANGHAI, due_on
from models.rules.events import Role
from models.rules.supervision import AlertKind
from models.supervision import MonitorAlert
from services.actors import Machine
from services.errors import Problem
from services.events import Decision, EventType, Report, Reported
from tests import make
from tests.make import Filed
from tests.services import stages
from tests.services.reviewing import refused
from tests.world import World


def shanghai(month: int, day: int, hour: int = 9, minute: int = 0) -> datetime:
    """Return a moment of 2026 in China."""
    return datetime(2026, month, day, hour, minute, tzinfo=SHANGHAI)


@dataclass(frozen=True)
class Scene:
    """An accepted case, its agency's machine, and the case's number."""

    world: World
    filed: Filed
    machine: Machine
    number: str

    def said(self, seq: int, kind: EventType, **payload: Any) -> Report:
        report = Report(
            event_id=f"e-{seq}",
            case_no=self.number,
            seq=seq,
            type=kind,
            occurred_at=self.world.clock.now(),
        )
        return replace(report, **payload)

    def started(self, seq: int = 1, **other: Any) -> Report:
        return self.said(seq, EventType.REVIEW_STARTED, **other)

    def decided(self, seq: int = 2, **other: Any) -> Report:
        report = self.said(
            seq,
            EventType.DECIDED,
            decision=Decision.APPROVED,
            document_no="示住建许〔2026〕1号",
        )
        return replace(report, **other)

    def rejected(self, seq: int = 2, **other: Any) -> Report:
        return self.decided(seq, decision=Decision.REJECTED, reason="路段新建未满五年。", **other)

    async def report(self, report: Report, machine: Machine | None = None) -> Reported:
        return await self.world.ctx.events.report(machine or self.machine, report)

    async def tell(self, kind: EventType, **payload: Any) -> Reported:
        """Report the case's next event."""
        seq = (await self.filed.case()).backoffice_seq + 1
        return await self.report(self.said(seq, kind, **payload))

    async def acknowledge(self) -> dict[str, Any]:
        """Take the case's oldest package that waits; return what it says."""
        handoff = self.world.ctx.handoff
        lease = await handoff.lease(self.machine, limit=1, seconds=60)
        [package] = lease.packages
        body: dict[str, Any] = json.loads(package.body)
        token = lease.token or ""
        await handoff.acknowledge(
            self.machine, package.id, token, package.digest, body["receipt_code"]
        )
        return body

    async def last_days(self) -> dict[str, str]:
        """Return the last day of every running clock of the case, by name."""
        running = await ClockInstance.filter(case_id=self.filed.case_id, stopped_at=None)
        return {clock.name: due_on(clock.due_at).isoformat() for clock in running}

    async def timeline(self) -> list[str]:
        """Return what the applicant reads of what happened."""
        progress = await self.world.ctx.progress.of_case(self.filed.citizen, self.filed.case_id)
        return [entry.text for entry in progress.timeline]

    @asynccontextmanager
    async def alarmed(
        self, problem: type[Problem], kind: AlertKind = AlertKind.OUT_OF_ORDER
    ) -> AsyncIterator[pytest.ExceptionInfo[Problem]]:
        """Expect a refusal that changes nothing, and that supervision hears of it."""
        before = set(await MonitorAlert.all().values_list("id", flat=True))
        async with refused(self.world, problem) as caught:
            yield caught
        [alert] = [each for each in await MonitorAlert.all() if each.id not in before]
        assert (alert.kind, alert.code) == (kind.value, problem.code)
        assert (alert.case_id, alert.light) == (self.filed.case_id, "RED")
        assert (alert.owner_role, alert.actor_id) == (
            Role.BACKOFFICE.value,
            self.machine.client_id,
        )


async def open_scene(world: World, item: str = "ITEM10", *, acked: bool = True) -> Scene:
    """Return an accepted case, by default with its package acknowledged."""
    filed = await stages.reviewed(world, item)
    machine = await make.machine(world, filed.item.agency_uscc)
    scene = Scene(world, filed, machine, str((await filed.case()).case_no))
    if acked:
        await scene.acknowledge()
    return scene
