"""Never silent: who hears of a package that does not arrive, once, and what an operator can do."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from models.handoff import HandoffEscalation, HandoffLog, HandoffPackage
from models.rules.events import Role
from models.rules.handoff import ReturnCode
from models.rules.states import HandoffStatus, State
from models.staff import BackofficeClient
from models.supervision import MonitorAlert
from services.actors import SYSTEM, Machine
from services.handoff import Lease, LeaseLost, PackageUnknown
from services.handoff_desk import PackageArchived, ResendReasonMissing
from services.handoff_lists import PackageFilter
from services.handoff_watch import TELL_STUCK
from tests import make
from tests.make import Filed
from tests.services import stages
from tests.services.reviewing import ready, refused
from tests.services.timing import at, sweep
from tests.world import World

PHONE = "+8613800005678"
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Scene:
    """A case accepted on Monday at 09:10; its package has to be taken over by 14:30."""

    world: World
    filed: Filed
    machine: Machine

    async def row(self) -> HandoffPackage:
        return await HandoffPackage.get(case_id=self.filed.case_id, seq=1)

    async def watch(self, moment: datetime | None = None) -> int:
        if moment is not None:
            self.world.clock.at = moment
        _, look = self.world.parts.schedules["handoff.watch"]
        taken = await look()
        assert isinstance(taken, int)
        return taken

    async def steps(self) -> list[tuple[str, int]]:
        found = await HandoffEscalation.all().order_by("id")
        return [(each.reason, each.step) for each in found]

    async def take(self) -> Lease:
        return await self.world.ctx.handoff.lease(self.machine, limit=1, seconds=60)

    async def let_lapse(self) -> None:
        assert (await self.take()).packages
        self.world.clock.advance(timedelta(seconds=60))

    async def send_back(self) -> None:
        lease = await self.take()
        await self.world.ctx.handoff.give_back(
            self.machine, lease.packages[0].id, str(lease.token), ReturnCode.SCHEMA, "读不懂"
        )

    async def alerts(self) -> list[str]:
        found = await MonitorAlert.all().order_by("raised_at")
        return [each.code for each in found]

    async def messages(self) -> list[dict[str, Any]]:
        await stages.do(self.world, TELL_STUCK)
        answer = await self.world.phone.get("/outbox")
        assert answer.status == 200
        return [item for item in answer.json["items"] if item["channel"] == "sms"]

    async def metric(self, name: str) -> float:
        # Counted anew at most every 15 s.
        self.world.clock.advance(timedelta(seconds=15))
        text = (await self.world.http.get("/metrics")).body.decode()
        [line] = [line for line in text.splitlines() if line.startswith(name)]
        return float(line.split()[-1])


@pytest.fixture
async def scene(world: World) -> Scene:
    filed = await stages.reviewed(world)
    machine = await make.machine(world, filed.item.agency_uscc)
    await world.ctx.wake_ups.set_contact(SYSTEM, machine.client_id, PHONE)
    return Scene(world, filed, machine)


@pytest.mark.requirement("纸质交接 14:30 / 9:30")
async def test_what_is_not_taken_over_by_its_hour_is_told_once(scene: Scene) -> None:
    assert await scene.watch(at(3, 2, 14, 29)) == 0
    assert await scene.watch(at(3, 2, 14, 30)) == 1
    assert await scene.watch() == 0
    [message] = await scene.messages()
    assert message["to"] == PHONE.removeprefix("+86")
    assert await scene.watch(at(3, 2, 14, 59)) == 0
    assert await scene.watch(at(3, 2, 15)) == 1
    assert await scene.watch(at(3, 9, 15)) == 0
    assert await scene.steps() == [("LATE", 1), ("LATE", 2)]
    assert len(await scene.messages()) == 1
    # Supervision heard at 14:30 already, of the clock; not a second time.
    assert await scene.alerts() == []
    await sweep(scene.world)
    assert (await scene.alerts()).count("PAPER_HANDOVER") == 1
    assert "HANDOFF_LATE" not in await scene.alerts()


@pytest.mark.requirement("纸质交接 14:30 / 9:30")
async def test_a_later_package_has_its_hour_too(scene: Scene) -> None:
    await stages.taken_over(scene.world, scene.machine, scene.filed)
    scene.world.clock.at = at(3, 2, 16)
    await scene.world.ctx.withdrawals.request(scene.filed.citizen, scene.filed.case_id, "a-wish")
    assert await scene.watch(at(3, 3, 9, 29)) == 0
    assert await scene.watch(at(3, 3, 9, 30)) == 1
    assert await scene.watch(at(3, 3, 10)) == 1
    assert await scene.alerts() == ["HANDOFF_LATE"]
    alert = await MonitorAlert.get(code="HANDOFF_LATE")
    assert (alert.kind, alert.light, alert.owner_role) == ("OVERTIME", "RED", Role.BACKOFFICE)


async def test_three_leases_without_an_acknowledgement_are_told(scene: Scene) -> None:
    for _ in range(2):
        await scene.let_lapse()
    assert await scene.watch() == 0
    lease = await scene.take()
    assert lease.packages
    assert await scene.watch() == 0  # the third still lives
    scene.world.clock.advance(timedelta(seconds=60))
    assert await scene.watch() == 1
    scene.world.clock.advance(timedelta(minutes=30))
    assert await scene.watch() == 1
    assert await scene.steps() == [("UNACKED", 1), ("UNACKED", 2)]
    assert await scene.alerts() == ["HANDOFF_UNACKED"]
    assert await scene.metric('zhangban_handoff_stuck{reason="UNACKED"}') == 1


async def test_the_second_return_is_told_and_the_first_is_not(scene: Scene) -> None:
    await scene.send_back()
    assert await scene.watch() == 0
    await scene.send_back()
    assert await scene.watch() == 1
    assert await scene.steps() == [("RETURNED", 1)]
    history = await HandoffLog.filter(act="ESCALATED").values_list("code", "text")
    assert [tuple(each) for each in history] == [("RETURNED", "后台联系人")]
    await stages.taken_over(scene.world, scene.machine, scene.filed)
    scene.world.clock.advance(HOUR)
    assert await scene.watch() == 0
    assert await scene.metric('zhangban_handoff_stuck{reason="RETURNED"}') == 0
    assert await scene.metric("zhangban_handoff_open") == 0


async def test_many_that_are_late_together_make_one_message(scene: Scene) -> None:
    await ready(scene.world, scene.filed, 4)
    assert await scene.watch(at(3, 2, 14, 30)) == 5
    [message] = await scene.messages()
    assert "5" in json.dumps(message, ensure_ascii=False)
    assert await scene.metric('zhangban_handoff_stuck{reason="LATE"}') == 5
    assert await scene.metric("zhangban_handoff_oldest_seconds") > 5 * 3600


async def test_a_system_of_other_items_is_not_told(scene: Scene) -> None:
    await BackofficeClient.filter(client_id=scene.machine.client_id).update(items=["OTHER-ITEM"])
    assert await scene.watch(at(3, 2, 14, 30)) == 1
    assert await scene.messages() == []


async def test_a_contact_lies_sealed(scene: Scene) -> None:
    assert PHONE not in str(await scene.world.rows("backoffice_clients"))
    await scene.world.ctx.wake_ups.set_contact(SYSTEM, scene.machine.client_id, None)
    assert await scene.watch(at(3, 2, 14, 30)) == 1
    assert await scene.messages() == []


async def test_an_acknowledged_package_is_sent_again_with_a_reason(scene: Scene) -> None:
    desk, ctx = scene.world.ctx.handoff_desk, scene.world.ctx
    lease = await scene.take()
    first = lease.packages[0]
    code = json.loads(first.body)["receipt_code"]
    proof = (first.id, str(lease.token), first.digest, code)
    await ctx.handoff.acknowledge(scene.machine, *proof)
    async with refused(scene.world, ResendReasonMissing):
        await desk.resend(SYSTEM, first.id, "  ")
    scene.world.clock.at = at(3, 3, 13)
    await desk.resend(SYSTEM, first.id, "后台数据库恢复到昨天")
    row = await scene.row()
    assert (row.status, row.acked_at, row.pull_by) == ("READY", None, at(3, 4, 9, 30))
    # It was handed over once, and its back-office can go on reporting.
    assert (await scene.filed.case()).handoff_status == "ACKED"
    async with refused(scene.world, LeaseLost):
        await ctx.handoff.acknowledge(scene.machine, *proof)
    again = await scene.take()
    assert (again.packages[0].body, again.packages[0].digest) == (first.body, first.digest)
    assert (await scene.filed.case()).handoff_status == "ACKED"
    await ctx.handoff.acknowledge(scene.machine, first.id, str(again.token), first.digest, code)
    shown = await desk.show(first.id)
    acts = [each.act for each in shown.history]
    assert acts == ["LEASED", "ACKED", "RESENT", "LEASED", "ACKED"]
    assert shown.history[2].text == "后台数据库恢复到昨天"
    [entry] = [
        row for row in await scene.world.rows("audit_log") if row["action"] == "handoff.resend"
    ]
    assert entry["object_id"] == str(first.id)


async def test_sending_again_ends_a_lease_and_counts_anew(scene: Scene) -> None:
    for _ in range(3):
        await scene.let_lapse()
    assert await scene.watch() == 1
    stale = await scene.take()
    await scene.world.ctx.handoff_desk.resend(SYSTEM, stale.packages[0].id, "")
    row = await scene.row()
    assert (row.status, row.leases, await scene.steps()) == ("READY", 0, [])
    assert (await scene.filed.case()).handoff_status == "READY"
    async with refused(scene.world, LeaseLost):
        await scene.world.ctx.handoff.extend(
            scene.machine, stale.packages[0].id, str(stale.token), 60
        )


async def test_an_archived_case_is_not_handed_over_again(scene: Scene) -> None:
    await stages.taken_over(scene.world, scene.machine, scene.filed)
    case = await scene.filed.case()
    case.state = State.ARCHIVED
    await case.save(update_fields=["state"])
    async with refused(scene.world, PackageArchived):
        await scene.world.ctx.handoff_desk.resend(SYSTEM, (await scene.row()).id, "要再看一次")


async def test_an_operator_sees_every_package(scene: Scene) -> None:
    await ready(scene.world, scene.filed, 2)
    await stages.taken_over(scene.world, scene.machine, scene.filed)
    desk = scene.world.ctx.handoff_desk
    page = await desk.list(PackageFilter(), limit=1, after=None)
    rest = await desk.list(PackageFilter(), limit=5, after=page.following)
    assert (len(page.packages), len(rest.packages), rest.following) == (1, 1, None)
    acked = await desk.list(PackageFilter(status=HandoffStatus.ACKED), limit=5, after=None)
    assert [each.acked_by for each in acked.packages] == [scene.machine.client_id]
    nobody = PackageFilter(agency_uscc="11511499MB90000238")
    assert (await desk.list(nobody, limit=5, after=None)).packages == []
    async with refused(scene.world, PackageUnknown):
        await desk.show(scene.filed.case_id)
