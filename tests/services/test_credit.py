"""Credit: proposed, confirmed by somebody else, told, objected to, reported, repaired."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from models.credit import CreditEvent
from models.message import Message
from models.notice import Notice
from models.rules.credit import CreditStatus
from models.rules.events import Role
from services.actors import Officer
from services.credit import has_bad
from services.credit_problems import (
    CreditEventUnknown,
    CreditNotNow,
    ObjectionClosed,
    OwnProposal,
)
from services.errors import Forbidden
from tests import make
from tests.make import Filed
from tests.services import stages, verifying
from tests.services.reviewing import refused, reviewer
from tests.world import World

OBJECTION = "我当天住院,有出院证明。"
REASONS = "经核实,情况属实。"
# Confirmed on Friday 15 May; ten working days on is Friday 29 May.
CONFIRMED = datetime(2026, 5, 15, 2, 0, tzinfo=UTC)
WINDOW_END = datetime(2026, 5, 29, 16, 0, tzinfo=UTC)


async def proposed(world: World) -> tuple[Filed, CreditEvent]:
    """Return story 2's case after 14 May, and what was proposed with its end."""
    filed = await verifying.lacking(world)
    world.clock.at = verifying.TIMEOUT
    assert await verifying.time_out(world, filed, world.ctx.originals.ends.timed_out)
    await stages.do(world, "notice.issue")
    world.clock.at = CONFIRMED
    return filed, await CreditEvent.get(case_id=filed.case_id)


async def confirmed(world: World) -> tuple[Filed, CreditEvent, Officer]:
    filed, event = await proposed(world)
    officer = await make.officer(world, (Role.SUPERVISOR,))
    return filed, await world.ctx.credit.confirm(officer, event.id), officer


async def status(event: CreditEvent) -> str:
    return (await CreditEvent.get(id=event.id)).status


@pytest.mark.requirement("终止办理+信用档案")
async def test_nothing_is_reported_that_nobody_confirmed(world: World) -> None:
    filed, event = await proposed(world)
    world.clock.at += timedelta(days=400)
    assert await world.ctx.credit.tick() == 0
    assert await status(event) == "PROPOSED"
    assert not await has_bad(filed.citizen.account_id)


@pytest.mark.requirement("终止办理+信用档案")
async def test_a_confirmed_event_counts_and_is_reported_after_ten_working_days(
    world: World,
) -> None:
    filed, event, officer = await confirmed(world)
    assert (event.status, event.confirmed_by) == ("NOTIFIED", officer.id)
    assert event.objection_due_at == WINDOW_END
    assert await has_bad(filed.citizen.account_id)
    world.clock.at = WINDOW_END - timedelta(seconds=1)
    assert await world.ctx.credit.tick() == 0
    world.clock.at = WINDOW_END
    assert await world.ctx.credit.tick() == 1
    assert await world.ctx.credit.tick() == 0
    assert await status(event) == "REPORTED"
    assert await has_bad(filed.citizen.account_id)


async def test_the_person_is_told_when_it_is_confirmed(world: World) -> None:
    filed, event, _ = await confirmed(world)
    assert await stages.do(world, "message.deliver") == 1
    message = await Message.get(key=f"credit:{event.id}:notified")
    assert (message.case_id, message.data["thing2"]) == (filed.case_id, "有失信记录告知,请查看")
    assert message.status != "PENDING"


async def test_an_objection_that_is_upheld_ends_it(world: World) -> None:
    """Story 2, branch b: after objection upheld, CANCELLED."""
    filed, event, officer = await confirmed(world)
    await world.ctx.credit.object(filed.citizen, event.id, OBJECTION)
    row = await CreditEvent.get(id=event.id)
    assert row.status == "OBJECTED"
    assert row.objection_sealed is not None
    assert OBJECTION.encode() not in row.objection_sealed
    assert world.ctx.credit.objection_of(row) == OBJECTION
    world.clock.at = WINDOW_END + timedelta(days=30)
    assert await world.ctx.credit.tick() == 0
    await world.ctx.credit.decide(officer, event.id, REASONS, upheld=True)
    assert await status(event) == "CANCELLED"
    assert not await has_bad(filed.citizen.account_id)
    assert await world.ctx.credit.tick() == 0


async def test_an_objection_that_is_refused_lets_it_go_on(world: World) -> None:
    filed, event, officer = await confirmed(world)
    await world.ctx.credit.object(filed.citizen, event.id, OBJECTION)
    await world.ctx.credit.decide(officer, event.id, "没有提供住院证明。", upheld=False)
    [mine] = await world.ctx.credit.mine(filed.citizen)
    assert (mine.status, mine.decision) == ("NOTIFIED", "没有提供住院证明。")
    assert not world.ctx.credit.may_object(mine)
    async with refused(world, ObjectionClosed):
        await world.ctx.credit.object(filed.citizen, event.id, "我还是不同意。")
    assert await world.ctx.credit.tick() == 0
    world.clock.at = WINDOW_END
    assert await world.ctx.credit.tick() == 1
    assert await status(event) == "REPORTED"


async def test_a_proposal_can_be_objected_to_already(world: World) -> None:
    """N20 tells of the right; refused before the confirmation, it can be used once more after."""
    filed, event = await proposed(world)
    await world.ctx.credit.object(filed.citizen, event.id, OBJECTION)
    officer = await make.officer(world, (Role.SUPERVISOR,))
    async with refused(world, CreditNotNow):
        await world.ctx.credit.confirm(officer, event.id)
    await world.ctx.credit.decide(officer, event.id, "没有提供证明。", upheld=False)
    assert await status(event) == "PROPOSED"
    async with refused(world, ObjectionClosed):
        await world.ctx.credit.object(filed.citizen, event.id, "再次说明。")
    world.clock.at += timedelta(hours=1)
    await world.ctx.credit.confirm(officer, event.id)
    again = await world.ctx.credit.object(filed.citizen, event.id, "现在有证明了。")
    assert world.ctx.credit.objection_of(again) == f"{OBJECTION}\n\n现在有证明了。"


async def test_the_same_objection_twice_is_one(world: World) -> None:
    filed, event, _ = await confirmed(world)
    first = await world.ctx.credit.object(filed.citizen, event.id, OBJECTION)
    world.clock.at += timedelta(minutes=1)
    again = await world.ctx.credit.object(filed.citizen, event.id, OBJECTION)
    assert again.objected_at == first.objected_at
    async with refused(world, ObjectionClosed):
        await world.ctx.credit.object(filed.citizen, event.id, "换一个说法。")


async def test_the_same_objection_in_two_paragraphs_is_one(world: World) -> None:
    filed, event = await proposed(world)
    officer = await make.officer(world, (Role.SUPERVISOR,))
    first = "我当时在住院。\n\n有证明。"
    for words in (first, "证明在这里。\n\n请看第二页。"):
        await world.ctx.credit.object(filed.citizen, event.id, words)
        before = await world.rows("credit_events")
        await world.ctx.credit.object(filed.citizen, event.id, words)
        assert await world.rows("credit_events") == before
        if words == first:
            await world.ctx.credit.decide(officer, event.id, "没有提供证明。", upheld=False)
            world.clock.at += timedelta(hours=1)
            await world.ctx.credit.confirm(officer, event.id)


async def test_the_time_to_object_ends_with_its_last_day(world: World) -> None:
    filed, event, _ = await confirmed(world)
    world.clock.at = WINDOW_END
    async with refused(world, ObjectionClosed):
        await world.ctx.credit.object(filed.citizen, event.id, OBJECTION)


async def test_who_found_it_does_not_confirm_it(world: World) -> None:
    """T41: neither the first officer nor the second, whatever other roles they have."""
    filed, check_id = await verifying.suspected(world)
    officer = await verifying.second(world)
    await world.ctx.originals.confirm(officer, filed.case_id, check_id, "属实。")
    event = await CreditEvent.get(case_id=filed.case_id)
    for each in (reviewer(filed), officer):
        both = Officer(each.id, each.roles | {Role.SUPERVISOR}, each.office)
        async with refused(world, OwnProposal):
            await world.ctx.credit.confirm(both, event.id)
        async with refused(world, Forbidden):
            await world.ctx.credit.confirm(each, event.id)
    other = await make.officer(world, (Role.SUPERVISOR,))
    async with refused(world, CreditNotNow):
        # The notice is owed, and has not been issued yet.
        await world.ctx.credit.confirm(other, event.id)
    await stages.do(world, "notice.issue")
    await world.ctx.credit.confirm(other, event.id)
    async with refused(world, CreditNotNow):
        await world.ctx.credit.confirm(other, event.id)


async def test_nothing_is_confirmed_of_which_nobody_was_told(world: World) -> None:
    filed, event = await proposed(world)
    await Notice.filter(case_id=filed.case_id, kind="N20").delete()
    officer = await make.officer(world, (Role.SUPERVISOR,))
    async with refused(world, CreditNotNow):
        await world.ctx.credit.confirm(officer, event.id)


async def test_what_does_not_stand_is_cancelled(world: World) -> None:
    _, event = await proposed(world)
    officer = await make.officer(world, (Role.SUPERVISOR,))
    await world.ctx.credit.cancel(officer, event.id, REASONS)
    assert await status(event) == "CANCELLED"
    async with refused(world, CreditNotNow):
        await world.ctx.credit.confirm(officer, event.id)


async def test_what_is_repaired_or_old_counts_no_more(world: World) -> None:
    filed, event, officer = await confirmed(world)
    world.clock.at = WINDOW_END
    await world.ctx.credit.tick()
    await world.ctx.credit.repair(officer, event.id, "已经补交原件。")
    assert await status(event) == "REPAIRED"
    assert not await has_bad(filed.citizen.account_id)
    async with refused(world, CreditNotNow):
        await world.ctx.credit.repair(officer, event.id, "已经补交原件。")


async def test_a_record_ends_by_itself_after_its_time(world: World) -> None:
    filed, event, _ = await confirmed(world)
    world.clock.at = WINDOW_END
    await world.ctx.credit.tick()
    world.clock.at = CONFIRMED + timedelta(days=365) - timedelta(seconds=1)
    assert await world.ctx.credit.tick() == 0
    world.clock.at += timedelta(seconds=1)
    assert await world.ctx.credit.tick() == 1
    assert await status(event) == "REPAIRED"
    assert not await has_bad(filed.citizen.account_id)


async def test_somebody_elses_record_is_unknown(world: World) -> None:
    _, event, _ = await confirmed(world)
    other = await make.citizen(world)
    async with refused(world, CreditEventUnknown):
        await world.ctx.credit.object(other, event.id, OBJECTION)
    assert list(await world.ctx.credit.mine(other)) == []


async def test_a_supervisor_sees_all_of_a_kind(world: World) -> None:
    _, event = await proposed(world)
    officer = await make.officer(world, (Role.SUPERVISOR,))

    async def listed(status: CreditStatus | None, before: UUID | None = None) -> list[UUID]:
        found = await world.ctx.credit.list(officer, status, limit=10, before=before)
        return [each.id for each in found]

    assert await listed(CreditStatus.PROPOSED) == [event.id]
    assert await listed(CreditStatus.REPORTED) == []
    assert await listed(None, before=event.id) == []


async def test_every_act_is_in_the_log(world: World) -> None:
    filed, event, officer = await confirmed(world)
    await world.ctx.credit.object(filed.citizen, event.id, OBJECTION)
    await world.ctx.credit.list(officer, None, limit=10, before=None)
    await world.ctx.credit.decide(officer, event.id, "没有提供证明。", upheld=False)
    world.clock.at = WINDOW_END
    await world.ctx.credit.tick()
    await world.ctx.credit.repair(officer, event.id, "已经补交原件。")
    log = [row for row in await world.rows("audit_log") if row["action"].startswith("credit.")]
    assert [(row["action"], row["actor_role"]) for row in log] == [
        ("credit.confirm", "SUPERVISOR"),
        ("credit.object", "APPLICANT"),
        ("credit.read", "SUPERVISOR"),
        ("credit.refuse_objection", "SUPERVISOR"),
        ("credit.report", "SYSTEM"),
        ("credit.repair", "SUPERVISOR"),
    ]
    assert OBJECTION not in str(log)
