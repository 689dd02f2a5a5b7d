"""Supervision over HTTP: for supervisors alone, without anybody's data."""

import csv
import io
from typing import Any
from uuid import uuid4

import pytest

from models.rules.events import Role
from services.transitions import StepNotAllowed
from tests import make
from tests.api import tokens
from tests.make import Filed
from tests.services.timing import at, sweep
from tests.world import Answer, World

SUPERVISION = "/staff/v1/supervision"
WINDOWS = "综合受理窗口"


async def watcher(world: World) -> str:
    return tokens.of_staff(world, await make.officer(world, (Role.SUPERVISOR,)))


async def late_case(world: World) -> Filed:
    """Return a case whose pre-review was due on Tuesday; it is Wednesday, 4 March."""
    filed = await make.submitted(world, await make.citizen(world))
    await sweep(world, at(3, 4))
    return filed


async def shown(world: World, path: str = "/alerts", **query: Any) -> Answer:
    return await world.http.get(SUPERVISION + path, token=await watcher(world), params=query)


async def first_alert(world: World) -> str:
    return str((await shown(world)).json["alerts"][0]["id"])


ROUTES = [
    ("GET", "/alerts"),
    ("GET", "/counts"),
    ("GET", "/statistics"),
    ("GET", "/statistics.csv"),
    ("GET", "/cases/00000000-0000-7000-8000-000000000001"),
    ("POST", "/alerts/00000000-0000-7000-8000-000000000001/resolve"),
]


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_only_a_supervisor_supervises(world: World, method: str, path: str) -> None:
    citizen = make.token(world, await make.citizen(world))
    window = tokens.of_staff(world, await make.officer(world))
    department = tokens.of_staff(world, await make.officer(world, (Role.DEPT,)))
    machine = tokens.of_machine(world, await make.machine(world, "11511499MB9000082B"))
    for token, status in ((window, 403), (department, 403), (citizen, 401), (machine, 401)):
        answer = await world.http.request(method, SUPERVISION + path, token=token, json={})
        assert (answer.status, answer.json["status"]) == (status, status)
    assert (await world.http.request(method, SUPERVISION + path)).status == 401
    assert await world.rows("audit_log") == []


async def test_a_supervisor_opens_no_dossier_and_no_material(world: World) -> None:
    filed = await make.submitted(world, await make.citizen(world))
    [material, *_] = await world.rows("materials")
    token = await watcher(world)
    for path in (
        "/staff/v1/cases",
        f"/staff/v1/cases/{filed.case_id}",
        f"/staff/v1/materials/{material['id']}/content",
        "/staff/v1/alerts",
    ):
        answer = await world.http.get(path, token=token)
        assert (answer.status, answer.json["code"]) == (403, "forbidden"), path
    assert (
        await world.http.post(f"/staff/v1/cases/{filed.case_id}/claim", token=token)
    ).status == (403)


@pytest.mark.requirement("电子监察")
@pytest.mark.requirement("超权限/超时限/逆程序")
async def test_alerts_say_what_who_and_until_when(world: World) -> None:
    filed = await late_case(world)
    window = await make.officer(world)
    with pytest.raises(StepNotAllowed):
        await world.ctx.reviews.accept(window, filed.case_id)
    answer = await shown(world)
    assert answer.status == 200
    late = next(each for each in answer.json["alerts"] if each["kind"] == "OVERTIME")
    refused = next(each for each in answer.json["alerts"] if each["kind"] == "OUT_OF_ORDER")
    case_no = (await filed.case()).case_no
    assert late == {
        "id": late["id"],
        "kind": "OVERTIME",
        "kind_text": "超时限",
        "light": "RED",
        "code": "PRE_REVIEW_SLA",
        "limit": "预审承诺期限",
        "case_id": str(filed.case_id),
        "case_no": case_no,
        "item_name": filed.item.name,
        "owner_role": "WINDOW",
        "owner_unit": WINDOWS,
        "actor_role": None,
        "actor_id": None,
        "due_at": "2026-03-03T16:00:00+00:00",
        "raised_at": "2026-03-03T16:00:00+00:00",
        "resolved_at": None,
        "resolved_by": None,
        "resolution": "",
    }
    assert (refused["kind_text"], refused["code"]) == ("逆程序", "step_not_allowed")
    assert (refused["actor_id"], refused["limit"]) == (str(window.id), None)
    found = (await shown(world, kind="OVERTIME", light="RED", open="1", case_no=case_no)).json
    assert [alert["code"] for alert in found["alerts"]] == ["PRE_REVIEW_SLA"]
    for narrowed in (
        {"kind": "OVERREACH"},
        {"light": "YELLOW"},
        {"open": "0"},
        {"unit": "示例县林业局"},
        {"role": "DEPT"},
        {"to": "2026-03-03"},
        {"from": "2026-03-05"},
    ):
        assert (await shown(world, **narrowed)).json["alerts"] == [], narrowed
    days = {"from": "2026-03-04", "to": "2026-03-04"}
    assert len((await shown(world, **days)).json["alerts"]) == 2


async def test_pages_of_alerts(world: World) -> None:
    """On the 6th a second pre-review is late, and the first case's notice is due in a day."""
    await late_case(world)
    await make.submitted(world, await make.citizen(world, make.LI))
    await sweep(world, at(3, 6))
    read: list[tuple[str, str]] = []
    cursor: dict[str, Any] = {}
    for _ in range(3):
        page = (await shown(world, limit=1, **cursor)).json
        read += [(alert["code"], alert["light"]) for alert in page["alerts"]]
        cursor = {"cursor": page["next_cursor"]}
    assert cursor == {"cursor": None}
    assert set(read[:2]) == {("NOTIFY_5WD", "YELLOW"), ("PRE_REVIEW_SLA", "RED")}
    assert read[2] == ("PRE_REVIEW_SLA", "RED")
    whole = (await shown(world)).json["alerts"]
    assert [(alert["code"], alert["light"]) for alert in whole] == read


@pytest.mark.parametrize(
    ("path", "query", "code"),
    [
        ("/alerts", {"kind": "LATE"}, "fields_invalid"),
        ("/alerts", {"limit": "101"}, "fields_invalid"),
        ("/alerts", {"color": "red"}, "fields_invalid"),
        ("/alerts", {"from": "1700000000"}, "fields_invalid"),
        ("/alerts", {"from": "2026-02-30"}, "period_invalid"),
        ("/alerts", {"from": "0001-01-01"}, "period_invalid"),
        ("/alerts", {"cursor": "x"}, "cursor_invalid"),
        ("/counts", {"from": "2026-03-02", "to": "2026-03-01"}, "period_invalid"),
        ("/statistics", {"from": "2025-03-01", "to": "2026-03-02"}, "period_invalid"),
        ("/statistics.csv", {"to": "9999-12-31"}, "period_invalid"),
    ],
)
async def test_a_wrong_question_is_refused(
    world: World, path: str, query: dict[str, str], code: str
) -> None:
    answer = await shown(world, path, **query)
    assert (answer.status, answer.json["code"]) == (422, code)


async def test_closing_needs_a_reason_and_happens_once(world: World) -> None:
    await late_case(world)
    address = f"{SUPERVISION}/alerts/{await first_alert(world)}/resolve"
    token = await watcher(world)
    refused = await world.http.post(address, token=token, json={})
    assert (refused.status, refused.json["code"]) == (422, "resolution_reason_missing")
    assert refused.json["errors"] == [{"pointer": "/reason", "detail": "请写明处理理由。"}]
    assert await world.rows("audit_log") == []
    too_long = await world.http.post(address, token=token, json={"reason": "长" * 301})
    assert too_long.json["code"] == "fields_invalid"
    closed = await world.http.post(address, token=token, json={"reason": "停电一天,已补办。"})
    assert (closed.status, closed.body) == (204, b"")
    again = await world.http.post(address, token=token, json={"reason": "没有问题。"})
    assert (again.status, again.json["code"]) == (409, "alert_resolved")
    [alert] = (await shown(world, open="0")).json["alerts"]
    assert alert["resolution"] == "停电一天,已补办。"
    unknown = f"{SUPERVISION}/alerts/{uuid4()}/resolve"
    answer = await world.http.post(unknown, token=token, json={"reason": "没有问题。"})
    assert (answer.status, answer.json["code"]) == (404, "alert_unknown")


async def test_an_office_sees_its_own_alerts(world: World) -> None:
    await late_case(world)
    window = tokens.of_staff(world, await make.officer(world))
    department = tokens.of_staff(world, await make.officer(world, (Role.DEPT,)))
    own = await world.http.get("/staff/v1/alerts", token=window, params={"open": "1"})
    assert [alert["code"] for alert in own.json["alerts"]] == ["PRE_REVIEW_SLA"]
    other = await world.http.get("/staff/v1/alerts", token=department)
    assert other.json == {"alerts": [], "next_cursor": None}
    for wrong in ({"unit": "x"}, {"cursor": "x"}):
        answer = await world.http.get("/staff/v1/alerts", token=window, params=wrong)
        assert answer.status == 422
    citizen = make.token(world, await make.citizen(world, make.LI))
    assert (await world.http.get("/staff/v1/alerts", token=citizen)).status == 401


async def test_counts(world: World) -> None:
    filed = await late_case(world)
    answer = await shown(world, "/counts", **{"from": "2026-03-04", "to": "2026-03-04"})
    assert answer.json == {
        "first_day": "2026-03-04",
        "last_day": "2026-03-04",
        "alerts": [
            {
                "kind": "OVERTIME",
                "kind_text": "超时限",
                "light": "RED",
                "owner_role": "WINDOW",
                "owner_unit": WINDOWS,
                "open": 1,
                "raised": 1,
                "settled": 0,
            }
        ],
        "cases": [{"unit": filed.item.agency, "running": 1, "overdue": 1, "near_due": 0}],
    }


async def test_the_course_of_a_case_names_nobody(world: World) -> None:
    filed = await late_case(world)
    officer = await make.officer(world)
    await world.ctx.reviews.claim(officer, filed.case_id)
    answer = await shown(world, f"/cases/{filed.case_id}")
    assert answer.status == 200
    assert [(step["row"], step["officer"]) for step in answer.json["steps"]] == [
        ("T01", None),
        ("T03", "测**员"),
    ]
    limits = {limit["clock"]: limit for limit in answer.json["limits"]}
    assert limits["PRE_REVIEW_SLA"] == {
        "clock": "PRE_REVIEW_SLA",
        "text": "预审承诺期限",
        "owner": "WINDOW",
        "basis": "安阳条例42; 青神方案2018 承诺期限内预审",
        "started_at": "2026-03-02T01:10:00+00:00",
        "due_at": "2026-03-03T16:00:00+00:00",
        "due_on": "2026-03-03",
        "value": 1,
        "unit": "WORKING_DAY",
        "paused_at": None,
        "stopped_at": None,
        "provisional": False,
        "calendar_version": limits["PRE_REVIEW_SLA"]["calendar_version"],
        "pauses": [],
    }
    assert (answer.json["light"], answer.json["state"]) == ("RED", "PRE_REVIEWING")
    assert [alert["code"] for alert in answer.json["alerts"]] == ["PRE_REVIEW_SLA"]
    person = await make.person(world)
    form = make.FORMS["ITEM10"]
    account = str(filed.citizen.account_id)
    secrets = (person["name"], person["id_number"], form["contractor"], account, "测试人员")
    for secret in secrets:
        assert secret not in answer.body.decode()
    missing = await shown(world, f"/cases/{uuid4()}")
    assert (missing.status, missing.json["code"]) == (404, "case_unknown")
    [entry] = await world.rows("audit_log")
    assert (entry["action"], entry["object_id"]) == ("case.supervise", str(filed.case_id))


@pytest.mark.requirement("数据分析")
async def test_statistics_as_values_and_as_a_table(world: World) -> None:
    filed = await make.accepted(world, await make.citizen(world))
    days = {"from": "2026-03-01", "to": "2026-03-31"}
    answer = await shown(world, "/statistics", **days)
    assert answer.status == 200
    [item] = answer.json["items"]
    assert (item["item_code"], item["agency"]) == (filed.item.code, filed.item.agency)
    assert answer.json["total"] == item["figures"] == answer.json["agencies"][0]["figures"]
    figures = item["figures"]
    assert (figures["filed"], figures["accepted"], figures["accepted_on_time_share"]) == (1, 1, 1.0)
    assert (figures["decided"], figures["average_working_days"]) == (0, None)
    assert figures["states"] == {"ACCEPTED": 1}
    table = await shown(world, "/statistics.csv", **days)
    assert table.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert "statistics-20260301-20260331.csv" in table.headers["Content-Disposition"]
    assert table.body.startswith(b"\xef\xbb\xbf")
    head, line, total = csv.reader(io.StringIO(table.body.decode("utf-8-sig")))
    assert line[:3] == [filed.item.agency, filed.item.code, filed.item.name]
    told = dict(zip(head, line, strict=True))
    assert (told["申请数"], told["受理数"], told["按时受理率"]) == ("1", "1", "1.0")
    assert (told["办结数"], told["平均办理工作日"], told["平均星级"]) == ("0", "", "")
    assert total == ["合计", "", "", *line[3:]]


async def test_open_alerts_are_a_metric(world: World) -> None:
    def gauge(kind: str, light: str, number: float) -> str:
        return f'zhangban_alerts_open{{kind="{kind}",light="{light}"}} {number}\n'

    before = (await world.http.get("/metrics")).body.decode()
    assert gauge("OVERTIME", "RED", 0.0) in before
    await late_case(world)
    after = (await world.http.get("/metrics")).body.decode()
    assert gauge("OVERTIME", "RED", 1.0) in after
    assert gauge("OUT_OF_ORDER", "RED", 0.0) in after
    assert "zhangban_http_requests_total" in after
