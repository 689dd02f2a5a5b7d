"""Issuing notices: numbers without gaps, words that stay, files whose signature holds."""

import asyncio
import hashlib
import io
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from pypdf import PdfReader

from models.notice import Notice
from models.rules.events import Role
from models.rules.reasons import DefectReason, RefusalReason, Verdict
from services.corrections import Point
from services.events import Decision
from services.issuing import Desk, Issuing
from services.ports import StoredFile
from services.refusals import Refusal
from services.transitions import ISSUE
from tests import make
from tests.services import stages
from tests.world import World


async def paper_of(world: World, notice: Notice) -> bytes:
    assert notice.file_key is not None
    chunks = [chunk async for chunk in world.parts.adapters.files.read(notice.file_key)]
    return b"".join(chunks)


async def text_of(world: World, notice: Notice) -> str:
    """Return the text of a notice's file without any blanks."""
    pages = PdfReader(io.BytesIO(await paper_of(world, notice))).pages
    return "".join("".join(page.extract_text().split()) for page in pages)


async def receipts(world: World, count: int) -> list[make.Filed]:
    who = await make.citizen(world)
    filed = [await stages.drafted(world, who, "ITEM10") for _ in range(count)]
    for each in filed:
        await world.ctx.submissions.submit(who, each.case_id, uuid4().hex)
    return filed


def issuing(world: World, desk: Desk | None = None) -> Issuing:
    """Return the use-case of the world, with another desk if one is given."""
    found = world.parts.issuing
    return found if desk is None else replace(found, desk=desk)


async def job_of(filed: make.Filed) -> dict[str, Any]:
    return {"case_id": str(filed.case_id), "seq": (await filed.case()).version}


async def test_a_submission_owes_a_receipt_and_gets_it(world: World) -> None:
    [filed] = await receipts(world, 1)
    assert [name for name, _ in await world.jobs()] == [ISSUE]
    await stages.do(world, ISSUE)
    notice = await Notice.get(case_id=filed.case_id)
    assert notice.doc_no == "示住建收〔2026〕1号"
    text = await text_of(world, notice)
    case = await filed.case()
    # Story 1's dates: Monday 2026-03-02 09:10, the notice is due on 03-09, pre-review on 03-03.
    for said in (
        "申请材料接收凭证",
        "示例县住房和城乡建设局",
        "王建国：",
        "在2026年3月2日9时10分收到了",
        str(case.case_no),
        str(case.query_code),
        "2026年3月9日（星期一）",
        "2026年3月3日（星期二）",
        "《中华人民共和国行政许可法》第二十九条、第三十二条",
    ):
        assert said in text, said


async def test_thirty_two_at_once_have_thirty_two_numbers(world: World) -> None:
    filed = await receipts(world, 32)
    issue = issuing(world)._number
    waiting = [await Notice.get(case_id=each.case_id) for each in filed]
    await asyncio.gather(*(issue(notice.id) for notice in waiting))
    numbers = {notice.doc_no for notice in await Notice.all()}
    assert numbers == {f"示住建收〔2026〕{serial}号" for serial in range(1, 33)}
    [serial] = await world.rows("notice_serials")
    assert (serial["prefix"], serial["serial"]) == ("示住建收〔2026〕", 32)


async def test_sixteen_copies_of_one_job_take_one_number(world: World) -> None:
    [filed] = await receipts(world, 1)
    job = await job_of(filed)
    await asyncio.gather(*(issuing(world).issue(job) for _ in range(16)))
    notice = await Notice.get(case_id=filed.case_id)
    assert notice.doc_no == "示住建收〔2026〕1号"
    assert [row["serial"] for row in await world.rows("notice_serials")] == [1]
    assert hashlib.sha256(await paper_of(world, notice)).hexdigest() == notice.digest


async def test_a_failure_while_a_number_is_taken_gives_it_back(world: World) -> None:
    first, second = await receipts(world, 2)
    whole = issuing(world)

    class Broken:
        def __getattr__(self, name: str) -> Any:
            raise RuntimeError(name)

    broken = replace(whole, crypto=Broken())
    with pytest.raises(RuntimeError, match="seal"):
        await broken.issue(await job_of(first))
    assert (await Notice.get(case_id=first.case_id)).doc_no is None
    assert await world.rows("notice_serials") == []
    await whole.issue(await job_of(second))
    await whole.issue(await job_of(first))
    assert (await Notice.get(case_id=second.case_id)).doc_no == "示住建收〔2026〕1号"
    assert (await Notice.get(case_id=first.case_id)).doc_no == "示住建收〔2026〕2号"


class NoRoom:
    """A store whose disk is full."""

    async def keep(self, chunks: Any, **_: Any) -> StoredFile:
        raise OSError("no room")


async def test_a_crash_between_number_and_file_keeps_number_and_words(world: World) -> None:
    """What changed meanwhile does not change what the document says."""
    first, second = await receipts(world, 2)
    whole = issuing(world)
    files: Any = NoRoom()
    with pytest.raises(OSError, match="no room"):
        await issuing(world, replace(whole.desk, files=files)).issue(await job_of(first))
    numbered = await Notice.get(case_id=first.case_id)
    assert (numbered.doc_no, numbered.digest) == ("示住建收〔2026〕1号", None)
    await whole.issue(await job_of(second))
    world.clock.advance(timedelta(days=3))
    await world.database.execute("UPDATE cases SET query_code = NULL")
    await whole.issue(await job_of(first))
    notice = await Notice.get(case_id=first.case_id)
    assert notice.doc_no == "示住建收〔2026〕1号"
    assert (notice.check_code, notice.content_sealed) == (
        numbered.check_code,
        numbered.content_sealed,
    )
    assert "查询码：" in await text_of(world, notice)
    assert [row["serial"] for row in await world.rows("notice_serials")] == [2]


async def test_a_repeated_job_changes_nothing(world: World) -> None:
    [filed] = await receipts(world, 1)
    job = await job_of(filed)
    await issuing(world).issue(job)
    before = await world.rows("notices")
    world.clock.advance(timedelta(hours=1))
    await issuing(world).issue(job)
    assert await world.rows("notices") == before


async def test_the_same_words_give_the_same_file(world: World) -> None:
    [filed] = await receipts(world, 1)
    await issuing(world).issue(await job_of(filed))
    notice = await Notice.get(case_id=filed.case_id)
    await world.database.execute("UPDATE notices SET digest = NULL, file_key = NULL")
    await issuing(world).issue(await job_of(filed))
    assert (await Notice.get(case_id=filed.case_id)).digest == notice.digest


async def test_the_signature_names_the_document_and_its_file(world: World) -> None:
    [filed] = await receipts(world, 1)
    await stages.do(world, ISSUE)
    notice = await Notice.get(case_id=filed.case_id)
    signature = str(notice.signature)
    crypto = world.parts.adapters.crypto
    assert json.loads(crypto.verify(signature)) == {
        "notice": str(notice.id),
        "kind": "N01",
        "number": "示住建收〔2026〕1号",
        "organ": "示例县住房和城乡建设局",
        "dated": "2026-03-02",
        "sha256": hashlib.sha256(await paper_of(world, notice)).hexdigest(),
    }
    place = len(signature) // 2
    changed = "A" if signature[place] != "A" else "B"
    with pytest.raises(ValueError, match="not signed by us"):
        crypto.verify(signature[:place] + changed + signature[place + 1 :])


async def test_numbers_begin_anew_with_each_kind_organ_and_year(world: World) -> None:
    who = await make.citizen(world)
    for item, hours in (("ITEM10", 0), ("ITEM05", 0), ("ITEM10", 24 * 320)):
        world.clock.advance(timedelta(hours=hours))
        filed = await stages.drafted(world, who, item)
        await world.ctx.submissions.submit(who, filed.case_id, uuid4().hex)
        await world.ctx.submissions.withdraw(who, filed.case_id, uuid4().hex)
    for notice in await Notice.all().order_by("id"):
        await issuing(world)._number(notice.id)
    assert [notice.doc_no for notice in await Notice.all().order_by("id")] == [
        "示住建收〔2026〕1号",
        "示住建撤〔2026〕1号",
        "示林收〔2026〕1号",
        "示林撤〔2026〕1号",
        "示住建收〔2027〕1号",
        "示住建撤〔2027〕1号",
    ]


async def test_what_jobs_left_behind_is_swept_up(world: World) -> None:
    first, second = await receipts(world, 2)
    await world.database.execute("DELETE FROM pgqueuer")
    await issuing(world)._number((await Notice.get(case_id=first.case_id)).id)
    assert await issuing(world).sweep() == 0  # jobs may still be at it
    world.clock.advance(timedelta(minutes=11))
    assert await issuing(world).left_behind() == 2
    for _ in range(2):
        assert await issuing(world).sweep() == 2
    assert await world.jobs() == [(ISSUE, await job_of(first)), (ISSUE, await job_of(second))]
    await stages.do(world, ISSUE)
    assert await Notice.filter(digest=None).count() == 0
    assert await issuing(world).sweep() == 0


async def test_a_step_that_owes_nothing_has_no_job(world: World) -> None:
    [filed] = await receipts(world, 1)
    await world.database.execute("DELETE FROM pgqueuer")
    await world.ctx.reviews.claim(await make.officer(world), filed.case_id)
    assert await world.jobs() == []


async def test_words_lie_sealed_in_the_database(world: World) -> None:
    await receipts(world, 1)
    await stages.do(world, ISSUE)
    [row] = await world.rows("notices")
    assert "王建国".encode() not in bytes(row["content_sealed"])
    assert row["data"] is None


@pytest.mark.requirement("受理通知书")
async def test_an_acceptance_comes_as_a_document_with_both_limits(world: World) -> None:
    """Accepted Monday 2026-03-02: 5 working days are 03-09, 20 are 03-30."""
    filed = await stages.reviewed(world)
    await stages.do(world, ISSUE)
    notice = await Notice.get(case_id=filed.case_id, kind="N04")
    assert notice.doc_no == "示住建受〔2026〕1号"
    text = await text_of(world, notice)
    assert "受理通知书" in text
    assert "我们在2026年3月2日9时10分决定受理" in text
    assert "2026年3月9日（星期一）" in text
    assert "2026年3月30日（星期一）" in text


async def _reviewing(world: World, item: str = "ITEM10") -> make.Filed:
    filed = await stages.drafted(world, await make.citizen(world), item)
    await world.ctx.submissions.submit(filed.citizen, filed.case_id, uuid4().hex)
    filed.officer = await make.officer(world, (Role.WINDOW, Role.DEPT), item=filed)
    await world.ctx.reviews.claim(filed.officer, filed.case_id)
    return filed


async def test_a_correction_notice_lists_all_its_points(world: World) -> None:
    """Issued Monday 2026-03-02: 15 working days are 03-23."""
    filed = await _reviewing(world)
    assert filed.officer is not None
    for code in filed.codes:
        fails = code == "M04"
        await world.ctx.reviews.put_verdict(
            filed.officer,
            filed.case_id,
            code,
            Verdict.FAIL if fails else Verdict.PASS,
            "BLURRED" if fails else None,
        )
    points = [
        Point("M04", False, DefectReason.BLURRED, "请在白天重新拍一张。"),
        Point("contractor", True, DefectReason.FIELD_WRONG, "请写全称。"),
    ]
    await world.ctx.reviews.issue_correction(filed.officer, filed.case_id, points, "补好即受理。")
    await stages.do(world, ISSUE)
    notice = await Notice.get(case_id=filed.case_id, kind="N02")
    text = await text_of(world, notice)
    names = {each["code"]: each["name"] for each in (await _item(world, filed))["materials"]}
    for said in (
        "补正材料通知书",
        names["M04"][:6],
        "照片不清楚",
        "请在白天重新拍",
        "请写全称。",
        "另外说明：补好即受理。",
        "到2026年3月23日（星期一）24时还没有补齐的，这次申请按撤回处理。",
        "第三十二条第一款第四项",
    ):
        assert said in text, said


async def _item(world: World, filed: make.Filed) -> Any:
    return (await world.ctx.items.version((await filed.case()).item_version_id)).body


@pytest.mark.requirement("不予受理通知书 + 原因")
async def test_a_refusal_comes_with_its_reason_and_the_remedies(world: World) -> None:
    filed = await _reviewing(world)
    assert filed.officer is not None
    refusal = Refusal(RefusalReason.NOT_IN_JURISDICTION, "这条路归公路部门管。", "示例县公路局")
    await world.ctx.reviews.refuse(filed.officer, filed.case_id, refusal)
    await stages.do(world, ISSUE)
    notice = await Notice.get(case_id=filed.case_id, kind="N03")
    assert notice.doc_no == "示住建不受〔2026〕1号"
    text = await text_of(world, notice)
    for said in (
        "决定不予受理",
        "不予受理的原因：这件事不归这里管",
        "具体情况：这条路归公路部门管。",
        "请您到示例县公路局申请",
        "从收到这份通知书之日起60日内",
        "之日起6个月内，直接向有管辖权的人民法院提起行政诉讼",
    ):
        assert said in text, said


async def test_a_decision_is_announced_and_says_that_it_is_no_decision(world: World) -> None:
    filed = await stages.reviewed(world)
    await stages.decided(world, filed, Decision.REJECTED)
    await stages.do(world, ISSUE)
    text = await text_of(world, await Notice.get(case_id=filed.case_id, kind="N16"))
    for said in (
        "决定书文号：示住建许〔2026〕1号。",
        "不予批准的理由：不符合规划。",
        "它不是决定书",
        "从收到决定书之日起60日内",
    ):
        assert said in text, said


async def test_what_is_owed_stands_in_the_payment_notice(world: World) -> None:
    """12.5 square metres of asphalt at 300 yuan are 3750 yuan."""
    filed = await stages.owing(world)
    await stages.do(world, ISSUE)
    text = await text_of(world, await Notice.get(case_id=filed.case_id, kind="N09"))
    assert "已经批准。请您缴费，缴费以后就发证。" in text
    assert "应缴金额：3750元。" in text
    approval = await text_of(world, await Notice.get(case_id=filed.case_id, kind="N15"))
    assert "示例县住房和城乡建设局已经作出准予的决定" in approval
    assert "发证之前请您先缴费" in approval
