"""When a person is told something without asking: what sends a message, and its words.

Most are occasions on which the citizen has to do something; the rest are results they wait for.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from models.rules.calendar import due_on
from models.rules.clock_table import ClockName
from models.rules.events import Event

# An applicant's limit that another edition of the calendar moved, in a few characters.
MOVED = "case_action"
_LIMITS = {
    ClockName.CORRECTION: "补正期限",
    ClockName.PAPER_SUBMIT: "交件期限",
    ClockName.PAY_CASE: "缴费期限",
    ClockName.ORIGINALS_3WD: "补原件期限",
}

# Subscribe-message template (订阅消息模板) and what the person should do, at most 20 characters.
OCCASIONS: Mapping[Event, tuple[str, str]] = MappingProxyType(
    {
        Event.ISSUE_CORRECTION: ("case_action", "材料需要补正,请查看清单"),
        Event.PRE_REVIEW_PASS: ("case_action", "预审通过,请带原件到窗口"),
        Event.PAPER_DEFECT: ("case_action", "原件需要补正,请查看清单"),
        Event.REQUEST_PREPAYMENT: ("case_action", "请先缴费,缴费后受理"),
        Event.REQUEST_PAYMENT: ("case_action", "已批准,请缴费后领证"),
        Event.REVIEW_COMPLETE: ("case_action", "请带原件到窗口核对"),
        Event.ORIGINALS_INCOMPLETE: ("case_action", "请三个工作日内补齐原件"),
        Event.ORIGINALS_PASS: ("case_progress", "原件核对好了,申请已批准"),
        Event.IDENTITY_MISMATCH_OR_FALSE: ("case_progress", "办理已经终止,请看告知书"),
        Event.ACCEPT: ("case_progress", "您的申请已经受理"),
        Event.ACCEPT_SHORTFALL: ("case_action", "已受理,请按承诺补交材料"),
        Event.ACCEPT_VERIFY_LATER: ("case_progress", "您的申请已经受理"),
        Event.ACCEPT_COMMITMENT: ("case_progress", "您的申请已经受理"),
        Event.SHORTFALL_FULFIL: ("case_progress", "承诺补交的材料已经补齐"),
        Event.PAPER_RECEIVED: ("case_progress", "您的申请已经受理"),
        Event.REFUSE_ACCEPTANCE: ("case_progress", "申请不予受理,请看原因"),
        Event.SPECIAL_START: ("case_progress", "需做专门程序,请看告知书"),
        Event.SPECIAL_END: ("case_progress", "专门程序做完,继续办理"),
        Event.EXTEND: ("case_progress", "办理时间延长,请看告知书"),
        Event.TERMINATE: ("case_progress", "办理已经终止,请看原因"),
        Event.WITHDRAW_CONFIRMED: ("case_progress", "您的撤回请求已经办好"),
        Event.DECIDE_APPROVE: ("case_progress", "您的申请已经批准"),
        Event.DECIDE_REJECT: ("case_progress", "申请未获批准,请看决定书"),
        Event.ROUTE_RESULT: ("case_action", "结果已做好,请看领取方式"),
        Event.POST_HANDOVER: ("case_progress", "结果已寄出,请留意电话"),
        Event.SERVE_ELECTRONIC: ("case_progress", "电子结果已送达,请查看"),
        Event.DEEM_ACCEPTED: ("case_progress", "您的申请依法算作受理"),
        Event.CORRECTION_TIMEOUT: ("case_progress", "到期没有补正,按撤回处理"),
        Event.PAPER_TIMEOUT: ("case_progress", "到期没有交原件,按撤回处理"),
        Event.PAYMENT_TIMEOUT: ("case_progress", "到期没有缴费,按撤回处理"),
        Event.PAYMENT_OVERDUE: ("case_action", "缴费到期了,缴费后发证"),
        Event.SHORTFALL_TIMEOUT: ("case_progress", "到期没有补齐,按撤回处理"),
        Event.SHORTFALL_TIMEOUT_TERMINATE: ("case_progress", "到期没有补齐,办理终止"),
        Event.ORIGINALS_TIMEOUT: ("case_progress", "到期没有补齐原件,已终止"),
        Event.ORIGINALS_NO_SHOW: ("case_progress", "没有来核对原件,已终止"),
    }
)

# What an applicant is told between the steps, under a code of its own.
ASKS: Mapping[str, str] = MappingProxyType(
    {
        "sign_promise": "部分材料可后补,请签容缺承诺",
        "shortfall_declined": "有材料不能后补,请看原因",
        "fix_field": "有处小错误,请当场改好",
        "supply_again": "补交的材料不合格,请重新传",
    }
)


def moved_words(name: str, due: datetime) -> str:
    """Return what to say of an applicant's limit that now ends later, at most 20 characters."""
    day = due_on(due)
    limit = _LIMITS.get(ClockName(name), "期限")
    return f"{limit}改到{day.year}年{day.month}月{day.day}日"
