"""Deemed acceptance (视为受理): what the law has already decided by the organ's silence."""

from datetime import datetime

from models.case import Case, ClockInstance
from models.rules.calendar import due_on
from models.rules.clock_table import CLOCKS, ClockName
from models.rules.events import Event
from models.rules.states import MonitorLight
from models.rules.supervision import AlertKind
from services import lateness
from services.acceptance import Acceptance
from services.actors import SYSTEM
from services.cases import Opened
from services.errors import Conflict
from services.items import PublishedItem


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
    if await overdue(opened, now) is not None:
        raise AcceptedByLaw


async def overdue(opened: Opened, now: datetime) -> ClockInstance | None:
    """Return the limit that the office let pass, if the law then takes the case for accepted."""
    if not opened.item.deems_accepted:
        return None
    return await ClockInstance.get_or_none(
        case_id=opened.case.id,
        name=ClockName.NOTIFY_5WD.value,
        stopped_at=None,
        paused_at=None,
        due_at__lte=now,
    )


async def accept(
    acceptance: Acceptance,
    case: Case,
    item: PublishedItem,
    clock: ClockInstance,
    now: datetime,
) -> None:
    """Take the step that the law has taken already (T13), whoever notices it first.

    In the caller's transaction, with the case's row held.
    """
    await lateness.note(case, item, clock, MonitorLight.RED, now)
    data = {"limit": CLOCKS[ClockName(clock.name)].zh, "due_on": due_on(clock.due_at).isoformat()}
    await acceptance.accept(case, item, Event.DEEM_ACCEPTED, SYSTEM, data=data)
