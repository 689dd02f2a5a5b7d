"""Why an event of a back-office is refused."""

from models.rules.supervision import AlertKind
from services.errors import Conflict, Invalid, NotFound


class EventReused(Conflict):
    """The same event id came with another body."""

    code = "event_id_reused"
    sentence = "这个事件编号已经用过,内容不一致。"


class EventOutOfOrder(Conflict):
    """Another event has this number; ``expected_seq`` is the first that is still to come."""

    code = "event_out_of_order"
    sentence = "这个序号已经用过,请按顺序重新报送。"


class EventsWaiting(Conflict):
    """Too many events of the case wait for ``expected_seq``; nothing further is parked."""

    code = "too_many_events_waiting"
    sentence = "这个办件等待中的事件太多,请先补报缺少的事件。"


class EventUnknown(NotFound):
    """The caller sent no such event, or it was refused at once and left no trace."""

    code = "event_unknown"
    sentence = "没有找到这个事件。"


class EventIncomplete(Invalid):
    """What this type of event has to say is missing, or says too much."""

    code = "event_incomplete"
    sentence = "事件内容不完整或不适用,请补正后重新报送。"


class EventFromFuture(Invalid):
    """It happened later than now: a clock is wrong, and deadlines depend on it."""

    code = "event_from_future"
    sentence = "事件的发生时间晚于现在,请核对系统时间后重新报送。"


class PackageNotAcknowledged(Conflict):
    """The package was not acknowledged, so nobody can have worked on the case."""

    code = "package_not_acknowledged"
    sentence = "移交包还没有确认签收,不能报送办理情况。"


class OriginalsFirst(Conflict):
    """先办后验: checking the originals is the last step of the decision."""

    code = "originals_first"
    alert = AlertKind.OUT_OF_ORDER
    sentence = "先办后验的办件要先核验原件,不能直接报送批准决定。"


class FeeUnsettled(Conflict):
    """The fee that falls due after acceptance is not settled."""

    code = "fee_unsettled"
    alert = AlertKind.OUT_OF_ORDER
    sentence = "费用还没有缴清,不能报送批准决定。"


class FeeAssessedBefore(Conflict):
    """The fee was made, and this measurement gives another: what was told stays."""

    code = "fee_assessed_before"
    alert = AlertKind.OUT_OF_ORDER
    sentence = "费用已经核定并告知申请人,不能再改。确有差错的,请走退费程序。"


class ResultDocumentMissing(Conflict):
    """A document that the event names has not come, or was held back; each fault names one."""

    code = "result_document_missing"
    sentence = "事件里提到的结果文件还没有上传或没有通过核对,请先上传。"


class ProcedureNotAllowed(Conflict):
    """Neither 行政许可法45 nor the item lets this procedure stop the clocks."""

    code = "procedure_not_allowed"
    alert = AlertKind.OUT_OF_ORDER
    sentence = "这个程序不能扣除办理时间:法律没有规定,事项也没有公布。"


class ExtensionNotForItem(Conflict):
    """The item's rules know no extension (行政许可法42)."""

    code = "extension_not_for_item"
    alert = AlertKind.OVERREACH
    sentence = "这个事项没有延长办理期限的规定,不能延长。"


class ExtendedBefore(Conflict):
    """行政许可法42: a limit is extended once."""

    code = "extended_before"
    alert = AlertKind.OUT_OF_ORDER
    sentence = "办理期限只能延长一次,这个办件已经延长过。"


class ExtensionTooLate(Conflict):
    """The statutory limit is over: what has run out cannot be made longer."""

    code = "extension_too_late"
    alert = AlertKind.OUT_OF_ORDER
    sentence = "法定办结时限已过,不能再延长。"


class OriginalsNotDue(Conflict):
    """Only 先办后验 ends its review with a check of the originals instead of a decision."""

    code = "originals_not_due"
    alert = AlertKind.OUT_OF_ORDER
    sentence = "这个办件不是先办后验,审查完成后请直接报送决定。"


class CorrectionAfterAcceptance(Conflict):
    """Nothing new is asked for after acceptance: what was missing had to be told before."""

    code = "correction_after_acceptance"
    alert = AlertKind.OUT_OF_ORDER
    sentence = (
        "申请已经受理,不能再要求补正或者另交材料。需要了解情况的,请用说明请求,由申请人自愿答复。"
    )


class WithdrawalNotRequested(Conflict):
    """An application is its applicant's: nobody else withdraws it."""

    code = "withdrawal_not_requested"
    alert = AlertKind.OVERREACH
    sentence = "申请人没有请求撤回,不能报送撤回结果。"


class WithdrawalTakenBack(Conflict):
    """The applicant has thought better of it; a package on its way says so."""

    code = "withdrawal_taken_back"
    sentence = "申请人已经取消撤回请求,请继续办理。"


class SupplementsWaiting(Conflict):
    """What the applicant supplied has not been taken over, so nobody can have read it."""

    code = "supplements_waiting"
    alert = AlertKind.OUT_OF_ORDER
    sentence = "申请人补来的材料或说明还没有签收,请先签收,再报送决定。"


class ShortfallOpen(Conflict):
    """容缺: nothing is approved before what was promised has come and passed."""

    code = "shortfall_open"
    alert = AlertKind.OUT_OF_ORDER
    sentence = "容缺的材料还没有补齐,不能报送批准决定。"
