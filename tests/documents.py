"""Facts of documents, as the stories have them, for tests that fill and print them."""

from datetime import UTC, date, datetime
from typing import Any

from models.rules.calendar import Limit, Unit
from models.rules.clock_table import ClockName
from models.rules.documents.all import TEMPLATES
from models.rules.documents.facts import Charge, Deadline, Defect, Facts, Promised, Received
from models.rules.documents.sheet import Sheet, Table
from models.rules.documents.template import compose
from models.rules.events import Event
from models.rules.notices import NoticeKind
from models.rules.states import AcceptMode

MONDAY = datetime(2026, 3, 2, 1, 10, tzinfo=UTC)  # 09:10 in Shanghai
TUESDAY = datetime(2026, 3, 3, 2, 0, tzinfo=UTC)
CASE_NO = "11511499MB9000015D4000123905000202603020001"
CHECK = "23456789ACDEFGHJKMNP"
K, C = NoticeKind, ClockName
LATE = "yes"
PLACE = {
    "phone": "028-00000001",
    "place": "示例县政务服务中心综合受理窗口",
    "address": "示例县示例路1号一楼大厅",
    "hours": "工作日 09:00-17:00",
}


def facts(event: Event, **more: Any) -> Facts:
    """Return the facts of story 1, as far as every document has them."""
    given: dict[str, Any] = {
        "event": event,
        "at": MONDAY,
        "dated": date(2026, 3, 2),
        "item": "公共场所卫生许可(新证)",
        "permit": True,
        "item_basis": "公共场所卫生管理条例",
        "organ": "示例县卫生健康局",
        "case_no": CASE_NO,
        "applicant": "王建国",
        "received_at": MONDAY,
        **more,
    }
    return Facts(**given)


def filled(kind: NoticeKind, event: Event, **more: Any) -> Sheet:
    number = f"示卫健{TEMPLATES[kind].word}〔2026〕12号"
    link = f"https://hall.example.cn/verify/{CHECK}"
    return compose(TEMPLATES[kind], facts(event, **more), number, CHECK, link)


def said(sheet: Sheet) -> str:
    """Return everything that a document says, blocks apart by line ends."""
    lines: list[str] = [sheet.title, sheet.subtitle, sheet.addressee]
    for block in sheet.blocks:
        if isinstance(block, Table):
            lines += [block.heading, *("|".join(row) for row in block.rows)]
        else:
            lines.append(block)
    return "\n".join([*lines, sheet.basis])


def due(clock: ClockName, last: date, start: date, days: int, unit: Unit | None = None) -> Deadline:
    return Deadline(clock, last, start, Limit(days, unit or Unit.WORKING_DAY))


_DECISION = (
    due(C.DECISION_PROMISED, date(2026, 3, 10), date(2026, 3, 3), 5),
    due(C.DECISION_STATUTORY, date(2026, 3, 31), date(2026, 3, 3), 20),
)
_FEE: dict[str, Any] = {
    "amount_fen": 375_000,
    "charges": (Charge("沥青路面12.5平方米,每平方米300元", 375_000),),
    "texts": {"fee_name": "城市道路挖掘修复费", "fee_basis": "城市道路管理条例37", **PLACE},
}
_DEFECTS = (
    Defect(
        "营业执照",
        "材料过了有效期,请交有效的。",
        "请交2026年换发的正本或副本,照片要拍全四个角",
    ),
    Defect(
        "公共场所地址方位示意图、平面图和卫生设施平面布局图",
        "缺少盖章,请盖章后再交。",
        "每一页都盖公章;没有公章的个体工商户由经营者签名并按手印",
    ),
    Defect("营业面积", "这一项填得不对,请修改。", "和租赁合同上的面积写成一样"),
)

# One document of each kind, with everything that it can say in its story.
WHOLE: dict[NoticeKind, tuple[Event, dict[str, Any]]] = {
    K.N01: (
        Event.SUBMIT,
        {
            "materials": (Received("营业执照", 1), Received("卫生检测报告", 12)),
            "deadlines": (
                due(C.PRE_REVIEW_SLA, date(2026, 3, 3), date(2026, 3, 2), 1),
                due(C.NOTIFY_5WD, date(2026, 3, 9), date(2026, 3, 2), 5),
            ),
            "texts": {"silence": "yes", "query_code": "WXY2345678", **PLACE},
        },
    ),
    K.N02: (
        Event.ISSUE_CORRECTION,
        {
            "corrections": _DEFECTS,
            "deadlines": (due(C.CORRECTION, date(2026, 3, 23), date(2026, 3, 2), 15),),
            "texts": {"withdrawn_if_late": LATE, "opinion": "补齐后当天受理。", **PLACE},
        },
    ),
    K.N03: (
        Event.REFUSE_ACCEPTANCE,
        {
            "texts": {
                "reason": "这件事不归这里管,请到通知书写明的机关申请。",
                "explanation": "您要办的是林木采伐,由林业部门许可。",
                "redirect": "示例县林业局",
                "remedy": "这份通知书",
                **PLACE,
            }
        },
    ),
    K.N04: (
        Event.ACCEPT_VERIFY_LATER,
        {
            "accepted_at": TUESDAY,
            "mode": AcceptMode.VERIFY_LATER,
            "originals": ("营业执照", "卫生检测报告"),
            "deadlines": _DECISION,
            "texts": {"free": "yes", **PLACE},
        },
    ),
    K.N05: (
        Event.ACCEPT_SHORTFALL,
        {
            "accepted_at": TUESDAY,
            "promised": (Promised("公共场所卫生管理制度", date(2026, 3, 10)),),
            "deadlines": (
                due(C.SHORTFALL, date(2026, 3, 10), date(2026, 3, 3), 7, Unit.CALENDAR_DAY),
            ),
            "statements": (
                "我会在2026年3月10日前补齐公共场所卫生管理制度。",
                "我知道到期不补的后果。",
            ),
            "texts": {
                "withdrawn_if_late": LATE,
                "signed": "2026年3月3日9时30分",
                "signed_digest": "5f" * 32,
                **PLACE,
            },
        },
    ),
    K.N06: (
        Event.ACCEPT_COMMITMENT,
        {
            "statements": ("我已经知道办这件事的条件。", "我符合这些条件,所说的都是真的。"),
            "texts": {"signed": "2026年3月3日9时30分", "signed_digest": "5f" * 32, **PLACE},
        },
    ),
    K.N07: (
        Event.DEEM_ACCEPTED,
        {
            "accepted_at": MONDAY,
            "mode": AcceptMode.DEEMED,
            "deadlines": (
                due(C.DECISION_PROMISED, date(2026, 3, 9), date(2026, 3, 2), 5),
                due(C.DECISION_STATUTORY, date(2026, 3, 30), date(2026, 3, 2), 20),
            ),
            "texts": PLACE,
        },
    ),
    K.N08: (
        Event.PRE_REVIEW_PASS,
        {
            "originals": ("不动产权属证书", "房屋买卖合同"),
            "deadlines": (
                due(C.PAPER_SUBMIT, date(2026, 4, 1), date(2026, 3, 2), 30, Unit.CALENDAR_DAY),
            ),
            "texts": PLACE,
        },
    ),
    K.N09: (
        Event.REQUEST_PAYMENT,
        {**_FEE, "deadlines": (due(C.PAY_CASE, date(2026, 3, 23), date(2026, 3, 2), 15),)},
    ),
    K.N10: (
        Event.PAYMENT_CONFIRMED,
        {
            **_FEE,
            "texts": {
                **_FEE["texts"],
                "paid": "2026年3月2日15时20分",
                "order_no": "ZB20260302000000000000000000001",
            },
        },
    ),
    K.N11: (
        Event.TERMINATE,
        {"texts": {"reason": "申请人已经注销营业执照。", "remedy": "这份告知书", **PLACE}},
    ),
    K.N12: (
        Event.CORRECTION_TIMEOUT,
        {
            "texts": {
                "cause": "到期没有收到您要补的材料。",
                "ended": "2026年3月10日（星期二）",
                "remedy": "这份告知书",
                **PLACE,
            }
        },
    ),
    K.N13: (
        Event.SPECIAL_START,
        {
            "texts": {
                "procedure": "检验检测",
                "reason": "营业面积超过规定,要做空气质量检测。",
                "planned": "10天",
                "planned_until": "2026年3月12日",
                **PLACE,
            }
        },
    ),
    K.N14: (
        Event.EXTEND,
        {
            "deadlines": (due(C.EXTENSION, date(2026, 4, 15), date(2026, 3, 31), 10),),
            "texts": {
                "approver": "示例县卫生健康局局长",
                "reason": "需要等待上级部门的答复。",
                **PLACE,
            },
        },
    ),
    K.N15: (
        Event.DECIDE_APPROVE,
        {
            "deadlines": (due(C.SERVE_10WD, date(2026, 3, 16), date(2026, 3, 2), 10),),
            "texts": {
                "document_no": "示卫公证字〔2026〕8号",
                "result": "公共场所卫生许可证",
                **PLACE,
            },
        },
    ),
    K.N16: (
        Event.DECIDE_REJECT,
        {
            "deadlines": (due(C.SERVE_10WD, date(2026, 3, 16), date(2026, 3, 2), 10),),
            "texts": {
                "document_no": "示卫公不许〔2026〕3号",
                "reason": "卫生检测报告显示室内空气质量不合格。",
                "remedy": "决定书",
                **PLACE,
            },
        },
    ),
    K.N17: (
        Event.ROUTE_RESULT,
        {
            "deadlines": (
                due(C.PICKUP_REMIND, date(2026, 5, 1), date(2026, 3, 2), 60, Unit.CALENDAR_DAY),
            ),
            "texts": {"pickup": "yes", **PLACE},
        },
    ),
    K.N18: (
        Event.WINDOW_PICKUP,
        {
            "texts": {
                "result": "公共场所卫生许可证",
                "result_digest": "a1" * 32,
                "served": "2026年3月2日9时10分",
                **PLACE,
            }
        },
    ),
    K.N19: (
        Event.ORIGINALS_INCOMPLETE,
        {
            "corrections": (
                Defect("林木权属证明", "只带来了照片,没有带原件", "请带林权证或者承包合同的原件"),
            ),
            "deadlines": (due(C.ORIGINALS_3WD, date(2026, 3, 5), date(2026, 3, 2), 3),),
            "texts": PLACE,
        },
    ),
    K.N20: (
        Event.ORIGINALS_TIMEOUT,
        {
            "statements": ("2026年3月2日的原件补齐通知书", "到期没有补齐的记录"),
            "texts": {
                "behaviour": "先办后验逾期没有补齐原件",
                "cause": "到期没有收到您要补齐的原件。",
                "credit_basis": "本县先办后验的规定",
                **PLACE,
            },
        },
    ),
    K.N21: (Event.WITHDRAW, {"texts": {"refund": "yes", **PLACE}}),
}
