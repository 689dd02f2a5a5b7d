"""What can be wrong with an act on a credit event."""

from models.rules.supervision import AlertKind
from services.errors import Conflict, Forbidden, NotFound


class CreditEventUnknown(NotFound):
    """No such credit event, or not the asker's."""

    code = "credit_event_unknown"
    sentence = "没有找到这条信用记录。"


class CreditNotNow(Conflict):
    """The event stands where this cannot be done."""

    code = "credit_not_now"
    sentence = "这条信用记录当前的状态不能这样处理。"


class ObjectionClosed(Conflict):
    """The time to object is over, or an objection was made already."""

    code = "objection_closed"
    sentence = "这条记录已经提过异议,或者提异议的时间已经过了。有问题请联系窗口。"


class OwnProposal(Forbidden):
    """Who found it does not confirm it."""

    code = "own_proposal"
    sentence = "失信认定要由没有参与提出的人员确认。"
    alert = AlertKind.OVERREACH
