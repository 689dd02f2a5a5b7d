"""先办后验 at its entry (T11): who may choose it, for what, and the mark that stays."""

from uuid import uuid4

import pytest

from models.case import Case, CaseEvent
from models.material import Material
from models.notice import Notice
from models.rules.events import Event, Role
from models.rules.reasons import DefectReason, Verdict
from models.rules.states import AcceptMode, State
from models.unit import run_in_transaction
from services.accepting import ModeNotChosen, Sanction
from services.actors import SYSTEM
from services.flavours import CreditUnrepaired, ModeNotAllowed, Wish
from services.submissions import MaterialsMissing
from services.verdicts import VerdictsIncomplete
from tests import make
from tests.make import Filed
from tests.services import stages
from tests.services.flavoured import at, body_of, discredit, published
from tests.services.reviewing import refused, reviewer
from tests.world import World

LATER = Wish(mode=AcceptMode.VERIFY_LATER)


async def _submitted(world: World, item: str = "ITEM05", wish: Wish = LATER) -> Filed:
    who = await make.citizen(world, make.LI)
    filed = await stages.drafted(world, who, item)
    await world.ctx.submissions.submit(who, filed.case_id, uuid4().hex, wish)
    return filed


async def _judged(world: World, item: str = "ITEM05", wish: Wish = LATER) -> Filed:
    filed = await _submitted(world, item, wish)
    filed.officer = await make.officer(world, (Role.WINDOW, Role.DEPT), item=filed)
    await world.ctx.reviews.claim(filed.officer, filed.case_id)
    for code in filed.codes:
        await world.ctx.reviews.put_verdict(filed.officer, filed.case_id, code, Verdict.PASS)
    return filed


async def _accept(world: World, filed: Filed, mode: AcceptMode | None = None) -> Case:
    return await world.ctx.reviews.accept(reviewer(filed), filed.case_id, Sanction(mode))


@pytest.mark.requirement("定义", "永久标识")
async def test_story_2_is_accepted_with_its_lasting_mark(world: World) -> None:
    """Story 2: 12 cubic metres on Wednesday 2026-04-29 at 15:00, accepted on the 30th."""
    world.clock.at = at("2026-04-29", "15:00")
    filed = await _submitted(world)
    notify = await _due(world, filed, "NOTIFY_5WD")
    # Saturday 2026-05-09 is a make-up working day: 24:00 in Shanghai.
    assert notify == "2026-05-09T16:00:00+00:00"
    world.clock.at = at("2026-04-30")
    filed.officer = await make.officer(world)
    await world.ctx.reviews.claim(filed.officer, filed.case_id)
    for code in filed.codes:
        await world.ctx.reviews.put_verdict(filed.officer, filed.case_id, code, Verdict.PASS)
    await _accept(world, filed)
    case = await filed.case()
    assert (case.state, case.accept_mode) == (State.ACCEPTED, "VERIFY_LATER")
    assert case.verify_later_mark
    assert await _due(world, filed, "DECISION_PROMISED") == "2026-05-08T16:00:00+00:00"
    event = await CaseEvent.get(case_id=filed.case_id, row="T11")
    assert (event.event, event.actor_role) == ("accept_verify_later", "WINDOW")
    kinds = {notice.kind for notice in await Notice.filter(case_id=filed.case_id)}
    assert kinds == {"N01", "N04"}
    # Nobody takes the mark back, not even by hand.
    with pytest.raises(Exception, match="permanent"):
        await world.database.execute("UPDATE cases SET verify_later_mark = false")
    assert (await filed.case()).verify_later_mark


async def _due(world: World, filed: Filed, name: str) -> str:
    """Return when a running clock of a case ends."""
    [row] = [
        row
        for row in await world.rows("clock_instances")
        if row["case_id"] == filed.case_id and row["name"] == name and row["stopped_at"] is None
    ]
    return str(row["due_at"].isoformat())


async def test_it_is_the_applicants_choice(world: World) -> None:
    filed = await _judged(world, wish=Wish())
    async with refused(world, ModeNotChosen):
        await _accept(world, filed, AcceptMode.VERIFY_LATER)
    # Who chose it may all the same be accepted as usual, with everything seen before.
    chosen = await _judged(world, wish=Wish(AcceptMode.VERIFY_LATER, another=True))
    await _accept(world, chosen, AcceptMode.NORMAL)
    case = await chosen.case()
    assert (case.accept_mode, case.verify_later_mark) == ("NORMAL", False)


@pytest.mark.requirement("排除类型")
@pytest.mark.parametrize(
    ("item", "why"), [("ITEM06", "财产性事务"), ("ITEM11", "以身份认证为核心内容")]
)
async def test_excluded_kinds_are_not_filed_so(world: World, item: str, why: str) -> None:
    who = await make.citizen(world, make.LI)
    filed = await stages.drafted(world, who, item)
    opened = await world.ctx.cases.get(who, filed.case_id)
    assert opened.item.body["flags"]["verify_later_exclusion"] == why
    async with refused(world, ModeNotAllowed):
        await world.ctx.submissions.submit(who, filed.case_id, uuid4().hex, LATER)


@pytest.mark.requirement("排除类型")
async def test_an_exclusion_outweighs_a_flag_that_says_otherwise(world: World) -> None:
    body = body_of("ITEM06", verify_later_allowed=True)
    await published(world, body)
    who = await make.citizen(world, make.LI)
    filed = await stages.drafted(world, who, "ITEM06")
    async with refused(world, ModeNotAllowed):
        await world.ctx.submissions.submit(who, filed.case_id, uuid4().hex, LATER)


async def test_the_pictures_are_complete_all_the_same(world: World) -> None:
    who = await make.citizen(world, make.LI)
    filed = await stages.drafted(world, who, "ITEM05")
    await world.ctx.materials.remove(who, filed.case_id, "M03")
    async with refused(world, MaterialsMissing):
        await world.ctx.submissions.submit(who, filed.case_id, uuid4().hex, LATER)
    judged = await _judged(world)
    await world.ctx.reviews.put_verdict(
        reviewer(judged), judged.case_id, "M03", Verdict.FAIL, DefectReason.BLURRED.value
    )
    async with refused(world, VerdictsIncomplete) as caught:
        await _accept(world, judged)
    assert [fault.pointer for fault in caught.value.faults] == ["/materials/M03"]


async def test_bad_credit_bars_it_when_filed_and_when_accepted(world: World) -> None:
    filed = await _judged(world)
    await discredit(world, filed)
    async with refused(world, CreditUnrepaired):
        await _accept(world, filed)
    other = await stages.drafted(world, filed.citizen, "ITEM05")
    async with refused(world, CreditUnrepaired):
        await world.ctx.submissions.submit(filed.citizen, other.case_id, uuid4().hex, LATER)
    # The ordinary way stays open (安阳条例29 bars promises, not applications).
    await _accept(world, filed, AcceptMode.NORMAL)
    assert (await filed.case()).accept_mode == "NORMAL"


async def test_originals_at_the_window_leave_no_room_for_it(world: World) -> None:
    body = body_of("ITEM05", online_depth="PRE_REVIEW_THEN_WINDOW")
    await published(world, body)
    filed = await _judged(world)
    async with refused(world, ModeNotAllowed):
        await _accept(world, filed)
    await _accept(world, filed, AcceptMode.NORMAL)
    assert (await filed.case()).state is State.PRE_REVIEW_PASSED


async def test_the_mode_is_kept_while_the_fee_before_acceptance_is_paid(world: World) -> None:
    """T18 and T19: "as chosen at T18"."""
    body = body_of("ITEM11", verify_later_allowed=True, verify_later_exclusion=None)
    await published(world, body)
    filed = await _judged(world, "ITEM11")
    await _accept(world, filed)
    case = await filed.case()
    assert (case.state, case.accept_mode) == (State.AWAIT_PREPAYMENT, "VERIFY_LATER")
    assert not case.verify_later_mark
    item = await world.ctx.items.version(case.item_version_id)

    async def paid() -> None:
        held = await Case.filter(id=filed.case_id).select_for_update().get()
        acceptance = world.ctx.reviews.acceptance
        await acceptance.accept(held, item, Event.PAYMENT_CONFIRMED, SYSTEM)

    await run_in_transaction(paid)
    case = await filed.case()
    assert (case.state, case.accept_mode) == (State.ACCEPTED, "VERIFY_LATER")
    assert case.verify_later_mark


@pytest.mark.requirement("数据库核对一致")
async def test_ones_own_card_is_marked_by_the_register(world: World) -> None:
    """Story 2: the real-name check has compared name and number with the register."""
    body = body_of("ITEM05")
    for each in body["materials"]:
        if each["code"] == "M02":
            each["holder"] = "APPLICANT"
    await published(world, body)
    filed = await _submitted(world)
    marks = {
        each.code: (each.verification, each.verification_source)
        for each in await Material.filter(case_id=filed.case_id)
    }
    source = "实名认证:姓名和身份证号与人口信息核对一致"
    assert marks.pop("M02") == ("DB_MATCHED", source)
    assert set(marks.values()) == {("NONE", None)}
