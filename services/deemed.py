"""Deemed acceptance (视为受理): what the law has already decided by the organ's silence."""

from datetime import datetime

from models.case import ClockInstance
from models.rules.clock_table import ClockName
from models.rules.supervision import AlertKind
from services.cases import Opened
from services.errors import Conflict


class AcceptedByLaw(Conflict):
    """The time to tell what is missing is over: the application counts as accepted since receipt.

    行政许可法32(四). Accepting goes on; asking for more, or refusing as incomplete, does not.
    """

    code = "accepted_by_law"
    alert = AlertKind.OUT_OF_ORDER
    sentence = (
        "告知期限已过,依法自收到材料之日起就算受理,不能再要求补正,也不能以材料不齐为由不受理。"
    )


async def check_in_time(opened: Opened, now: datetime) -> None:
    """Check that what is missing may still be told; raise ``AcceptedByLaw``.

    Whether the timer has taken its step (T13) yet makes no difference to the applicant.
    """
    if not opened.item.deems_accepted:
        return
    over = ClockInstance.filter(
        case_id=opened.case.id,
        name=ClockName.NOTIFY_5WD.value,
        stopped_at=None,
        paused_at=None,
        due_at__lte=now,
    )
    if await over.exists():
        raise AcceptedByLaw
