"""Why an event of a back-office is refused."""

from models.rules.supervision import AlertKind
from services.errors import Conflict, Invalid


class EventReused(Conflict):
    """The same event id came with another body."""

    code = "event_id_reused"
    sentence = "这个事件编号已经用过,内容不一致。"


class EventOutOfOrder(Conflict):
    """Events of a case are numbered 1, 2, 3; ``expected_seq`` tells which is next."""

    code = "event_out_of_order"
    sentence = "事件顺序不对,请按顺序重新报送。"


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


class ProcedureNotAllowed(Conflict):
    """Neither 行政许可法45 nor the item lets this procedure stop the clocks."""

    code = "procedure_not_allowed"
    alert = AlertKind.OUT_OF_ORDER
    sentence = "这个程序不能扣除办理时间:法律没有规定,事项也没有公布。"
