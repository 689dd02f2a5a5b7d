"""The clocks in plain Chinese: whose they are, what they rest on, which day does not count."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from models.rules.clock_table import ClockName
from models.rules.events import Actor

_OURS = "本系统的约定"
_PLAN = "青神方案2018"


class ClockWords(NamedTuple):
    """``first``: what the day is called from which a clock counts; ``basis``: its source."""

    first: str
    basis: str


_C = ClockName
# fmt: off
CLOCK_WORDS: Mapping[ClockName, ClockWords] = MappingProxyType({
    _C.DRAFT_TTL: ClockWords("建草稿那天", _OURS),
    _C.PRE_REVIEW_SLA: ClockWords("收件日", f"安阳市政务服务条例42; {_PLAN} 承诺期限内预审"),
    _C.NOTIFY_5WD: ClockWords("收件日", "行政许可法32(四)、82"),
    _C.CORRECTION: ClockWords("发出补正通知那天", "安阳市政务服务条例36; 天数由事项规定"),
    _C.PAPER_SUBMIT: ClockWords("预审通过那天", _OURS),
    _C.PAY_CASE: ClockWords("通知缴费那天", _OURS),
    _C.PAY_ORDER: ClockWords("下单那天", "微信支付 time_expire"),
    _C.SHORTFALL: ClockWords("签承诺书那天", f"{_PLAN} 容缺承诺"),
    _C.DECISION_PROMISED: ClockWords("受理日", f"{_PLAN} 承诺时限"),
    _C.DECISION_STATUTORY: ClockWords("受理日", "行政许可法42、43"),
    _C.EXTENSION: ClockWords("原来期限的最后一天", "行政许可法42"),
    _C.SERVE_10WD: ClockWords("作出决定那天", "行政许可法44"),
    _C.RESULT_TRANSFER_FIX: ClockWords("发现有误那天", f"{_PLAN} 附件1三(七)1"),
    _C.ORIGINALS_3WD: ClockWords("通知补原件那天", f"{_PLAN} 附件3三(二)4"),
    _C.ORIGINALS_PRESENT: ClockWords("通知核对原件那天", _OURS),
    _C.PICKUP_REMIND: ClockWords("通知领取那天", _OURS),
    _C.RECEIPT_TRANSFER: ClockWords("签收那天", f"{_PLAN} 附件1三(八)"),
    _C.PAPER_HANDOVER: ClockWords("受理日", f"{_PLAN} 附件1三(四)"),
    _C.RATING_WINDOW: ClockWords("可以评价的头一天", _OURS),
    _C.BAD_RATING_CONTACT: ClockWords("收到差评那天", "安阳市政务服务条例52"),
    _C.BAD_RATING_FIX: ClockWords("收到差评那天", "德州、襄城的规定"),
})
# fmt: on

OWNER_WORDS: Mapping[Actor, str] = MappingProxyType(
    {
        Actor.APPLICANT: "申请人",
        Actor.WINDOW: "综合受理窗口",
        Actor.DEPT: "审批部门",
        Actor.BACKOFFICE: "审批部门",
        Actor.SYSTEM: "本系统",
    }
)
RECEIPT_DAY = "收件日"
