"""What each notice says, read from what a step has left in the database."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import pytest

from models.case import Case, CaseEvent
from models.credit import CreditEvent, OriginalCheck
from models.delivery import Delivery
from models.material import ResultDocument
from models.notice import Notice
from models.payment import Fee, PaymentOrder
from models.promise import ShortfallItem, SignedPromise
from models.rules.clock_table import ClockName
from models.rules.documents.all import TEMPLATES
from models.rules.documents.template import compose
from models.rules.events import Event, Role
from models.rules.notices import NoticeKind
from models.rules.states import State
from models.unit import transaction
from services.actors import Actor
from services.documents.gather import facts_of
from services.documents.step import Step
from tests import make
from tests.documents import said
from tests.services import stages
from tests.services.flavoured import body_of, published
from tests.world import World

K = NoticeKind
JULY_6 = datetime(2026, 7, 6, 1, 0, tzinfo=UTC)  # Monday, 09:00 in Shanghai


class Play:
    """Takes steps of the table whose guards others check, and reads the notices they owe."""

    def __init__(self, world: World, filed: make.Filed) -> None:
        self.world, self.filed = world, filed

    @transaction
    async def step(
        self,
        state: State,
        event: Event,
        role: Role,
        data: Mapping[str, Any] | None = None,
        dues: Mapping[ClockName, date] | None = None,
    ) -> None:
        await Case.filter(id=self.filed.case_id).update(state=state)
        case = await Case.get(id=self.filed.case_id)
        item = await self.world.ctx.items.version(case.item_version_id)
        actor = Actor(role, None, "示例县政务服务中心")
        door = self.world.ctx.cases.transitions
        await door.apply(case, item, event, actor, data=data, dues=dues)

    @transaction
    async def supersede(self, kind: NoticeKind, seq: int, reason: str) -> None:
        case = await Case.filter(id=self.filed.case_id).select_for_update().get()
        await self.world.ctx.notices.supersede(case, kind, seq, {"reason": reason})

    async def says(self, kind: NoticeKind) -> str:
        """Return the words of the newest notice of a kind."""
        notice = await Notice.filter(kind=kind.name).order_by("-seq", "-edition").first()
        assert notice is not None
        case = await Case.get(id=self.filed.case_id)
        item = await self.world.ctx.items.version(case.item_version_id)
        event = await CaseEvent.get(case_id=case.id, seq=notice.seq)
        facts = await facts_of(Step(self.world.ctx.cases, case, item, notice, event), "王建国")
        return said(compose(TEMPLATES[kind], facts, "号", "核", "https://x.cn"))


async def play(world: World, item: str = "ITEM10") -> Play:
    who = await make.citizen(world)
    filed = await stages.drafted(world, who, item)
    await world.ctx.submissions.submit(who, filed.case_id, f"submission-{filed.case_id}")
    return Play(world, filed)


def has(text: str, *wanted: str) -> None:
    for each in wanted:
        assert each in text, f"{each}\n---\n{text}"


async def test_promised_materials_and_what_was_signed(world: World) -> None:
    """Story 1: accepted 2026-03-03 with a material promised for 03-10."""
    on = await play(world)
    world.clock.at = datetime(2026, 3, 3, 2, 0, tzinfo=UTC)
    case_id = on.filed.case_id
    await ShortfallItem.create(
        case_id=case_id,
        code="M06",
        name="交通方案",
        status="PROMISED",
        due_on=date(2026, 3, 10),
    )
    await SignedPromise.create(
        case_id=case_id,
        kind="SHORTFALL",
        template_version="1",
        statements=["我会按时补齐。"],
        digest="5f" * 32,
        signed_by=on.filed.citizen.account_id,
        signed_at=world.clock.now(),
    )
    dues = {ClockName.SHORTFALL: date(2026, 3, 10)}
    await on.step(State.PRE_REVIEWING, Event.ACCEPT_SHORTFALL, Role.WINDOW, dues=dues)
    text = await on.says(K.N05)
    has(
        text,
        "我们在2026年3月3日10时00分先受理。",
        "1|交通方案|2026年3月10日",
        "您补齐承诺的材料|2026年3月10日（星期二）|这是您自己承诺的日期",
        "1|我会按时补齐。",
        f"您在2026年3月3日10时00分签了这份承诺，承诺内容的校验值是{'5f' * 32}。",
    )
    has(
        await on.says(K.N04), "这次是容缺受理", "2026年3月10日（星期二）", "2026年3月31日（星期二）"
    )
    await on.step(State.ACCEPTED, Event.SHORTFALL_FULFIL, Role.APPLICANT)
    receipt = await on.says(K.N01)
    has(receipt, "时承诺后补的材料，我们在2026年3月3日10时00分核对完毕")
    assert receipt.count("|") == 2, receipt  # the one promised material and nothing else


@pytest.mark.parametrize(
    ("policy", "end"),
    [("WITHDRAWN_DEEMED", "这次申请按撤回处理"), ("TERMINATE", "这次办理会终止"), ("ALERT", "")],
)
async def test_no_end_is_threatened_that_does_not_come(world: World, policy: str, end: str) -> None:
    body = body_of("ITEM10")
    body["acceptance"]["shortfall_expiry"] = policy
    await published(world, body)
    on = await play(world)
    dues = {ClockName.SHORTFALL: date(2026, 3, 10)}
    await on.step(State.PRE_REVIEWING, Event.ACCEPT_SHORTFALL, Role.WINDOW, dues=dues)
    text = await on.says(K.N05)
    has(text, "材料没有补齐之前，我们不会作出决定", end)
    assert ("到期没有补齐" in text) is bool(end)


async def test_a_commitment_is_what_was_signed(world: World) -> None:
    on = await play(world)
    await SignedPromise.create(
        case_id=on.filed.case_id,
        kind="COMMITMENT",
        template_version="1",
        statements=["我符合条件。", "我知道后果。"],
        digest="6e" * 32,
        signed_by=on.filed.citizen.account_id,
        signed_at=world.clock.now(),
    )
    await on.step(State.PRE_REVIEWING, Event.ACCEPT_COMMITMENT, Role.WINDOW)
    has(await on.says(K.N06), "1|我符合条件。\n2|我知道后果。", "6e" * 32, "国办发〔2020〕42号")
    has(await on.says(K.N04), "这次按告知承诺办理")


async def test_silence_is_told_as_acceptance_from_the_day_of_receipt(world: World) -> None:
    """Received Monday 2026-03-02, deemed on 03-10: the limits count from 03-02."""
    on = await play(world)
    world.clock.at = datetime(2026, 3, 9, 16, 0, tzinfo=UTC)
    await on.step(State.SUBMITTED, Event.DEEM_ACCEPTED, Role.SYSTEM)
    has(
        await on.says(K.N07),
        "您的申请从收到材料那天，也就是2026年3月2日9时10分起，就算已经受理。",
        "1|我们承诺办结|2026年3月9日（星期一）|2026年3月2日当天不算",
        "2|法律规定最迟办结|2026年3月30日（星期一）|",
    )


async def test_who_passed_online_is_told_what_to_bring_and_where(world: World) -> None:
    """Thirty calendar days after 2026-03-02 end on 04-01."""
    on = await play(world, "ITEM09")
    await on.step(State.PRE_REVIEWING, Event.PRE_REVIEW_PASS, Role.DEPT)
    text = await on.says(K.N08)
    item = await world.ctx.items.version((await on.filed.case()).item_version_id)
    where = item.body["guide"]["where"]
    has(text, "到2026年4月1日（星期三）24时没有来交的", str(where["name"]))
    assert "请带这些原件\n1|" in text


async def test_a_lapse_names_its_cause_and_its_last_day(world: World) -> None:
    """Issued 2026-03-02: 15 working days end on 03-23, the lapse comes the moment after."""
    on = await play(world)
    await on.step(State.PRE_REVIEWING, Event.ISSUE_CORRECTION, Role.WINDOW)
    world.clock.at = datetime(2026, 3, 23, 16, 0, tzinfo=UTC)
    data = {"due_on": "2026-03-23"}
    await on.step(State.CORRECTION_REQUIRED, Event.CORRECTION_TIMEOUT, Role.SYSTEM, data)
    has(
        await on.says(K.N12),
        "从2026年3月24日0时00分起按撤回申请处理。",
        "原因：到期没有收到您要补的材料。",
        "这件事的最后日期是2026年3月23日（星期一）。",
        "之日起60日内",
    )


async def test_a_special_procedure_tells_how_long_it_takes(world: World) -> None:
    """行政许可法45: the time needed is told in writing."""
    world.clock.at = JULY_6
    on = await play(world)
    data = {
        "procedure": "专家评审",
        "planned_days": 9,
        "planned_until": "2026-07-15",
        "reason": "专家评审",
    }
    await on.step(State.ACCEPTED, Event.SPECIAL_START, Role.BACKOFFICE, data)
    has(
        await on.says(K.N13),
        "要做的程序：专家评审。",
        "需要的时间：9天。",
        "预计做到2026年7月15日（星期三）。",
        "《中华人民共和国行政许可法》第四十五条",
    )


async def test_an_extension_names_who_let_it_and_the_new_day(world: World) -> None:
    """Story 1: statutory until 2026-03-31; ten working days more, Qingming left out: 04-15."""
    on = await play(world)
    world.clock.at = datetime(2026, 3, 3, 2, 0, tzinfo=UTC)
    await on.step(State.PRE_REVIEWING, Event.ACCEPT, Role.WINDOW)
    world.clock.at = datetime(2026, 3, 20, 2, 0, tzinfo=UTC)
    data = {"approver": "局长", "reason": "要等上级答复。"}
    await on.step(State.UNDER_REVIEW, Event.EXTEND, Role.BACKOFFICE, data)
    has(
        await on.says(K.N14),
        "经局长批准，办理期限延长一次。",
        "延长的理由：要等上级答复。",
        "延长10个工作日，接着法律规定的最后一天往后算。",
        "1|延长以后最迟办结|2026年4月15日（星期三）|2026年3月31日当天不算，从第二天起数10个工作日",
    )


@pytest.mark.parametrize(
    ("state", "event", "role", "said_"),
    [
        (State.ACCEPTED, Event.SHORTFALL_TIMEOUT_TERMINATE, Role.SYSTEM, "您承诺补上的材料"),
        (State.ORIGINALS_SUPPLEMENT, Event.ORIGINALS_TIMEOUT, Role.SYSTEM, "您要补齐的原件"),
        (State.ORIGINALS_CHECK, Event.ORIGINALS_NO_SHOW, Role.SYSTEM, "您带原件来核对"),
        (State.ACCEPTED, Event.TERMINATE, Role.BACKOFFICE, "具体情况：申请人注销了。"),
    ],
)
async def test_a_termination_names_its_cause(
    world: World, state: State, event: Event, role: Role, said_: str
) -> None:
    on = await play(world)
    data = {"explanation": "申请人注销了。"} if event is Event.TERMINATE else {}
    await on.step(state, event, role, data)
    has(await on.says(K.N11), said_, "终止办理", "之日起60日内")


async def test_false_originals_end_a_case_and_are_only_proposed_for_record(world: World) -> None:
    on = await play(world)
    await CreditEvent.create(
        account_id=on.filed.citizen.account_id,
        case_id=on.filed.case_id,
        behaviour="FALSE_ORIGINAL",
        basis="行政许可法78",
        evidence=["两名工作人员的核验记录"],
        status="PROPOSED",
        proposed_at=world.clock.now(),
    )
    await on.step(State.ORIGINALS_CHECK, Event.IDENTITY_MISMATCH_OR_FALSE, Role.DEPT)
    has(
        await on.says(K.N20),
        "情况：核验原件时发现提交的材料不真实。",
        "依据：行政许可法78。",
        "1|两名工作人员的核验记录",
        "现在还没有记录，也没有对外公布。",
        "您有权提出异议",
    )
    assert "您可以随时重新申请" not in await on.says(K.N11)


async def test_missing_originals_are_listed_with_three_working_days(world: World) -> None:
    """Story 2: Monday 2026-05-11, due on 05-14."""
    on = await play(world, "ITEM05")
    world.clock.at = datetime(2026, 5, 11, 2, 0, tzinfo=UTC)
    await OriginalCheck.create(
        case_id=on.filed.case_id,
        outcome="INCOMPLETE",
        items=[
            {"code": "M02", "name": "权属证明", "finding": "MISSING", "note": "请带原件。"},
            {"code": "M03", "name": "身份证", "finding": "TRUE", "note": ""},
        ],
        officer_id=on.filed.citizen.account_id,
        at=world.clock.now(),
    )
    await on.step(State.ORIGINALS_CHECK, Event.ORIGINALS_INCOMPLETE, Role.DEPT)
    text = await on.says(K.N19)
    has(text, "1|权属证明|没有带原件|请带原件。", "到2026年5月14日（星期四）24时还没有补齐的")
    assert "身份证" not in text


async def test_who_verifies_later_is_called_with_the_originals(world: World) -> None:
    on = await play(world, "ITEM05")
    await on.step(State.UNDER_REVIEW, Event.REVIEW_COMPLETE, Role.BACKOFFICE)
    text = await on.says(K.N17)
    has(text, "审批已经做完。请您带原件来核对", "请带这些原件\n1|", "您带原件来核对|2026年5月1日")
    await on.step(State.ORIGINALS_CHECK, Event.ORIGINALS_PASS, Role.DEPT)
    has(await on.says(K.N15), "您带来的原件已经核对一致。")


async def test_a_result_is_told_how_it_comes(world: World) -> None:
    on = await play(world)
    case_id = on.filed.case_id
    await on.step(State.APPROVED, Event.ROUTE_RESULT, Role.SYSTEM)
    has(await on.says(K.N17), "结果已经做好。", "到哪里领：", "手机上显示的领取码")
    await Delivery.create(
        case_id=case_id,
        method="WINDOW",
        window_id="W-NORTH",
        status="READY",
        updated_at=world.clock.now(),
    )
    has(await on.says(K.N17), "到哪里领：北桥镇便民服务中心窗口", "请打电话028-00000002问")
    await Delivery.filter(case_id=case_id).update(method="POST", window_id=None, waybill="EMS1")
    text = await on.says(K.N17)
    has(text, "您选的是邮寄")
    assert "领取码" not in text
    await on.step(State.RESULT_READY, Event.POST_HANDOVER, Role.WINDOW)
    has(await on.says(K.N17), "已经在2026年3月2日9时10分交给邮政寄出", "邮件号码：EMS1。")
    await on.step(State.DELIVERING, Event.POST_RETURNED, Role.SYSTEM)
    has(await on.says(K.N17), "已经退回窗口", "手机上显示的领取码")


@pytest.mark.parametrize(
    ("state", "event", "role", "said_"),
    [
        (State.APPROVED, Event.SERVE_ELECTRONIC, Role.SYSTEM, "您同意电子送达"),
        (State.RESULT_READY, Event.WINDOW_PICKUP, Role.WINDOW, "在窗口当面领取"),
        (State.DELIVERING, Event.POST_SIGNED, Role.SYSTEM, "在2026年3月2日9时10分签收"),
    ],
)
async def test_a_receipt_of_delivery_says_what_how_and_when(
    world: World, state: State, event: Event, role: Role, said_: str
) -> None:
    on = await play(world)
    await ResultDocument.create(
        case_id=on.filed.case_id,
        key=await make.registered(),
        sha256="a1" * 32,
        size=1,
        mime="application/pdf",
        source="x",
        created_at=world.clock.now(),
    )
    await on.step(state, event, role)
    has(
        await on.says(K.N18),
        said_,
        f"文件的校验值：{'a1' * 32}。",
        "法律上的送达时间：2026年3月2日9时10分。",
    )


async def _fee(world: World, on: Play, *, paid: bool) -> None:
    fee = await Fee.create(
        case_id=on.filed.case_id,
        stage="BEFORE_ACCEPTANCE",
        name="工本费",
        basis="某办法3",
        amount_fen=2050,
        breakdown=[{"text": "证卡1张", "amount_fen": 2050}],
        settled_at=world.clock.now() if paid else None,
        created_at=world.clock.now(),
    )
    if paid:
        await PaymentOrder.create(
            fee_id=fee.id,
            case_id=on.filed.case_id,
            number="ZB1",
            amount_fen=2050,
            payer="x",
            status="PAID",
            expires_at=world.clock.now(),
            created_at=world.clock.now(),
            paid_at=world.clock.now(),
        )


async def test_a_fee_before_acceptance_tells_what_happens_unpaid(world: World) -> None:
    """15 working days after Monday 2026-03-02 end on 03-23."""
    on = await play(world)
    await _fee(world, on, paid=False)
    await on.step(State.PRE_REVIEWING, Event.REQUEST_PREPAYMENT, Role.WINDOW)
    text = await on.says(K.N09)
    has(
        text,
        "应缴金额：20.50元。收费项目：工本费。收费依据：某办法3。",
        "1|证卡1张|20.50元",
        "到2026年3月23日（星期一）24时没有缴费的，这次申请按撤回处理。",
    )
    await on.step(State.AWAIT_PAYMENT, Event.PAYMENT_OVERDUE, Role.SYSTEM)
    overdue = await on.says(K.N09)
    has(overdue, "批准仍然有效")
    assert "按撤回处理" not in overdue


async def test_a_payment_is_told_and_called_no_bill(world: World) -> None:
    on = await play(world)
    await _fee(world, on, paid=True)
    await on.step(State.AWAIT_PAYMENT, Event.PAYMENT_CONFIRMED, Role.SYSTEM)
    has(
        await on.says(K.N10),
        "缴费金额：20.50元。",
        "缴费时间：2026年3月2日9时10分。缴款单号：ZB1。",
        "这是到账的告知，不是票据。",
    )
    await on.step(State.UNDER_REVIEW, Event.WITHDRAW_CONFIRMED, Role.BACKOFFICE)
    has(await on.says(K.N21), "审批部门已经同意", "您已经缴的费用，会按规定退给您")


async def test_a_withdrawal_without_payment_promises_no_refund(world: World) -> None:
    on = await play(world)
    await on.step(State.SUBMITTED, Event.WITHDRAW, Role.APPLICANT)
    text = await on.says(K.N21)
    has(text, "您在2026年3月2日9时10分撤回了")
    assert "退给您" not in text


async def test_a_new_edition_reads_the_clock_as_it_is_now(world: World) -> None:
    """A calendar that arrived later gave two days more: 03-25 in the place of 03-23."""
    on = await play(world)
    await on.step(State.PRE_REVIEWING, Event.ISSUE_CORRECTION, Role.WINDOW)
    old = await Notice.get(kind="N02")
    await Notice.filter(id=old.id).update(doc_no="示住建补正〔2026〕1号")
    await world.database.execute(
        "UPDATE clock_instances SET due_at = $1 WHERE name = 'CORRECTION'",
        datetime(2026, 3, 25, 16, 0, tzinfo=UTC),
    )
    world.clock.at = datetime(2026, 3, 10, 2, 0, tzinfo=UTC)
    await on.supersede(K.N02, old.seq, "放假安排公布了。")
    has(
        await on.says(K.N02),
        "这份文书代替示住建补正〔2026〕1号《补正材料通知书》",
        "换发的原因：放假安排公布了。",
        "到2026年3月25日（星期三）24时还没有补齐的",
    )
    new = await Notice.get(kind="N02", edition=2)
    assert (new.supersedes_id, new.issued_at) == (old.id, world.clock.now())
