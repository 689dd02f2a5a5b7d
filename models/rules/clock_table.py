"""The 21 clocks of the lifecycle: whose they are, how long they run by default, and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from models.rules.calendar import Limit, Unit
from models.rules.events import Actor


class ClockName(StrEnum):
    """The clocks of the table; the value is the member's name."""

    DRAFT_TTL = "DRAFT_TTL"
    PRE_REVIEW_SLA = "PRE_REVIEW_SLA"
    NOTIFY_5WD = "NOTIFY_5WD"
    CORRECTION = "CORRECTION"
    PAPER_SUBMIT = "PAPER_SUBMIT"
    PAY_CASE = "PAY_CASE"
    PAY_ORDER = "PAY_ORDER"
    SHORTFALL = "SHORTFALL"
    DECISION_PROMISED = "DECISION_PROMISED"
    DECISION_STATUTORY = "DECISION_STATUTORY"
    EXTENSION = "EXTENSION"
    SERVE_10WD = "SERVE_10WD"
    RESULT_TRANSFER_FIX = "RESULT_TRANSFER_FIX"
    ORIGINALS_3WD = "ORIGINALS_3WD"
    ORIGINALS_PRESENT = "ORIGINALS_PRESENT"
    PICKUP_REMIND = "PICKUP_REMIND"
    RECEIPT_TRANSFER = "RECEIPT_TRANSFER"
    PAPER_HANDOVER = "PAPER_HANDOVER"
    RATING_WINDOW = "RATING_WINDOW"
    BAD_RATING_CONTACT = "BAD_RATING_CONTACT"
    BAD_RATING_FIX = "BAD_RATING_FIX"


@dataclass(frozen=True)
class ClockSpec:
    """What a clock is. ``default`` None: the item, a promise or a rule of its own gives it."""

    zh: str
    owner: Actor
    default: Limit | None
    basis: str
    warn_before: tuple[Limit, ...] = ()
    pausable: bool = False
    per_item: bool = False


def _wd(value: int) -> Limit:
    return Limit(value, Unit.WORKING_DAY)


def _cd(value: int) -> Limit:
    return Limit(value, Unit.CALENDAR_DAY)


_A = Actor
_C = ClockName
# fmt: off
CLOCKS: Mapping[ClockName, ClockSpec] = MappingProxyType({
    _C.DRAFT_TTL: ClockSpec("草稿保留", _A.APPLICANT, _cd(30), "design"),
    _C.PRE_REVIEW_SLA: ClockSpec(
        "预审承诺期限", _A.WINDOW, _wd(1), "安阳条例42; 青神方案2018 承诺期限内预审",
        per_item=True),
    _C.NOTIFY_5WD: ClockSpec(
        "一次性告知/受理期限", _A.ACCEPTOR, _wd(5),
        "行政许可法32(四),82; 青神方案2018 附件1三(三)3",
        warn_before=(_wd(1),), per_item=True),
    _C.CORRECTION: ClockSpec(
        "补正期限", _A.APPLICANT, _wd(15), "安阳条例36 逾期视为撤回; the number of days is local",
        warn_before=(_wd(3), _wd(1)), per_item=True),
    _C.PAPER_SUBMIT: ClockSpec(
        "预审通过后现场交件", _A.APPLICANT, _cd(30), "design", per_item=True),
    _C.PAY_CASE: ClockSpec(
        "缴费期限(办件级)", _A.APPLICANT, _wd(15), "design", per_item=True),
    _C.PAY_ORDER: ClockSpec(
        "支付单有效期", _A.SYSTEM, Limit(24, Unit.HOUR), "微信支付 time_expire"),
    _C.SHORTFALL: ClockSpec(  # the applicant promises a day, not after the promised decision
        "容缺补齐期限", _A.APPLICANT, None, "青神方案2018 容缺承诺; 阜新民政/台州"),
    _C.DECISION_PROMISED: ClockSpec(
        "承诺办结时限", _A.BACKOFFICE, None, "青神方案2018 承诺时限",
        warn_before=(_wd(1),), pausable=True, per_item=True),
    _C.DECISION_STATUTORY: ClockSpec(
        "法定办结时限", _A.BACKOFFICE, None, "行政许可法42,43",
        warn_before=(_wd(3),), pausable=True, per_item=True),
    _C.EXTENSION: ClockSpec(  # counted on from the statutory last day; joint cases have 15
        "延长期限", _A.BACKOFFICE, _wd(10), "行政许可法42", per_item=True),
    _C.SERVE_10WD: ClockSpec(
        "颁发送达期限", _A.WINDOW, _wd(10), "行政许可法44", warn_before=(_wd(2),), per_item=True),
    _C.RESULT_TRANSFER_FIX: ClockSpec(
        "结果信息更正", _A.BACKOFFICE, _wd(1), "青神方案2018 附件1三(七)1"),
    _C.ORIGINALS_3WD: ClockSpec(
        "先办后验补齐期限", _A.APPLICANT, _wd(3), "青神方案2018 附件3三(二)4"),
    _C.ORIGINALS_PRESENT: ClockSpec(
        "到场核验提醒期", _A.APPLICANT, _cd(60), "design", warn_before=(_cd(30), _cd(7))),
    _C.PICKUP_REMIND: ClockSpec("未领取提醒", _A.APPLICANT, _cd(60), "design"),
    _C.RECEIPT_TRANSFER: ClockSpec(
        "送达回执移交部门", _A.WINDOW, _wd(1), "青神方案2018 附件1三(八)"),
    _C.PAPER_HANDOVER: ClockSpec(  # see handover_due_at
        "纸质材料交接", _A.WINDOW, None, "青神方案2018 附件1三(四)"),
    _C.RATING_WINDOW: ClockSpec("评价窗口期", _A.APPLICANT, _cd(30), "design"),
    _C.BAD_RATING_CONTACT: ClockSpec("实名差评联系核实", _A.DEPT, _wd(1), "安阳条例52"),
    _C.BAD_RATING_FIX: ClockSpec(  # a complex one has 15
        "差评整改反馈", _A.DEPT, _wd(5), "local (德州/襄城 5wd; 四川某市 15wd)"),
})
# fmt: on
