"""What is known of a case's waivers (减免): the published grounds, the newest request."""

from collections.abc import Sequence

from models.case import Case
from models.payment import Fee, Waiver
from models.rules.waivers import WaiverStatus
from services.errors import Conflict
from services.items import PublishedItem
from services.orders import newest_fee, owes


class NothingToWaive(Conflict):
    """The case owes nothing, or nothing any more."""

    code = "nothing_to_waive"
    sentence = "这个办件现在没有可以申请减免的费用。"


def grounds_of(item: PublishedItem) -> Sequence[str]:
    """Return the grounds on which an item's fee is waived, as it publishes them."""
    return tuple(item.body["fee"].get("waivers", ()))


async def open_fee(case: Case) -> Fee:
    """Return the fee that a case owes now; raise ``NothingToWaive``."""
    fee = await newest_fee(case)
    if fee is None or fee.settled_at is not None or not owes(case):
        raise NothingToWaive
    return fee


async def newest_waiver(case: Case) -> Waiver | None:
    """Return the waiver that was asked for last, as it stands: no end of a case leaves one open."""
    found = await Waiver.filter(case_id=case.id).order_by("-asked_at", "-id").first()
    if found is not None and found.status == WaiverStatus.OPEN.value and not owes(case):
        found.status = WaiverStatus.OVERTAKEN.value
    return found
