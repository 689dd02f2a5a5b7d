"""Words of the hand-off (交接): why a package comes back, and when somebody hears that it is stuck.

None of them refuses a case: acceptance was decided, and a department that finds it wrong decides.
"""

from datetime import timedelta
from enum import StrEnum

from models.rules.named import Named

LONGEST_LEASE = timedelta(hours=4)
"""How long one lease can be held, however often it is extended."""

SUPERVISION_AFTER = timedelta(minutes=30)
"""How long the back-office has after it was told, before supervision is."""


class ReturnCode(StrEnum):
    """Technical reasons for which a package is given back."""

    SCHEMA = "SCHEMA"
    DIGEST = "DIGEST"
    MATERIAL_UNREADABLE = "MATERIAL_UNREADABLE"
    UNAVAILABLE = "UNAVAILABLE"
    OTHER = "OTHER"


class HandoffAct(StrEnum):
    """What can happen to a package; the words of its log."""

    LEASED = "LEASED"
    EXTENDED = "EXTENDED"
    RETURNED = "RETURNED"
    ACKED = "ACKED"
    RESENT = "RESENT"
    ESCALATED = "ESCALATED"


class StuckReason(Named):
    """Why somebody is told of a package."""

    LATE = "LATE", "移交包到期未领取"
    UNACKED = "UNACKED", "移交包多次领取未确认"
    RETURNED = "RETURNED", "移交包多次被技术退回"

    @property
    def alert(self) -> str:
        """Return the code of the alert that supervision sees."""
        return f"HANDOFF_{self.value}"
