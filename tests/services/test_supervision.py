"""Supervision: every alert with who answers for it, nothing closed in silence, nobody's data shown.

Dates are those of the State Council's calendar of 2026: 2 March is a Monday.
"""

import hashlib
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from models.case import Case
from models.rules.events import Event, Role
from models.rules.reasons import RefusalReason
from models.rules.states import MonitorLight
from models.rules.supervision import AlertKind
from models.supervision import MonitorAlert
from models.unit import run_in_transaction
from services.access import CaseUnknown
from services.actors import Officer
from services.alerts import raise_alert
from services.items import CursorInvalid
from services.listing import Alert, AlertFilter
from services.periods import PeriodInvalid
from services.refusals import Refusal
from services.supervision import AlertResolved, AlertUnknown, ResolutionReasonMissing
from services.transitions import StepNotAllowed, StepNotYours
from tests import make
from tests.make import Filed
from tests.services import reviewing, stages
from tests.services.tampering import faults
from tests.services.timing import at, step, sweep
from tests.world import World

WINDOWS = "综合受理窗口"
CENTRE = "示例县政务服务中心"
HOUSING = "示例县住房和城乡建设局"
ANY = AlertFilter()


async def submitted(world: World, item: str = "ITEM10") -> Filed:
    filed = await stages.drafted(world, await make.citizen(world), item)
    await world.ctx.submissions.submit(filed.citizen, filed.case_id, uuid4().hex)
    return filed


async def seen(world: World, wanted: AlertFilter = ANY) -> list[Alert]:
    return list((await world.ctx.supervision.alerts(wanted, limit=100, cursor=None)).alerts)


async def raised(
    now: datetime,
    code: str = "PRE_REVIEW_SLA",
    *,
    kind: AlertKind = AlertKind.OVERTIME,
    light: MonitorLight = MonitorLight.RED,
    owner: tuple[Role, str] = (Role.WINDOW, CENTRE),
    case_id: UUID | None = None,
) -> UUID:
    async def act() -> None:
        await raise_alert(now, kind, light, code, owner=owner, case_id=case_id)

    known = set(await MonitorAlert.all().values_list("id", flat=True))
    await run_in_transaction(act)
    [new] = set(await MonitorAlert.all().values_list("id", flat=True)) - known
    return UUID(str(new))


async def supervisor(world: World) -> Officer:
    return await make.officer(world, (Role.SUPERVISOR,))


@pytest.mark.requirement("电子监察")
@pytest.mark.requirement("超时限/不按流程")
async def test_a_limit_that_was_missed_names_who_answers_for_it(world: World) -> None:
    """Filed on Monday: one working day for the pre-review ends on Tuesday at 24:00."""
    filed = await submitted(world)
    await sweep(world, at(3, 3, 23, 59))
    assert await seen(world) == []
    await sweep(world, at(3, 4))
    [alert] = await seen(world)
    assert (alert.kind, alert.kind.zh, alert.light) == ("OVERTIME", "超时限", "RED")
    assert (alert.code, alert.due_at) == ("PRE_REVIEW_SLA", at(3, 4))
    assert (alert.owner_role, alert.owner_unit) == (Role.WINDOW, WINDOWS)
    assert (alert.case_id, alert.case_no) == (filed.case_id, (await filed.case()).case_no)
    assert (alert.item_name, alert.raised_at) == (filed.item.name, at(3, 4))
    assert alert.resolved_at is None


@pytest.mark.requirement("超权限/超时限/逆程序")
@pytest.mark.requirement("全程留痕、不得单独收件")
async def test_what_was_refused_is_seen_beside_what_was_late(world: World) -> None:
    filed = await submitted(world)
    window, department = await make.officer(world), await make.officer(world, (Role.DEPT,))
    with pytest.raises(StepNotAllowed):
        await world.ctx.reviews.accept(window, filed.case_id)
    world.clock.advance(timedelta(minutes=1))
    with pytest.raises(StepNotYours):
        await world.ctx.reviews.refuse(
            department, filed.case_id, Refusal(RefusalReason.STATUTORY_BAR, "规划条件不允许。")
        )
    await sweep(world, at(3, 4))
    late, overreach, out_of_order = await seen(world)
    assert [late.kind.zh, overreach.kind.zh, out_of_order.kind.zh] == ["超时限", "超权限", "逆程序"]
    assert (overreach.code, overreach.actor_id) == ("step_not_yours", str(department.id))
    assert (overreach.owner_role, overreach.owner_unit) == (Role.DEPT, CENTRE)
    assert (out_of_order.code, out_of_order.actor_id) == ("step_not_allowed", str(window.id))
    assert (await filed.case()).state == "SUBMITTED"


async def test_a_hand_over_of_paper_that_is_late_is_the_windows(world: World) -> None:
    """青神方案2018 附件1三(四): accepted in the morning, handed over by 14:30."""
    await stages.reviewed(world)
    await sweep(world, at(3, 2, 14, 29))
    assert await seen(world) == []
    await sweep(world, at(3, 2, 14, 30))
    [alert] = await seen(world)
    assert (alert.code, alert.light, alert.owner_role) == ("PAPER_HANDOVER", "RED", Role.WINDOW)
    assert alert.owner_unit == CENTRE


async def test_a_list_is_narrowed_by_what_is_asked(world: World) -> None:
    filed = await submitted(world)
    case_no = (await filed.case()).case_no
    other = (Role.BACKOFFICE, HOUSING)
    first = await raised(at(3, 3), case_id=filed.case_id)
    second = await raised(at(3, 4), "DECISION_PROMISED", light=MonitorLight.YELLOW, owner=other)
    third = await raised(at(3, 5), "step_not_yours", kind=AlertKind.OVERREACH, owner=other)
    await world.ctx.supervision.resolve(await supervisor(world), second, "")
    expected: list[tuple[AlertFilter, list[UUID]]] = [
        (ANY, [third, second, first]),
        (AlertFilter(kind=AlertKind.OVERTIME), [second, first]),
        (AlertFilter(light=MonitorLight.RED), [third, first]),
        (AlertFilter(is_open=True), [third, first]),
        (AlertFilter(is_open=False), [second]),
        (AlertFilter(unit=HOUSING), [third, second]),
        (AlertFilter(role=Role.WINDOW), [first]),
        (AlertFilter(case_no=case_no), [first]),
        (AlertFilter(case_no="none"), []),
        (AlertFilter(since=at(3, 4)), [third, second]),
        (AlertFilter(until=at(3, 4)), [first]),
        (AlertFilter(unit=HOUSING, is_open=True, kind=AlertKind.OVERTIME), []),
    ]
    for wanted, ids in expected:
        assert [alert.id for alert in await seen(world, wanted)] == ids, wanted


async def test_pages_neither_repeat_nor_leave_out(world: World) -> None:
    """Seven at the same instant, and new ones while the reader turns the page."""
    ids = [await raised(at(3, 3)) for _ in range(7)] + [await raised(at(3, 4))]
    read: list[UUID] = []
    cursor: str | None = None
    for _ in range(10):
        page = await world.ctx.supervision.alerts(ANY, limit=3, cursor=cursor)
        read += [alert.id for alert in page.alerts]
        await raised(at(3, 5))
        cursor = page.next_cursor
        if cursor is None:
            break
    assert read == [ids[7], *sorted(ids[:7], reverse=True)]
    for wrong in ("x", "bm9uc2Vuc2U", "WzEsMl0"):
        with pytest.raises(CursorInvalid):
            await world.ctx.supervision.alerts(ANY, limit=3, cursor=wrong)


async def test_an_office_sees_what_it_answers_for_and_no_more(world: World) -> None:
    mine = await raised(at(3, 3), owner=(Role.WINDOW, CENTRE))
    everybodys = await raised(at(3, 4), owner=(Role.WINDOW, WINDOWS))
    await raised(at(3, 5), owner=(Role.WINDOW, "示例县北桥镇便民服务中心"))
    departments = await raised(at(3, 6), owner=(Role.DEPT, HOUSING))
    systems = await raised(at(3, 7), owner=(Role.BACKOFFICE, HOUSING))
    await raised(at(3, 8), owner=(Role.BACKOFFICE, "示例县林业局"))
    window = await make.officer(world)
    department = Officer(uuid4(), frozenset({Role.DEPT}), HOUSING)
    nobody = Officer(uuid4(), frozenset({Role.DEPT}), WINDOWS)
    expected = {window: [everybodys, mine], department: [systems, departments], nobody: []}
    for officer, ids in expected.items():
        page = await world.ctx.supervision.own_alerts(officer, ANY, limit=20, cursor=None)
        assert [alert.id for alert in page.alerts] == ids
    narrowed = AlertFilter(unit="示例县林业局")
    page = await world.ctx.supervision.own_alerts(department, narrowed, limit=20, cursor=None)
    assert page.alerts == []


# Closing


async def test_a_missed_limit_is_not_closed_in_silence(world: World) -> None:
    watcher = await supervisor(world)
    alert_id = await raised(at(3, 3))
    before = await world.rows("monitor_alerts"), await world.rows("audit_log")
    for silence in ("", "  \n"):
        with pytest.raises(ResolutionReasonMissing) as problem:
            await world.ctx.supervision.resolve(watcher, alert_id, silence)
        assert problem.value.faults[0].pointer == "/reason"
    assert (await world.rows("monitor_alerts"), await world.rows("audit_log")) == before
    why = "系统停电一天,已补办。"
    await world.ctx.supervision.resolve(watcher, alert_id, f" {why}")
    [alert] = await seen(world)
    assert (alert.resolution, alert.resolved_by) == (why, str(watcher.id))
    assert alert.resolved_at == world.clock.now()
    [entry] = await world.rows("audit_log")
    assert (entry["action"], entry["object_id"]) == ("alert.resolve", str(alert_id))
    assert (entry["actor_role"], entry["actor_id"]) == ("SUPERVISOR", str(watcher.id))
    assert hashlib.sha256(why.encode()).hexdigest() in entry["data"]
    assert await faults() == []


async def test_what_is_closed_stays_as_it_was_closed(world: World) -> None:
    first, second = await supervisor(world), await supervisor(world)
    alert_id = await raised(at(3, 3))
    await world.ctx.supervision.resolve(first, alert_id, "已约谈。")
    before = await world.rows("monitor_alerts"), await world.rows("audit_log")
    with pytest.raises(AlertResolved):
        await world.ctx.supervision.resolve(second, alert_id, "没有问题。")
    with pytest.raises(AlertUnknown):
        await world.ctx.supervision.resolve(second, uuid4(), "没有问题。")
    assert (await world.rows("monitor_alerts"), await world.rows("audit_log")) == before


async def test_a_warning_may_be_closed_without_a_word(world: World) -> None:
    watcher = await supervisor(world)
    for light, kind in (
        (MonitorLight.YELLOW, AlertKind.OVERTIME),
        (MonitorLight.RED, AlertKind.OUT_OF_ORDER),
    ):
        alert_id = await raised(at(3, 3), kind=kind, light=light)
        await world.ctx.supervision.resolve(watcher, alert_id, "")
    assert all(alert.resolved_at for alert in await seen(world))


async def test_closing_an_alert_does_not_turn_the_light_back(world: World) -> None:
    filed = await submitted(world)
    await sweep(world, at(3, 4))
    [alert] = await seen(world)
    await world.ctx.supervision.resolve(await supervisor(world), alert.id, "已约谈。")
    assert (await filed.case()).monitor_light == "RED"


# Counting


async def test_alerts_are_counted_by_kind_light_and_owner(world: World) -> None:
    yellow = MonitorLight.YELLOW
    await raised(at(2, 27))
    await raised(at(3, 1, 23, 59))
    inside = await raised(at(3, 2))
    await raised(at(3, 4, 23, 59))
    await raised(at(3, 5), light=yellow)
    await raised(at(3, 3), "step_not_yours", kind=AlertKind.OVERREACH, owner=(Role.DEPT, HOUSING))
    await world.ctx.supervision.resolve(await supervisor(world), inside, "已约谈。")
    found = await world.ctx.supervision.counts(date(2026, 3, 2), date(2026, 3, 4))
    counted = {
        (each.kind.value, each.light.value, each.owner_role.value, each.owner_unit): (
            each.open,
            each.raised,
            each.settled,
        )
        for each in found.alerts
    }
    # Open: four less the closed one. Raised: from 2 March 00:00 to 4 March 24:00.
    assert counted == {
        ("OVERTIME", "RED", "WINDOW", CENTRE): (3, 2, 1),
        ("OVERTIME", "YELLOW", "WINDOW", CENTRE): (1, 0, 0),
        ("OVERREACH", "RED", "DEPT", HOUSING): (1, 1, 0),
    }


async def test_running_cases_are_counted_by_how_late_their_office_is(world: World) -> None:
    """Everything is filed on Monday 2 March at 09:10; it is looked at on Wednesday at noon.

    ITEM10, filed only: the pre-review was due on Tuesday: overdue. ITEM10, accepted: five working
    days end on Monday the 9th: neither. ITEM09, accepted at the window: three working days end on
    Thursday: near. ITEM11 waits for its applicant to pay: neither. A draft, one that was withdrawn
    and one whose correction is the applicant's: not overdue, or not counted.
    """
    late = await submitted(world)
    await stages.handed_off(world, await stages.reviewed(world))
    await stages.handed_off(world, await stages.reviewed(world, "ITEM09"))
    await stages.reviewed(world, "ITEM11")
    await stages.drafted(world, await make.citizen(world), "ITEM10")
    gone = await submitted(world)
    await world.ctx.submissions.withdraw(gone.citizen, gone.case_id, uuid4().hex)
    told = await make.claimed(world, await make.citizen(world))
    await reviewing.judge(world, told, "M02")
    await reviewing.notify(world, told, [reviewing.material("M02")])
    world.clock.at = at(3, 4, 12)
    counts = await world.ctx.supervision.counts(None, None)
    assert (counts.period.first, counts.period.last) == (date(2026, 2, 3), date(2026, 3, 4))
    units = {each.unit: (each.running, each.overdue, each.near_due) for each in counts.units}
    assert units == {
        HOUSING: (3, 1, 0),
        "示例县自然资源和规划局": (1, 0, 1),
        "示例县公安局": (1, 0, 0),
    }
    # On Friday the registration's limit is over, too, and the accepted one's is near.
    world.clock.at = at(3, 6, 12)
    units = {
        each.unit: (each.running, each.overdue, each.near_due)
        for each in (await world.ctx.supervision.counts(None, None)).units
    }
    assert units[HOUSING] == (3, 1, 1)
    assert units["示例县自然资源和规划局"] == (1, 1, 0)
    assert (await late.case()).state == "SUBMITTED"


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (date(2026, 3, 2), date(2026, 3, 1)),
        (date(2025, 3, 1), date(2026, 3, 2)),
        (date(1, 1, 1), date(1, 1, 2)),
        (date(9999, 12, 1), date(9999, 12, 31)),
    ],
)
async def test_a_period_is_a_year_at_most(world: World, first: date, last: date) -> None:
    with pytest.raises(PeriodInvalid):
        await world.ctx.supervision.counts(first, last)
    with pytest.raises(PeriodInvalid):
        await world.ctx.statistics.report(first, last)


# One case


@pytest.mark.requirement("全程留痕、不得单独收件")
async def test_the_course_of_a_case_is_there_to_the_last_step(world: World) -> None:
    filed = await submitted(world)
    await sweep(world, at(3, 4))
    filed.officer = await make.officer(world, (Role.WINDOW, Role.DEPT))
    await world.ctx.reviews.claim(filed.officer, filed.case_id)
    for code in filed.codes:
        await world.ctx.reviews.put_verdict(filed.officer, filed.case_id, code, "PASS")
    await world.ctx.reviews.accept(filed.officer, filed.case_id)
    watcher = await supervisor(world)
    found = await world.ctx.supervision.case(watcher, filed.case_id)
    assert [(each.seq, each.row, each.to_state) for each in found.steps] == [
        (1, "T01", "SUBMITTED"),
        (2, "T03", "PRE_REVIEWING"),
        (3, "T09", "ACCEPTED"),
    ]
    assert [each.officer for each in found.steps] == [None, "测**员", "测**员"]
    assert [each.actor_id for each in found.steps] == [None, *[str(filed.officer.id)] * 2]
    clocks = {clock.name: clock for clock, _ in found.clocks}
    assert set(clocks) == {
        "DRAFT_TTL",
        "PAPER_HANDOVER",
        "NOTIFY_5WD",
        "PRE_REVIEW_SLA",
        "DECISION_PROMISED",
        "DECISION_STATUTORY",
    }
    assert clocks["PRE_REVIEW_SLA"].stopped_at == at(3, 4)
    assert [alert.code for alert in found.alerts] == ["PRE_REVIEW_SLA"]
    [entry] = await world.rows("audit_log")
    assert (entry["action"], entry["object_id"]) == ("case.supervise", str(filed.case_id))
    assert entry["actor_id"] == str(watcher.id)


async def test_pauses_are_shown_with_their_limit(world: World) -> None:
    filed = await stages.reviewed(world)
    world.clock.at = at(3, 4)
    await step(world, filed, Event.SPECIAL_START, Role.BACKOFFICE)
    world.clock.at = at(3, 6)
    await step(world, filed, Event.SPECIAL_END, Role.BACKOFFICE)
    found = await world.ctx.supervision.case(await supervisor(world), filed.case_id)
    pauses = {
        clock.name: [(p.paused_at, p.resumed_at) for p in each] for clock, each in found.clocks
    }
    assert pauses["DECISION_STATUTORY"] == [(at(3, 4), at(3, 6))]
    assert pauses["NOTIFY_5WD"] == []


async def test_what_was_written_in_words_is_not_shown(world: World) -> None:
    """Reasons may name people; the procedure's own facts are shown."""
    filed = await submitted(world)
    officer = await make.officer(world)
    refusal = Refusal(RefusalReason.STATUTORY_BAR, "申请人王建国名下另有处罚。")
    await world.ctx.reviews.refuse(officer, filed.case_id, refusal)
    found = await world.ctx.supervision.case(await supervisor(world), filed.case_id)
    facts: list[Mapping[str, Any]] = [each.facts for each in found.steps]
    assert facts == [{}, {"reason_code": "STATUTORY_BAR"}]
    assert "王建国" not in str(found.steps)


async def test_a_draft_is_nobodys_business(world: World) -> None:
    filed = await stages.drafted(world, await make.citizen(world), "ITEM10")
    watcher = await supervisor(world)
    for case_id in (filed.case_id, uuid4()):
        with pytest.raises(CaseUnknown):
            await world.ctx.supervision.case(watcher, case_id)
    assert await world.rows("audit_log") == []
    assert await Case.filter(id=filed.case_id).exists()
