"""Issuing notices: numbers without gaps, words that stay, files whose signature holds."""

import hashlib
import io

from pypdf import PdfReader

from models.notice import Notice
from tests import make
from tests.services import stages
from tests.world import World


async def text_of(world: World, notice: Notice) -> str:
    """Return the text of a notice's file without any blanks."""
    assert notice.file_key is not None
    content = b"".join([chunk async for chunk in world.parts.adapters.files.read(notice.file_key)])
    assert hashlib.sha256(content).hexdigest() == notice.digest
    pages = PdfReader(io.BytesIO(content)).pages
    return "".join("".join(page.extract_text().split()) for page in pages)


async def receipts(world: World, count: int) -> list[make.Filed]:
    who = await make.citizen(world)
    filed = [await stages.drafted(world, who, "ITEM10") for _ in range(count)]
    for each in filed:
        await world.ctx.submissions.submit(who, each.case_id, f"submission-{each.case_id}")
    return filed


async def test_a_submission_owes_a_receipt_and_gets_it(world: World) -> None:
    [filed] = await receipts(world, 1)
    assert [name for name, _ in await world.jobs()] == ["notice.issue"]
    await stages.do(world, "notice.issue")
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
        "2026年3月2日当天不算，从第二天起数5个工作日",
        "2026年3月3日（星期二）",
        "《中华人民共和国行政许可法》第二十九条、第三十二条",
    ):
        assert said in text, said
