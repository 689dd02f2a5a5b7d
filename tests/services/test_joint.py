"""Joint cases (联办件): filed once, handled by each department, told of in one place."""

from datetime import timedelta
from uuid import uuid4

import pytest

from models.case import Case, CaseEvent
from models.material import Material
from models.notice import Notice
from models.promise import ShortfallItem
from models.review import Correction
from models.rules.events import Event, Role
from models.rules.reasons import RefusalReason
from models.rules.states import State
from services.access import CaseUnknown
from services.events import Decision
from services.flavours import Wish
from services.issuing import opened
from services.refusals import Refusal
from services.submissions import MaterialsMissing
from services.transitions import StepNotAllowed
from tests import make
from tests.make import Filed
from tests.services import joining, stages
from tests.services.reviewing import refused, reviewer
from tests.services.timing import running, step
from tests.world import World


async def states(*filed: Filed) -> list[State]:
    return [(await each.case()).state for each in filed]


async def test_one_filing_reaches_every_department(world: World) -> None:
    filed, forest, road = await joining.submitted(world)
    assert await states(filed, forest, road) == [State.SUBMITTED] * 3
    numbers = {(await each.case()).case_no for each in (filed, forest, road)}
    assert len(numbers) == 3
    whole = {m.code: m for m in await Material.filter(case_id=filed.case_id)}
    parts = {m.code: m for m in await Material.filter(case_id=road.case_id)}
    assert set(parts) == {"M02", "M03", "M04", "M05", "M06"}
    assert parts["M03"].original_key == whole["R03"].original_key
    assert parts["M03"].original_key != whole["M03"].original_key
    form = (await world.ctx.cases.get(filed.citizen, road.case_id)).form.values
    assert form["area_m2"] == 12.5
    assert "species" not in form
    # Whoever has the application keeps the time; nobody reviews the parent.
    assert set(await running(filed)) == set()
    assert set(await running(road)) == {"PRE_REVIEW_SLA", "NOTIFY_5WD"}


async def test_what_one_department_lacks_is_filed_with_none(world: World) -> None:
    filed = await joining.drafted(world, await make.citizen(world), without=["R04"])
    async with refused(world, MaterialsMissing):
        await world.ctx.submissions.submit(filed.citizen, filed.case_id, uuid4().hex)
    assert await Case.all().count() == 1


async def test_the_same_submission_twice_makes_the_children_once(world: World) -> None:
    filed = await joining.drafted(world, await make.citizen(world))
    first = await world.ctx.submissions.submit(filed.citizen, filed.case_id, "once-and-again")
    again = await world.ctx.submissions.submit(filed.citizen, filed.case_id, "once-and-again")
    assert first == again
    assert await Case.filter(parent_id=filed.case_id).count() == 2


async def test_it_is_accepted_when_all_have_accepted(world: World) -> None:
    """The joint statutory limit, 45 working days (行政许可法42), runs on the parent."""
    filed, forest, road = await joining.submitted(world)
    await joining.review(world, forest)
    assert await states(filed) == [State.SUBMITTED]
    await joining.review(world, road)
    case = await filed.case()
    assert (case.state, case.handoff_status) == (State.ACCEPTED, "NONE")
    assert await joining.trail(filed) == ["T01", "T03", "T09"]
    event = await CaseEvent.get(case_id=filed.case_id, row="T09")
    assert (event.actor_role, event.actor_id) == ("WINDOW", None)
    assert event.data["joint"]["child_id"] == str(road.case_id)
    packed = {row["case_id"] for row in await world.rows("handoff_packages")}
    assert packed == {forest.case_id, road.case_id}
    # From Monday 2 March; 6 April (Qingming) and 1, 4 and 5 May are off.
    clock = (await running(filed))["DECISION_STATUTORY"]
    assert clock.due_at.isoformat() == "2026-05-08T16:00:00+00:00"


async def test_what_all_departments_want_is_told_at_once(world: World) -> None:
    """一次性告知: one notice of the parent holds every department's points."""
    filed, forest, road = await joining.submitted(world)
    await joining.review(world, forest, "M03")
    assert await states(filed) == [State.SUBMITTED]
    assert not await Notice.exists(case_id=filed.case_id, kind="N02")
    await joining.review(world, road, "M04", "M05")
    assert await states(filed) == [State.CORRECTION_REQUIRED]
    assert await Notice.filter(case_id=filed.case_id, kind="N02").count() == 1
    notice = await Correction.get(case_id=filed.case_id, round=1)
    assert sorted(point["name"].split(":")[1] for point in notice.items) == [
        "施工图及设计文件",
        "施工组织方案与安全保证措施",
        "林木权属证明",
    ]
    progress = await world.ctx.progress.of_case(filed.citizen, filed.case_id)
    assert progress.correction is not None
    assert len(progress.correction["items"]) == 3
    shown = await world.ctx.joint.show(filed.citizen, filed.case_id)
    assert sorted(len(child.points) for child in shown) == [1, 2]
    # The parent has no time of its own to let pass.
    assert set(await running(filed)) == set()


async def test_when_all_is_answered_it_goes_on(world: World) -> None:
    filed, forest, road = await joining.submitted(world)
    await joining.review(world, forest, "M03")
    await joining.review(world, road)
    assert await states(filed) == [State.CORRECTION_REQUIRED]
    await step(world, forest, Event.RESUBMIT, Role.APPLICANT)
    await joining.follow(world)
    assert await states(filed) == [State.SUBMITTED]
    await step(world, forest, Event.CLAIM, Role.WINDOW)
    await step(world, forest, Event.ACCEPT, Role.WINDOW)
    await joining.follow(world)
    assert await joining.trail(filed) == ["T01", "T05", "T06", "T03", "T09"]


async def test_it_closes_with_the_last_child(world: World) -> None:
    filed, forest, road = await joining.submitted(world)
    await joining.review(world, forest)
    await joining.review(world, road)
    await joining.decide(world, forest, Decision.APPROVED)
    assert await states(filed) == [State.ACCEPTED]
    await joining.decide(world, road, Decision.REJECTED)
    case = await filed.case()
    assert (case.state, case.decision) == (State.APPROVED, "APPROVED")
    event = await CaseEvent.get(case_id=filed.case_id, row="T28")
    assert "没有批准" in event.data["text"]
    await joining.pick_up(world, forest, reviewer(forest))
    assert await states(filed) == [State.APPROVED]
    await joining.pick_up(world, road, reviewer(road))
    assert await states(filed, forest, road) == [State.DELIVERED] * 3
    assert (await filed.case()).closed_at == world.clock.now()


async def test_withdrawing_it_withdraws_every_part(world: World) -> None:
    filed, forest, road = await joining.submitted(world)
    await joining.review(world, forest, "M03")
    await world.ctx.submissions.withdraw(filed.citizen, filed.case_id, uuid4().hex)
    assert await states(filed, forest, road) == [State.WITHDRAWN] * 3
    before = await world.rows("case_events")
    await joining.follow(world)
    assert await world.rows("case_events") == before


async def test_a_part_that_was_accepted_is_asked_for(world: World) -> None:
    """After acceptance the back-office answers (T47); the parent waits for it."""
    filed, forest, road = await joining.submitted(world)
    await joining.review(world, forest)
    await world.ctx.submissions.withdraw(filed.citizen, filed.case_id, uuid4().hex)
    assert await states(filed, forest, road) == [
        State.SUBMITTED,
        State.ACCEPTED,
        State.WITHDRAWN,
    ]
    assert (await forest.case()).withdraw_requested_at == world.clock.now()
    assert (await filed.case()).withdraw_requested_at == world.clock.now()
    packed = [(row["case_id"], row["kind"]) for row in await world.rows("handoff_packages")]
    assert sorted(packed, key=lambda each: each[1]) == [
        (forest.case_id, "ACCEPTED"),
        (forest.case_id, "WITHDRAW_REQUEST"),
    ]
    await step(world, forest, Event.WITHDRAW_CONFIRMED, Role.BACKOFFICE)
    await joining.follow(world)
    assert await states(filed) == [State.WITHDRAWN]


async def test_an_accepted_case_is_asked_for_from_each_department(world: World) -> None:
    filed, forest, road = await joining.submitted(world)
    await joining.review(world, forest)
    await joining.review(world, road)
    await joining.decide(world, road, Decision.REJECTED)
    await world.ctx.withdrawals.request(filed.citizen, filed.case_id, uuid4().hex)
    asked = {
        row["case_id"]
        for row in await world.rows("handoff_packages")
        if row["kind"] == "WITHDRAW_REQUEST"
    }
    # The decision of the road department stands; the parent itself has no back-office.
    assert asked == {forest.case_id}
    await world.ctx.withdrawals.take_back(filed.citizen, filed.case_id)
    assert {row["status"] for row in await world.rows("withdrawals")} == {"TAKEN_BACK"}
    await world.ctx.withdrawals.request(filed.citizen, filed.case_id, uuid4().hex)
    await step(world, forest, Event.WITHDRAW_CONFIRMED, Role.BACKOFFICE)
    await joining.follow(world)
    assert await states(filed, forest) == [State.REJECTED, State.WITHDRAWN]


async def test_a_part_can_be_withdrawn_alone(world: World) -> None:
    filed, forest, road = await joining.submitted(world)
    await joining.review(world, forest)
    await world.ctx.submissions.withdraw(filed.citizen, road.case_id, uuid4().hex)
    await joining.follow(world)
    assert await states(filed) == [State.ACCEPTED]


async def test_nobody_handles_the_parent(world: World) -> None:
    filed, forest, road = await joining.submitted(world)
    officer = await make.officer(world)
    async with refused(world, StepNotAllowed):
        await world.ctx.reviews.claim(officer, filed.case_id)
    async with refused(world, StepNotAllowed):
        await step(world, filed, Event.DEEM_ACCEPTED, Role.SYSTEM)
    page = await world.ctx.reviews.queue(officer, None, limit=10, cursor=None)
    assert {entry.id for entry in page.entries} == {forest.case_id, road.case_id}


async def test_a_late_job_does_no_harm(world: World) -> None:
    filed, forest, road = await joining.submitted(world)
    await joining.review(world, forest)
    await joining.review(world, road)
    before = await world.rows("case_events")
    payload = {"parent_id": str(filed.case_id), "child_id": str(forest.case_id), "seq": 1}
    await world.ctx.joint.roll_up(payload)
    assert await world.rows("case_events") == before


async def test_the_children_are_seen_over_http(world: World) -> None:
    filed, _, road = await joining.submitted(world)
    await joining.review(world, road, "M04")
    path = f"/v1/cases/{filed.case_id}/children"
    mine = make.token(world, filed.citizen)
    shown = (await world.http.get(path, token=mine)).json["children"]
    assert [each["state"] for each in shown] in (
        ["SUBMITTED", "CORRECTION_REQUIRED"],
        ["CORRECTION_REQUIRED", "SUBMITTED"],
    )
    [points] = [each["points"] for each in shown if each["points"]]
    assert points == [
        {
            "material_code": "M04",
            "field": None,
            "name": "施工图及设计文件",
            "requirement": "请重新拍照。",
        }
    ]
    other = await make.citizen(world, make.LI)
    answer = await world.http.get(path, token=make.token(world, other))
    assert (answer.status, answer.json["code"]) == (404, "case_unknown")
    with pytest.raises(CaseUnknown):
        await world.ctx.joint.show(other, filed.case_id)


async def test_any_other_case_has_no_children(world: World) -> None:
    filed = await stages.reviewed(world)
    assert list(await world.ctx.joint.show(filed.citizen, filed.case_id)) == []
    assert not [name for name, _ in await world.jobs() if name == "joint.roll_up"]


async def notices(*filed: Filed) -> list[list[str]]:
    """Return the kinds of the notices that were issued, of each case, in order."""
    found = []
    for each in filed:
        issued = Notice.filter(case_id=each.case_id, digest__not_isnull=True)
        found.append([notice.kind for notice in await issued.order_by("seq", "kind")])
    return found


async def test_one_receipt_speaks_for_every_department(world: World) -> None:
    filed, forest, road = await joining.submitted(world)
    await stages.do(world, "notice.issue")
    assert await notices(filed, forest, road) == [["N01"], [], []]


async def test_no_department_repeats_what_the_whole_notice_says(world: World) -> None:
    filed, forest, road = await joining.submitted(world)
    world.clock.advance(timedelta(hours=1))
    await joining.review(world, forest, "M03")
    await joining.review(world, road, "M04")
    await stages.do(world, "notice.issue")
    assert await notices(filed, forest, road) == [["N01", "N02"], [], []]


async def test_a_department_tells_alone_while_the_whole_has_to_wait(world: World) -> None:
    """Its days run (行政许可法32(四)), whoever else is still looking."""
    filed, forest, road = await joining.submitted(world)
    await joining.review(world, forest, "M03")
    await stages.do(world, "notice.issue")
    assert await notices(filed, forest, road) == [["N01"], ["N02"], []]


async def test_the_whole_refusal_gives_each_departments_reason(world: World) -> None:
    filed, forest, road = await joining.submitted(world)
    await world.ctx.submissions.withdraw(filed.citizen, road.case_id, uuid4().hex)
    officer = await make.officer(world, (Role.WINDOW, Role.DEPT), item=forest)
    reason = RefusalReason.NOT_IN_JURISDICTION
    refusal = Refusal(reason, "山场在邻县。", "邻县林业局")
    await world.ctx.reviews.refuse(officer, forest.case_id, refusal)
    await joining.follow(world)
    assert await states(filed) == [State.NOT_ACCEPTED]
    event = await CaseEvent.get(case_id=filed.case_id, row="T08")
    assert event.data["reason_code"] == "NOT_IN_JURISDICTION"
    assert event.data["explanation"] == "山场在邻县。"
    assert event.data["redirect_agency"] == "邻县林业局"
    await stages.do(world, "notice.issue")
    notice = await Notice.get(case_id=filed.case_id, kind="N03")
    words = opened(world.ctx.notices.crypto, notice).decode()
    assert "邻县林业局" in words
    assert "山场在邻县" in words


async def test_a_part_that_ran_out_of_time_lets_the_rest_go_on(world: World) -> None:
    filed, forest, road = await joining.submitted(world)
    await joining.review(world, road)
    await joining.review(world, forest, "M03")
    assert await states(filed) == [State.CORRECTION_REQUIRED]
    await stages.do(world, "notice.issue")
    await step(world, forest, Event.CORRECTION_TIMEOUT, Role.SYSTEM)
    await joining.follow(world)
    assert await states(filed, forest) == [State.ACCEPTED, State.WITHDRAWN_DEEMED]
    event = await CaseEvent.get(case_id=filed.case_id, row="T06")
    assert "到期没有补" in event.data["text"]
    await stages.do(world, "notice.issue")
    # Nothing came in at T06, so nothing is acknowledged.
    assert await notices(filed) == [["N01", "N02", "N04"]]


async def test_when_every_part_ran_out_of_time_so_did_the_whole(world: World) -> None:
    filed, forest, road = await joining.submitted(world)
    await joining.review(world, forest, "M03")
    await joining.review(world, road, "M04")
    for child in (forest, road):
        await step(world, child, Event.CORRECTION_TIMEOUT, Role.SYSTEM)
    await joining.follow(world)
    assert await states(filed) == [State.WITHDRAWN_DEEMED]
    assert (await joining.trail(filed))[-1] == "T07"
    await stages.do(world, "notice.issue")
    assert (await notices(filed))[0][-1] == "N12"


async def test_what_may_come_later_in_one_department_is_wished_for_there(world: World) -> None:
    """容缺: the road department lets M05 come later; the forest department is an ordinary case."""
    filed = await joining.drafted(world, await make.citizen(world), without=["R05"])
    wish = Wish(shortfall=["R05"])
    await world.ctx.submissions.submit(filed.citizen, filed.case_id, uuid4().hex, wish)
    children = await Case.filter(parent_id=filed.case_id).select_related("item")
    wanted = {("林木" in c.item.name): c.wanted_mode for c in children}
    assert wanted == {True: "NORMAL", False: "SHORTFALL"}
    [road] = [child for child in children if "林木" not in child.item.name]
    [item] = await ShortfallItem.filter(case_id=road.id)
    assert (item.code, item.status) == ("M05", "WANTED")


async def test_what_a_department_cannot_wait_for_is_not_filed_without(world: World) -> None:
    """The joint item would let M04 of the road department come later, its own item does not."""
    missing = ["R04"]
    who = await make.citizen(world)
    filed = await joining.drafted(world, who, without=missing, later=missing)
    async with refused(world, MaterialsMissing):
        await world.ctx.submissions.submit(who, filed.case_id, uuid4().hex, Wish(shortfall=missing))
