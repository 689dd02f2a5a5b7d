"""Deadlines over HTTP: what each side sees, validators, strangers, and the law's own example."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from models.rules.events import Event, Role
from models.unit import transaction
from services.actors import Actor
from tests import make
from tests.api import tokens
from tests.make import LI, Filed
from tests.services import stages
from tests.world import Answer, World

ANOTHER_AGENCY = "11511499MB90000313"
BACKOFFICE = Actor(Role.BACKOFFICE, "test", "审批系统")


def problem(answer: Answer) -> tuple[int, str]:
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    return answer.status, answer.json["code"]


async def submitted(world: World) -> Filed:
    filed = await stages.drafted(world, await make.citizen(world), "ITEM10")
    await world.ctx.submissions.submit(filed.citizen, filed.case_id, uuid4().hex)
    return filed


def shanghai(month: int, day: int, hour: int = 9) -> datetime:
    return datetime(2026, month, day, hour - 8, tzinfo=UTC)


@transaction
async def step(world: World, filed: Filed, event: Event, reason: str = "") -> None:
    """Take a step of the back-office as the door would be asked to."""
    case = await filed.case()
    item = await world.ctx.items.version(case.item_version_id)
    data = {"reason": reason} if reason else {}
    await world.ctx.cases.transitions.apply(case, item, event, BACKOFFICE, data=data)


def by_clock(answer: Answer) -> dict[str, Any]:
    assert answer.status == 200, answer.body
    return {each["clock"]: each for each in answer.json["deadlines"]}


async def mine(world: World, filed: Filed) -> Answer:
    token = make.token(world, filed.citizen)
    return await world.http.get(f"/v1/cases/{filed.case_id}/deadlines", token=token)


async def test_a_deadline_tells_everything_about_itself(world: World) -> None:
    filed = await submitted(world)
    answer = await mine(world, filed)
    assert {name: answer.json[name] for name in answer.json if name != "deadlines"} == {
        "case_no": (await filed.case()).case_no,
        "state": "SUBMITTED",
        "today": "2026-03-02",
        "calendar_version": "2026.1",
        "announced_until": "2026-12-31",
    }
    assert by_clock(answer) == {
        "NOTIFY_5WD": {
            "clock": "NOTIFY_5WD",
            "name": "一次性告知/受理期限",
            "owner": "综合受理窗口",
            "state": "RUNNING",
            "limit": {"value": 5, "unit": "WORKING_DAY", "text": "5个工作日"},
            "started_at": "2026-03-02T01:10:00+00:00",
            "counted_from": "2026-03-02",
            "day_one": "2026-03-03",
            "pauses": [],
            "due_on": "2026-03-09",
            "due_at": "2026-03-09T16:00:00+00:00",
            "stopped_at": None,
            "left": 5,
            "light": "GREEN",
            "calendar_version": "2026.1",
            "provisional": False,
            "basis": "行政许可法32(四)、82",
            "sentence": ("收件日2026年3月2日不算,从3月3日起数5个工作日,到2026年3月9日24点为止。"),
        }
    }


async def test_staff_see_the_clocks_between_offices_too(world: World) -> None:
    filed = await submitted(world)
    officer = await make.officer(world)
    path = f"/staff/v1/cases/{filed.case_id}/deadlines"
    found = by_clock(await world.http.get(path, token=tokens.of_staff(world, officer)))
    assert set(found) == {"NOTIFY_5WD", "PRE_REVIEW_SLA"}
    assert (found["PRE_REVIEW_SLA"]["due_on"], found["PRE_REVIEW_SLA"]["owner"]) == (
        "2026-03-03",
        "综合受理窗口",
    )
    department = await make.officer(world, (Role.DEPT,))
    refused = await world.http.get(path, token=tokens.of_staff(world, department))
    assert problem(refused) == (403, "step_not_yours")
    nothing = f"/staff/v1/cases/{uuid4()}/deadlines"
    answer = await world.http.get(nothing, token=tokens.of_staff(world, officer))
    assert problem(answer) == (404, "case_unknown")


async def test_a_draft_is_its_citizens_alone(world: World) -> None:
    filed = await stages.drafted(world, await make.citizen(world), "ITEM10")
    [kept] = by_clock(await mine(world, filed)).values()
    assert kept["sentence"] == (
        "建草稿那天2026年3月2日不算,从3月3日起数30天(周末和节假日也算),到2026年4月1日24点为止。"
    )
    officer = tokens.of_staff(world, await make.officer(world))
    answer = await world.http.get(f"/staff/v1/cases/{filed.case_id}/deadlines", token=officer)
    assert problem(answer) == (404, "case_unknown")


async def test_strangers_get_the_same_as_for_nothing(world: World) -> None:
    filed = await submitted(world)
    stranger = make.token(world, await make.citizen(world, LI))
    theirs = await world.http.get(f"/v1/cases/{filed.case_id}/deadlines", token=stranger)
    nothing = await world.http.get(f"/v1/cases/{uuid4()}/deadlines", token=stranger)
    assert problem(theirs) == problem(nothing) == (404, "case_unknown")
    assert problem(await world.http.get(f"/v1/cases/{filed.case_id}/deadlines")) == (
        401,
        "unauthenticated",
    )


async def test_the_validator_holds_for_the_day(world: World) -> None:
    filed = await submitted(world)
    token, path = make.token(world, filed.citizen), f"/v1/cases/{filed.case_id}/deadlines"
    etag = (await world.http.get(path, token=token)).headers["ETag"]
    world.clock.advance(timedelta(minutes=5))
    same = await world.http.get(path, token=token, headers={"If-None-Match": etag})
    assert (same.status, same.body) == (304, b"")
    world.clock.advance(timedelta(days=1))
    token = make.token(world, filed.citizen)
    changed = await world.http.get(path, token=token, headers={"If-None-Match": etag})
    # On the first day that counts all five are still there.
    assert (changed.status, by_clock(changed)["NOTIFY_5WD"]["left"]) == (200, 5)


@pytest.mark.requirement("承诺件")
async def test_the_example_of_the_rules_explains_its_pause(world: World) -> None:
    world.clock.at = shanghai(7, 6)
    filed = await stages.reviewed(world)
    machine = await stages.handed_off(world, filed)
    world.clock.at = shanghai(7, 8)
    await step(world, filed, Event.SPECIAL_START, "专家评审")
    waiting = by_clock(await mine(world, filed))["DECISION_PROMISED"]
    assert (waiting["state"], waiting["due_on"], waiting["left"]) == ("PAUSED", None, 4)
    world.clock.at = shanghai(7, 20)
    await step(world, filed, Event.SPECIAL_END)
    found = by_clock(await mine(world, filed))
    promised, statutory = found["DECISION_PROMISED"], found["DECISION_STATUTORY"]
    assert promised["sentence"] == (
        "受理日2026年7月6日不算,从7月7日起数5个工作日;"
        "7月8日到7月20日因专家评审停了,不算在内;所以到2026年7月24日24点为止。"
    )
    assert (promised["due_on"], statutory["due_on"]) == ("2026-07-24", "2026-08-14")
    assert promised["limit"] == {"value": 5, "unit": "WORKING_DAY", "text": "5个工作日"}
    assert (promised["counted_from"], promised["basis"]) == ("2026-07-06", "蒙阴县公开指南")
    assert promised["pauses"] == [
        {
            "first": "2026-07-08",
            "last": "2026-07-20",
            "paused_at": "2026-07-08T01:00:00+00:00",
            "resumed_at": "2026-07-20T01:00:00+00:00",
            "reason": "专家评审",
        }
    ]
    assert (found["NOTIFY_5WD"]["state"], found["NOTIFY_5WD"]["left"]) == ("STOPPED", None)
    case_no = (await filed.case()).case_no
    path = f"/backoffice/v1/cases/{case_no}/deadlines"
    theirs = by_clock(await world.http.get(path, token=tokens.of_machine(world, machine)))
    assert theirs["DECISION_PROMISED"] == promised
    other = tokens.of_machine(world, await make.machine(world, ANOTHER_AGENCY))
    assert problem(await world.http.get(path, token=other)) == (404, "case_unknown")


async def test_a_machine_sees_a_case_once_it_was_accepted(world: World) -> None:
    filed = await submitted(world)
    machine = await make.machine(world, filed.item.agency_uscc)
    path = f"/backoffice/v1/cases/{(await filed.case()).case_no}/deadlines"
    answer = await world.http.get(path, token=tokens.of_machine(world, machine))
    assert problem(answer) == (404, "case_unknown")


async def test_an_end_in_a_year_that_was_not_announced_says_so(world: World) -> None:
    world.clock.at = shanghai(12, 28)
    filed = await submitted(world)
    [found] = by_clock(await mine(world, filed)).values()
    # 29, 30, 31 December; New Year's Day is a Friday off; 4 and 5 January.
    assert (found["due_on"], found["provisional"]) == ("2027-01-05", True)
    assert found["sentence"] == (
        "收件日2026年12月28日不算,从12月29日起数5个工作日,到2027年1月5日24点为止。"
        "国务院还没有公布2027年的放假安排,这个日期可能会变。"
    )
