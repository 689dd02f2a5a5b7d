"""The public check: a page for people, JSON for programs, and nothing about anybody."""

import base64
import hashlib
import re

from models.notice import Notice
from models.rules.notices import NoticeKind
from services.transitions import ISSUE
from tests import make
from tests.api.test_notices import Supersede, issued, problem
from tests.services import stages
from tests.world import World

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


async def test_anybody_can_check_a_document(world: World) -> None:
    _, notice = await issued(world)
    answer = await world.http.get(f"/verify/{notice.check_code}")
    assert (answer.status, answer.json) == (
        200,
        {
            "valid": True,
            "title": "申请材料接收凭证",
            "number": "示住建收〔2026〕1号",
            "organ": "示例县住房和城乡建设局",
            "dated": "2026-03-02",
            "digest": notice.digest,
            "superseded": False,
            "superseded_by": None,
            "same": None,
        },
    )


async def test_a_file_is_compared_by_its_digest(world: World) -> None:
    filed, notice = await issued(world)
    file = await world.http.get(
        f"/v1/notices/{notice.id}/file", token=make.token(world, filed.citizen)
    )
    mine = hashlib.sha256(file.body).hexdigest()
    changed = hashlib.sha256(file.body + b" ").hexdigest()
    for digest, same in ((mine, True), (mine.upper(), True), (changed, False), ("x", False)):
        answer = await world.http.get(f"/verify/{notice.check_code}?digest={digest}")
        assert answer.json["same"] is same
        path = f"/verify/{notice.check_code}?digest={digest}"
        page = (await world.http.get(path, headers=BROWSER)).body.decode()
        assert ("不一致:您手里的文件不是" in page.split("<script>")[0]) is not same


async def test_a_browser_gets_a_page_that_loads_nothing(world: World) -> None:
    filed, notice = await issued(world)
    answer = await world.http.get(f"/verify/{notice.check_code}?from=wechat", headers=BROWSER)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    page = answer.body.decode()
    for said in ("这份文书是真的,现在有效。", "示住建收〔2026〕1号", str(notice.digest)):
        assert said in page
    assert not re.search(r"(?:src|href|action)=", page)
    case = await filed.case()
    for private in ("王建国", "511499", str(case.case_no), str(case.query_code), str(case.id)):
        assert private not in page
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    for tag in ("style", "script"):
        [inside] = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


async def test_what_is_not_ours_is_called_so(world: World) -> None:
    _, notice = await issued(world)
    code = str(notice.check_code)
    wrong = code[:-1] + ("A" if code[-1] != "A" else "C")
    for unknown in (wrong, "x", code[:-1], "%3Cscript%3E", "%00"):
        answer = await world.http.get(f"/verify/{unknown}")
        assert problem(answer) == (404, "notice_unknown"), unknown
        page = await world.http.get(f"/verify/{unknown}", headers=BROWSER)
        assert page.status == 404
        assert "没有查到这份文书" in page.body.decode()
        assert "<script>e" not in page.body.decode()


async def test_a_record_that_was_tampered_with_is_not_vouched_for(world: World) -> None:
    _, notice = await issued(world)
    await Notice.filter(id=notice.id).update(digest="0" * 64)
    answer = await world.http.get(f"/verify/{notice.check_code}")
    assert problem(answer) == (404, "notice_unknown")


async def test_a_superseded_document_says_what_replaced_it(world: World) -> None:
    filed, old = await issued(world)
    await Supersede(world)(filed.case_id, NoticeKind.N01, old.seq, "放假安排公布了。")
    at_once = (await world.http.get(f"/verify/{old.check_code}")).json
    assert (at_once["valid"], at_once["superseded"], at_once["superseded_by"]) == (
        False,
        True,
        None,
    )
    await stages.do(world, ISSUE)
    later = (await world.http.get(f"/verify/{old.check_code}")).json
    assert later["superseded_by"] == "示住建收〔2026〕2号"
    page = (await world.http.get(f"/verify/{old.check_code}", headers=BROWSER)).body.decode()
    assert "已经被新的文书代替,新的文号是示住建收〔2026〕2号。" in page
    new = await Notice.get(case_id=filed.case_id, edition=2)
    assert (await world.http.get(f"/verify/{new.check_code}")).json["valid"] is True


async def test_codes_cannot_be_tried_without_end(world: World) -> None:
    statuses = [(await world.http.get("/verify/x")).status for _ in range(31)]
    assert statuses == [404] * 30 + [429]
