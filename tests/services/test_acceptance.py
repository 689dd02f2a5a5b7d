"""Acceptance: when everything has passed, and by which of the item's ways."""

import pytest

from models.case import Case, CaseEvent, ClockInstance
from models.handoff import HandoffPackage
from models.material import Material
from models.payment import Fee
from models.rules.events import Event, Role
from models.rules.states import State
from models.unit import run_in_transaction
from services.actors import SYSTEM
from services.transitions import StepNotAllowed, StepNotYours
from services.verdicts import VerdictsIncomplete
from tests import make
from tests.make import Filed
from tests.services.reviewing import judge, refused, reviewer, second_round
from tests.world import World


async def accept(world: World, filed: Filed) -> Case:
    return await world.ctx.reviews.accept(reviewer(filed), filed.case_id)


@pytest.mark.requirement("前台窗口作受理决定")
async def test_accepting_makes_the_package_and_starts_the_decisions_clocks(world: World) -> None:
    filed = await make.judged(world, await make.citizen(world))
    case = await accept(world, filed)
    assert case.state is State.ACCEPTED
    kept = await filed.case()
    assert (kept.state, kept.accept_mode, kept.handoff_status) == (
        State.ACCEPTED,
        "NORMAL",
        "READY",
    )
    assert kept.accepted_at == world.clock.now()
    package = await HandoffPackage.get(case_id=filed.case_id)
    assert (package.seq, package.kind, package.status) == (1, "ACCEPTED", "READY")
    assert package.agency_uscc == "11511499MB9000082B"
    running = await ClockInstance.filter(case_id=filed.case_id, stopped_at=None)
    names = {clock.name for clock in running}
    assert names == {"DECISION_PROMISED", "DECISION_STATUTORY", "PAPER_HANDOVER"}


async def test_every_required_material_must_have_passed(world: World) -> None:
    filed = await make.claimed(world, await make.citizen(world))
    for code in filed.codes[:-1]:
        await world.ctx.reviews.put_verdict(reviewer(filed), filed.case_id, code, "PASS")
    async with refused(world, VerdictsIncomplete) as caught:
        await accept(world, filed)
    assert [fault.pointer for fault in caught.value.faults] == [f"/materials/{filed.codes[-1]}"]
    await judge(world, filed, "M02")
    async with refused(world, VerdictsIncomplete):
        await accept(world, filed)


async def test_an_earlier_pass_counts_for_the_version_it_was_given_on(world: World) -> None:
    filed = await make.claimed(world, await make.citizen(world))
    await second_round(world, filed, "M04")
    # M02, M03, M05 and M06 passed in the first round and are as they were.
    async with refused(world, VerdictsIncomplete) as caught:
        await accept(world, filed)
    assert [fault.pointer for fault in caught.value.faults] == ["/materials/M04"]
    await world.ctx.reviews.put_verdict(reviewer(filed), filed.case_id, "M04", "PASS")
    assert (await accept(world, filed)).state is State.ACCEPTED


async def test_a_pass_on_a_version_that_was_replaced_counts_for_nothing(world: World) -> None:
    filed = await make.judged(world, await make.citizen(world))
    old = await Material.get(case_id=filed.case_id, code="M02")
    values = await Material.filter(id=old.id).values()
    fields = {name: value for name, value in values[0].items() if name != "id"}
    await Material.filter(id=old.id).update(replaced_at=world.clock.now())
    await Material.create(**{**fields, "no": 2})
    async with refused(world, VerdictsIncomplete):
        await accept(world, filed)


async def test_a_second_acceptance_is_refused(world: World) -> None:
    filed = await make.accepted(world, await make.citizen(world))
    async with refused(world, StepNotAllowed):
        await accept(world, filed)
    assert await HandoffPackage.filter(case_id=filed.case_id).count() == 1


@pytest.mark.requirement("受理决定主体")
async def test_who_only_pre_reviews_does_not_accept(world: World) -> None:
    window = await make.officer(world)
    filed = await make.claimed(world, await make.citizen(world), "ITEM11", by=window)
    await judge(world, filed)
    async with refused(world, StepNotYours):
        await accept(world, filed)


async def test_some_items_are_accepted_at_the_window(world: World) -> None:
    """ITEM09: pre-review passes (T14), the originals come to the window (T15)."""
    filed = await make.judged(world, await make.citizen(world), "ITEM09")
    assert (await accept(world, filed)).state is State.PRE_REVIEW_PASSED
    assert not await HandoffPackage.exists(case_id=filed.case_id)
    dept = await make.officer(world, (Role.DEPT,), item=filed)
    async with refused(world, StepNotYours):
        await world.ctx.reviews.paper_received(dept, filed.case_id)
    window = await make.officer(world)
    case = await world.ctx.reviews.paper_received(window, filed.case_id)
    assert (case.state, case.accept_mode) == (State.ACCEPTED, "NORMAL")
    event = await CaseEvent.get(case_id=filed.case_id, row="T15")
    assert (event.actor_role, event.actor_id) == ("WINDOW", str(window.id))
    # 发改价格规〔2016〕2559号: 80 yuan for a dwelling, owed after acceptance.
    fee = await Fee.get(case_id=filed.case_id)
    assert (fee.stage, fee.amount_fen) == ("AFTER_ACCEPTANCE", 8000)
    assert (await filed.case()).payment_status == "UNPAID"
    async with refused(world, StepNotAllowed):
        await world.ctx.reviews.paper_received(window, filed.case_id)


async def test_papers_come_after_the_pre_review_only(world: World) -> None:
    filed = await make.judged(world, await make.citizen(world))
    async with refused(world, StepNotAllowed):
        await world.ctx.reviews.paper_received(reviewer(filed), filed.case_id)


async def test_a_fee_before_acceptance_is_asked_for_first(world: World) -> None:
    """ITEM11: 10 yuan for a lost card; accepted by the payment (T18, T19)."""
    filed = await make.judged(world, await make.citizen(world), "ITEM11")
    case = await accept(world, filed)
    assert (case.state, case.payment_status) == (State.AWAIT_PREPAYMENT, "UNPAID")
    assert (await Fee.get(case_id=filed.case_id)).amount_fen == 1000
    assert not await HandoffPackage.exists(case_id=filed.case_id)
    item = await world.ctx.items.version(case.item_version_id)
    await Fee.filter(case_id=filed.case_id).update(settled_at=world.clock.now())

    async def paid() -> None:
        held = await Case.filter(id=filed.case_id).select_for_update().get()
        acceptance = world.ctx.reviews.acceptance
        await acceptance.accept(held, item, Event.PAYMENT_CONFIRMED, SYSTEM)

    await run_in_transaction(paid)
    kept = await filed.case()
    assert (kept.state, kept.accept_mode, kept.handoff_status) == (
        State.ACCEPTED,
        "NORMAL",
        "READY",
    )
    assert await HandoffPackage.filter(case_id=filed.case_id).count() == 1


async def test_a_package_that_cannot_be_made_leaves_no_acceptance(world: World) -> None:
    """Promise 3: no accepted case without its package."""
    filed = await make.judged(world, await make.citizen(world))
    await HandoffPackage.create(
        case_id=filed.case_id,
        seq=2,  # the next one that would be made: one exists, so two is next
        kind="ACCEPTED",
        agency_uscc="11511499MB9000082B",
        schema_version="1",
        sealed=b"",
        digest="0" * 64,
        receipt_digest="0" * 64,
        created_at=world.clock.now(),
    )
    before = await world.rows("cases")
    with pytest.raises(Exception, match="uq_packages_seq"):
        await accept(world, filed)
    assert await world.rows("cases") == before
