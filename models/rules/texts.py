"""What a citizen reads: one plain sentence for what happened, one for what comes next.

Written for an 83-year-old: short, no office words without their meaning, no blame.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from models.rules.events import Event
from models.rules.states import State


class Who(StrEnum):
    """Who has the case in hand. NOBODY: the case is over."""

    YOU = "您"
    WINDOW = "综合受理窗口"
    DEPARTMENT = "审批部门"
    POST = "邮政"
    NOBODY = ""


class NextStep(NamedTuple):
    """Who has to do something now, and what."""

    who: Who
    text: str


_HAPPENED: Mapping[Event, str] = MappingProxyType(
    {
        Event.SUBMIT: "您的申请已经交上来了,我们收到了。",
        Event.DRAFT_EXPIRE_OR_DELETE: "这份没有提交的草稿已经删除。",
        Event.CLAIM: "工作人员开始看您的材料了。",
        Event.INLINE_FIX: "您改好了一处小错误。",
        Event.ISSUE_CORRECTION: "您的材料还差一些,要补的都写在补正通知书里了。",
        Event.RESUBMIT: "您补的材料收到了。",
        Event.CORRECTION_TIMEOUT: "到期没有收到补的材料,这次申请按撤回处理。您可以重新申请。",
        Event.REFUSE_ACCEPTANCE: "这件事这里办不了,原因写在不予受理通知书里。",
        Event.ACCEPT: "您的材料齐了,申请已经正式受理。",
        Event.ACCEPT_SHORTFALL: "申请先受理了,还差的材料请在您答应的日期前补上。",
        Event.ACCEPT_VERIFY_LATER: "申请先受理、先办理,材料原件等办好后再来核对。",
        Event.ACCEPT_COMMITMENT: "您签了告知承诺书,申请已经正式受理。",
        Event.DEEM_ACCEPTED: "我们没有按时答复您,按法律规定,您的申请从收到那天起就算受理了。",
        Event.PRE_REVIEW_PASS: "网上预审通过了,请带原件到窗口交材料。",
        Event.PAPER_RECEIVED: "您带来的原件核对好了,申请已经正式受理。",
        Event.PAPER_DEFECT: "核对原件时发现有问题,要补的都写在补正通知书里了。",
        Event.PAPER_TIMEOUT: "到期没有等到您来交原件,这次申请按撤回处理。您可以重新申请。",
        Event.REQUEST_PREPAYMENT: "材料齐了,请先缴费,缴费后就受理。",
        Event.PAYMENT_CONFIRMED: "您的缴费已经到账。",
        Event.PAYMENT_TIMEOUT: "到期没有缴费,这次申请按撤回处理。您可以重新申请。",
        Event.START_REVIEW: "审批部门开始办理了。",
        Event.SPECIAL_START: "需要做检测、评审等专门程序,这段时间不算在办理期限里。",
        Event.SPECIAL_END: "专门程序做完了,继续办理。",
        Event.EXTEND: "办理时间需要延长,理由和新的日期写在通知书里了。",
        Event.SHORTFALL_FULFIL: "您答应补的材料已经补齐。",
        Event.SHORTFALL_TIMEOUT: "到期没有补齐材料,这次申请按撤回处理。您可以重新申请。",
        Event.SHORTFALL_TIMEOUT_TERMINATE: "到期没有补齐材料,这次办理已经终止。您可以重新申请。",
        Event.DECIDE_APPROVE: "您的申请批准了。",
        Event.DECIDE_REJECT: "您的申请没有批准,理由和不服怎么办写在决定书里了。",
        Event.REQUEST_PAYMENT: "您的申请批准了,请缴费,缴费后发证。",
        Event.PAYMENT_OVERDUE: "缴费日期已过。批准仍然有效,缴费后就发证。",
        Event.REVIEW_COMPLETE: "审批做完了,请带材料原件来核对,核对好就发证。",
        Event.ROUTE_RESULT: "结果已经做好,准备交给您。",
        Event.SERVE_ELECTRONIC: "结果已经发到您的手机上。",
        Event.ORIGINALS_PASS: "原件核对好了,您的申请批准了。",
        Event.ORIGINALS_INCOMPLETE: "原件还差一些,请在3个工作日内补齐。",
        Event.ORIGINALS_SUPPLIED: "您补的原件收到了。",
        Event.ORIGINALS_TIMEOUT: "到期没有补齐原件,这次办理已经终止。",
        Event.IDENTITY_MISMATCH_OR_FALSE: "原件核对不一致,这次办理已经终止。您有异议可以提出。",
        Event.WINDOW_PICKUP: "您已经在窗口领到结果。",
        Event.POST_HANDOVER: "结果已经交给邮政寄出。",
        Event.POST_SIGNED: "邮件已经签收。",
        Event.POST_RETURNED: "邮件没有送到,退回窗口了。请联系窗口或改为自己来领。",
        Event.WITHDRAW: "您已经撤回申请。",
        Event.WITHDRAW_CONFIRMED: "您撤回申请的请求已经办好。",
        Event.TERMINATE: "这次办理已经终止,原因写在告知书里了。",
        Event.ARCHIVE: "这件事的材料已经归档保存。",
        Event.ORIGINALS_NO_SHOW: "一直没有等到您来核对原件,这次办理已经终止。您可以重新申请。",
    }
)

_NEXT: Mapping[State, NextStep] = MappingProxyType(
    {
        State.DRAFT: NextStep(Who.YOU, "请填好表、传好材料,然后点提交。"),
        State.SUBMITTED: NextStep(Who.WINDOW, "正在排队,工作人员很快会看您的材料。"),
        State.PRE_REVIEWING: NextStep(Who.WINDOW, "工作人员正在看您的材料,您不用做什么。"),
        State.CORRECTION_REQUIRED: NextStep(Who.YOU, "请按通知书上的清单把材料补好,再提交一次。"),
        State.PRE_REVIEW_PASSED: NextStep(Who.YOU, "请带上材料原件,到窗口交一次。"),
        State.AWAIT_PREPAYMENT: NextStep(Who.YOU, "请在手机上缴费,缴费后就受理。"),
        State.ACCEPTED: NextStep(Who.DEPARTMENT, "材料已经交给审批部门,您不用做什么。"),
        State.UNDER_REVIEW: NextStep(Who.DEPARTMENT, "审批部门正在办理,您不用做什么。"),
        State.SUSPENDED: NextStep(Who.DEPARTMENT, "正在做检测、评审等专门程序,做完就继续办。"),
        State.APPROVED: NextStep(Who.WINDOW, "已经批准,窗口正在准备把结果交给您。"),
        State.REJECTED: NextStep(Who.WINDOW, "没有批准,窗口正在准备把决定书交给您。"),
        State.AWAIT_PAYMENT: NextStep(Who.YOU, "已经批准,请在手机上缴费,缴费后发证。"),
        State.ORIGINALS_CHECK: NextStep(Who.YOU, "请带上材料原件到窗口核对。"),
        State.ORIGINALS_SUPPLEMENT: NextStep(Who.YOU, "请在3个工作日内把差的原件补齐。"),
        State.RESULT_READY: NextStep(
            Who.WINDOW, "结果做好了。选邮寄的,由窗口寄出;选自己领的,请来窗口。"
        ),
        State.DELIVERING: NextStep(Who.POST, "邮件在路上,请留意电话。"),
        State.DELIVERED: NextStep(Who.NOBODY, "事情办完了。您愿意的话,可以给这次服务打个分。"),
        State.NOT_ACCEPTED: NextStep(Who.NOBODY, "这次申请没有受理。不明白的地方可以问窗口。"),
        State.WITHDRAWN: NextStep(Who.NOBODY, "申请已经撤回。需要时可以重新申请。"),
        State.WITHDRAWN_DEEMED: NextStep(Who.NOBODY, "申请已经按撤回处理。需要时可以重新申请。"),
        State.TERMINATED: NextStep(Who.NOBODY, "这次办理已经终止。不明白的地方可以问窗口。"),
        State.ARCHIVED: NextStep(Who.NOBODY, "这件事已经办完,材料都存好了。"),
        State.VOIDED: NextStep(Who.NOBODY, "草稿已经删除。需要时可以重新申请。"),
    }
)


def text_for(event: Event) -> str:
    """Return the sentence for what has just happened."""
    return _HAPPENED[event]


def next_step(state: State) -> NextStep:
    """Return who has the case now and what they have to do."""
    return _NEXT[state]
