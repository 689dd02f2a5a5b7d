"""The inbox over HTTP: what was told, its file, the read receipt, service with consent."""

import hashlib
import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from models.case import Case
from models.notice import Notice
from models.rules.events import Role
from models.rules.notices import NoticeKind
from models.rules.reasons import RefusalReason
from models.unit import transaction
from services.refusals import Refusal
from services.transitions import ISSUE
from tests import make
from tests.api import tokens
from tests.services import stages
from tests.world import Answer, World

AGREED = {"agreed": True, "statement_version": "2026.1", "address": "INBOX"}


def problem(answer: Answer) -> tuple[int, str]:
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    return answer.status, answer.json["code"]


async def submitted(world: World) -> make.Filed:
    filed = await stages.drafted(world, await make.citizen(world), "ITEM10")
    await world.ctx.submissions.submit(filed.citizen, filed.case_id, uuid4().hex)
    return filed


async def issued(world: World) -> tuple[make.Filed, Notice]:
    filed = await submitted(world)
    await stages.do(world, ISSUE)
    return filed, await Notice.get(case_id=filed.case_id)


class Supersede:
    """Supersedes as another use-case does: in its own transaction, with the case held."""

    def __init__(self, world: World) -> None:
        self.world = world

    @transaction
    async def __call__(self, case_id: Any, kind: NoticeKind, seq: int, reason: str) -> Notice:
        case = await Case.filter(id=case_id).select_for_update().get()
        data = {"reason": reason}
        return await self.world.ctx.notices.supersede(case, kind, seq, data)


async def test_what_is_not_issued_yet_is_not_shown(world: World) -> None:
    filed = await submitted(world)
    token = make.token(world, filed.citizen)
    [notice] = await Notice.all()
    inbox = await world.http.get("/v1/notices", token=token)
    assert inbox.json == {"notices": [], "unread": 0, "next_cursor": None}
    for path in ("", "/file"):
        answer = await world.http.get(f"/v1/notices/{notice.id}{path}", token=token)
        assert problem(answer) == (404, "notice_unknown")
    answer = await world.http.post(f"/v1/notices/{notice.id}/read", token=token)
    assert problem(answer) == (404, "notice_unknown")
    assert (await Notice.get(id=notice.id)).read_at is None


async def test_a_notice_has_its_words_its_file_and_its_day(world: World) -> None:
    filed, notice = await issued(world)
    token, path = make.token(world, filed.citizen), f"/v1/notices/{notice.id}"
    shown = (await world.http.get(path, token=token)).json
    assert (shown["title"], shown["number"]) == ("申请材料接收凭证", "示住建收〔2026〕1号")
    assert (shown["organ"], shown["addressee"]) == ("示例县住房和城乡建设局", "王建国")
    [pre_review, notify] = shown["deadlines"]
    assert (pre_review["clock"], pre_review["last_day"]) == ("PRE_REVIEW_SLA", "2026-03-03")
    assert (notify["clock"], notify["last_day"]) == ("NOTIFY_5WD", "2026-03-09")
    assert notify["counted_from"] == "2026-03-02"
    assert any(block["heading"] == "我们收到了下面这些材料" for block in shown["blocks"])
    assert "我们会在下面的期限里答复您，一共2项。" in shown["aloud"]
    assert world.parts.adapters.crypto.verify(shown["signature"])
    file = await world.http.get(f"{path}/file", token=token)
    assert (file.status, file.headers["Content-Type"]) == (200, "application/pdf")
    assert hashlib.sha256(file.body).hexdigest() == shown["digest"]
    assert len(file.body) == shown["size"]
    etag = file.headers["Etag"]
    same = await world.http.get(f"{path}/file", token=token, headers={"If-None-Match": etag})
    assert same.status == 304
    part = await world.http.get(f"{path}/file", token=token, headers={"Range": "bytes=0-3"})
    assert (part.status, part.body) == (206, b"%PDF")


async def test_a_read_receipt_is_given_once(world: World) -> None:
    filed, notice = await issued(world)
    token, path = make.token(world, filed.citizen), f"/v1/notices/{notice.id}/read"
    assert (await world.http.get("/v1/notices", token=token)).json["unread"] == 1
    first = await world.http.post(path, token=token)
    assert (first.status, first.json["read_at"]) == (200, "2026-03-02T01:10:00+00:00")
    world.clock.advance(timedelta(hours=1))
    again = await world.http.post(path, token=make.token(world, filed.citizen))
    assert again.json["read_at"] == "2026-03-02T01:10:00+00:00"
    inbox = await world.http.get("/v1/notices", token=make.token(world, filed.citizen))
    assert (inbox.json["unread"], len(inbox.json["notices"])) == (0, 1)


async def test_the_inbox_holds_all_cases_page_by_page(world: World) -> None:
    who = await make.citizen(world)
    numbers: list[str] = []
    for place in range(1, 4):
        filed = await stages.drafted(world, who, "ITEM10")
        await world.ctx.submissions.submit(who, filed.case_id, uuid4().hex)
        await stages.do(world, ISSUE)
        numbers.insert(0, f"示住建收〔2026〕{place}号")
    token, found, cursor = make.token(world, who), [], ""
    for _ in range(2):
        page = (await world.http.get(f"/v1/notices?limit=2{cursor}", token=token)).json
        assert page["unread"] == 3
        found += [each["number"] for each in page["notices"]]
        cursor = f"&cursor={page['next_cursor']}"
    assert found == numbers
    assert page["next_cursor"] is None
    newest = page["notices"][0]["id"]
    await world.http.post(f"/v1/notices/{newest}/read", token=token)
    unread = (await world.http.get("/v1/notices?unread=true", token=token)).json
    assert [each["number"] for each in unread["notices"]] == numbers[:2]
    mine = await world.http.get(f"/v1/cases/{filed.case_id}/notices", token=token)
    assert [each["number"] for each in mine.json["notices"]] == numbers[:1]


async def test_strangers_find_nothing(world: World) -> None:
    filed, notice = await issued(world)
    other = make.token(world, await make.citizen(world, make.LI))
    before = await world.rows("notices")
    for method, path, code in (
        ("GET", f"/v1/notices/{notice.id}", "notice_unknown"),
        ("GET", f"/v1/notices/{notice.id}/file", "notice_unknown"),
        ("POST", f"/v1/notices/{notice.id}/read", "notice_unknown"),
        ("GET", f"/v1/notices/{uuid4()}", "notice_unknown"),
        ("GET", f"/v1/cases/{filed.case_id}/notices", "case_unknown"),
        ("GET", f"/v1/cases/{filed.case_id}/service-consent", "case_unknown"),
    ):
        answer = await world.http.request(method, path, token=other)
        assert problem(answer) == (404, code), path
    consent = f"/v1/cases/{filed.case_id}/service-consent"
    answer = await world.http.put(consent, token=other, json=AGREED)
    assert problem(answer) == (404, "case_unknown")
    inbox = (await world.http.get("/v1/notices", token=other)).json
    assert (inbox["notices"], inbox["unread"]) == ([], 0)
    assert await world.rows("notices") == before
    assert await world.rows("service_consents") == []


async def test_without_consent_nothing_is_served_electronically(world: World) -> None:
    filed, notice = await issued(world)
    assert (notice.served_via, notice.served_at) == (None, None)
    token = make.token(world, filed.citizen)
    await world.http.post(f"/v1/notices/{notice.id}/read", token=token)
    read = await Notice.get(id=notice.id)
    # Looking at a document is no service of it.
    assert (read.served_via, read.served_at) == (None, None)
    assert read.read_at is not None


@pytest.mark.requirement("在线送达补正/不予受理")
async def test_with_consent_arrival_in_the_inbox_is_service(world: World) -> None:
    filed = await submitted(world)
    token, path = make.token(world, filed.citizen), f"/v1/cases/{filed.case_id}/service-consent"
    shown = (await world.http.get(path, token=token)).json
    assert (shown["agreed"], shown["given_at"]) == (False, None)
    assert (shown["statement_version"], shown["address"]) == ("2026.1", "INBOX")
    for _ in range(2):
        agreed = await world.http.put(path, token=token, json=AGREED)
        assert (agreed.status, agreed.json["agreed"]) == (200, True)
        assert agreed.json["given_at"] == "2026-03-02T01:10:00+00:00"
    [consent] = await world.rows("service_consents")
    assert (consent["statement"], consent["address"]) == ("2026.1", "INBOX")
    officer = await make.officer(world, (Role.WINDOW, Role.DEPT))
    await world.ctx.reviews.claim(officer, filed.case_id)
    refusal = Refusal(RefusalReason.STATUTORY_BAR, "新建道路五年内不能挖。")
    await world.ctx.reviews.refuse(officer, filed.case_id, refusal)
    world.clock.advance(timedelta(minutes=2))
    await stages.do(world, ISSUE)
    token = make.token(world, filed.citizen)
    listed = (await world.http.get(f"/v1/cases/{filed.case_id}/notices", token=token)).json
    [refused] = [each for each in listed["notices"] if each["kind"] == "N03"]
    assert refused["title"] == "不予受理通知书"
    assert (refused["served_via"], refused["served_at"]) == ("INBOX", "2026-03-02T01:12:00+00:00")
    assert refused["issued_at"] == "2026-03-02T01:10:00+00:00"
    receipt = await world.http.post(f"/v1/notices/{refused['id']}/read", token=token)
    assert receipt.json["read_at"] == "2026-03-02T01:12:00+00:00"


async def test_consent_for_a_joint_filing_covers_its_parts(world: World) -> None:
    parent, child, other = [await submitted(world) for _ in range(3)]
    await Case.filter(id=child.case_id).update(parent_id=parent.case_id)
    # A receipt of its own, later than the whole one: it is not spoken for.
    later = world.clock.now() + timedelta(minutes=1)
    await Notice.filter(case_id=child.case_id).update(issued_at=later)
    token, path = make.token(world, parent.citizen), f"/v1/cases/{parent.case_id}/service-consent"
    await world.http.put(path, token=token, json=AGREED)
    await stages.do(world, ISSUE)
    served = {each.case_id: each.served_via for each in await Notice.all()}
    assert served == {parent.case_id: "INBOX", child.case_id: "INBOX", other.case_id: None}


async def test_consent_for_a_part_is_consent_for_the_joint_filing(world: World) -> None:
    """There is one consent: what is taken back of the whole does not live on in a part."""
    parent, child = [await submitted(world) for _ in range(2)]
    await Case.filter(id=child.case_id).update(parent_id=parent.case_id)
    token = make.token(world, parent.citizen)
    ways = [f"/v1/cases/{each.case_id}/service-consent" for each in (parent, child)]
    await world.http.put(ways[1], token=token, json=AGREED)
    assert [(await world.http.get(way, token=token)).json["agreed"] for way in ways] == [True] * 2
    [consent] = await world.rows("service_consents")
    assert consent["case_id"] == parent.case_id
    withdrawn = await world.http.put(ways[0], token=token, json={"agreed": False})
    assert withdrawn.status == 200
    assert [(await world.http.get(way, token=token)).json["agreed"] for way in ways] == [False] * 2
    await stages.do(world, ISSUE)
    assert {each.served_via for each in await Notice.all()} == {None}


async def test_consent_is_withdrawn_for_what_comes_later(world: World) -> None:
    filed = await submitted(world)
    token, path = make.token(world, filed.citizen), f"/v1/cases/{filed.case_id}/service-consent"
    await world.http.put(path, token=token, json=AGREED)
    await stages.do(world, ISSUE)
    withdrawn = await world.http.put(path, token=token, json={"agreed": False})
    assert (withdrawn.status, withdrawn.json["agreed"]) == (200, False)
    await world.ctx.submissions.withdraw(filed.citizen, filed.case_id, uuid4().hex)
    await stages.do(world, ISSUE)
    served = {each.kind: each.served_via for each in await Notice.all()}
    assert served == {"N01": "INBOX", "N21": None}
    [consent] = await world.rows("service_consents")
    assert consent["withdrawn_at"] == world.clock.now()


async def test_consent_is_to_the_words_in_force_and_to_an_address(world: World) -> None:
    filed = await submitted(world)
    token, path = make.token(world, filed.citizen), f"/v1/cases/{filed.case_id}/service-consent"
    for change, refused in (
        ({"statement_version": "2020.1"}, (409, "consent_outdated")),
        ({"address": "MAIL"}, (422, "service_address_unconfirmed")),
        ({"address": ""}, (422, "service_address_unconfirmed")),
    ):
        answer = await world.http.put(path, token=token, json={**AGREED, **change})
        assert problem(answer) == refused
    await Case.filter(id=filed.case_id).update(state="ARCHIVED")
    answer = await world.http.put(path, token=token, json=AGREED)
    assert problem(answer) == (409, "consent_fixed")
    assert (await filed.case()).service_consent_at is None
    assert await world.rows("service_consents") == []


async def test_the_window_prints_and_hands_over(world: World) -> None:
    filed, notice = await issued(world)
    token = tokens.of_staff(world, await make.officer(world))
    listed = await world.http.get(f"/staff/v1/cases/{filed.case_id}/notices", token=token)
    assert [each["number"] for each in listed.json["notices"]] == ["示住建收〔2026〕1号"]
    file = await world.http.get(f"/staff/v1/notices/{notice.id}/file", token=token)
    assert hashlib.sha256(file.body).hexdigest() == notice.digest
    path = f"/staff/v1/notices/{notice.id}/service"
    for _ in range(2):
        served = await world.http.put(path, token=token, json={"via": "WINDOW"})
        assert (served.status, served.json["served_at"]) == (200, "2026-03-02T01:10:00+00:00")
        world.clock.advance(timedelta(minutes=1))
    answer = await world.http.put(path, token=token, json={"via": "POST"})
    assert problem(answer) == (409, "notice_served_already")
    after = await Notice.get(id=notice.id)
    assert after.served_via == "WINDOW"
    # Service is a legal act: who did it is on record, once; so is who read the document.
    log = await world.rows("audit_log")
    assert [entry["action"] for entry in log] == ["notice.read", "notice.serve"]
    assert {entry["object_id"] for entry in log} == {str(notice.id)}
    assert json.loads(log[1]["data"]) == {"case_id": str(filed.case_id), "via": "WINDOW"}


async def test_staff_see_only_cases_of_their_own(world: World) -> None:
    """ITEM10 is accepted at the window: departments have no part in it."""
    filed, notice = await issued(world)
    department = tokens.of_staff(world, await make.officer(world, (Role.DEPT,)))
    for path in (
        f"/staff/v1/cases/{filed.case_id}/notices",
        f"/staff/v1/notices/{notice.id}/file",
    ):
        answer = await world.http.get(path, token=department)
        assert problem(answer) == (403, "step_not_yours")
    path = f"/staff/v1/notices/{notice.id}/service"
    answer = await world.http.put(path, token=department, json={"via": "POST"})
    assert problem(answer) == (403, "step_not_yours")
    window = tokens.of_staff(world, await make.officer(world))
    answer = await world.http.get(f"/staff/v1/cases/{uuid4()}/notices", token=window)
    assert problem(answer) == (404, "case_unknown")
    answer = await world.http.get(f"/staff/v1/notices/{uuid4()}/file", token=window)
    assert problem(answer) == (404, "notice_unknown")
    assert (await Notice.get(id=notice.id)).served_at is None


async def test_a_new_edition_takes_the_place_of_the_old(world: World) -> None:
    filed, old = await issued(world)
    token = make.token(world, filed.citizen)
    world.clock.advance(timedelta(minutes=5))
    new = await Supersede(world)(filed.case_id, NoticeKind.N01, old.seq, "放假安排公布了。")
    listed = (await world.http.get("/v1/notices", token=token)).json["notices"]
    assert [(each["superseded"], each["superseded_by"]) for each in listed] == [(True, None)]
    await stages.do(world, ISSUE)
    listed = (await world.http.get("/v1/notices", token=token)).json["notices"]
    assert [(each["number"], each["superseded_by"]) for each in listed] == [
        ("示住建收〔2026〕2号", None),
        ("示住建收〔2026〕1号", str(new.id)),
    ]
    shown = (await world.http.get(f"/v1/notices/{new.id}", token=token)).json
    said = [block["text"] for block in shown["blocks"][:2]]
    assert said == [
        "这份文书代替示住建收〔2026〕1号《申请材料接收凭证》，原来的那份不再有效。",
        "换发的原因：放假安排公布了。",
    ]
    # The old file stays as it was: it is evidence of what was told then.
    assert (await Notice.get(id=old.id)).digest == old.digest


async def test_what_was_never_owed_cannot_be_superseded(world: World) -> None:
    filed, _ = await issued(world)
    before = await world.rows("notices")
    with pytest.raises(Exception, match="notice_unknown"):
        await Supersede(world)(filed.case_id, NoticeKind.N04, 1, "没有这份。")
    assert await world.rows("notices") == before
    assert await world.jobs() == []
