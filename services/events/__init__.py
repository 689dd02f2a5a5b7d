"""Back-office events (后台事件): what the approval system reports, each once and in order."""

from services.events.intake import BackofficeEvents
from services.events.problems import (
    EventFromFuture,
    EventIncomplete,
    EventOutOfOrder,
    EventReused,
    FeeUnsettled,
    OriginalsFirst,
    PackageNotAcknowledged,
    ProcedureNotAllowed,
)
from services.events.reports import SAYS, Content, Decision, EventType, Report, Reported

__all__ = [
    "SAYS",
    "BackofficeEvents",
    "Content",
    "Decision",
    "EventFromFuture",
    "EventIncomplete",
    "EventOutOfOrder",
    "EventReused",
    "EventType",
    "FeeUnsettled",
    "OriginalsFirst",
    "PackageNotAcknowledged",
    "ProcedureNotAllowed",
    "Report",
    "Reported",
]
