"""What a case lacks for now (容缺材料): the rows, and what they mean for the rest of the house."""

from collections.abc import Collection
from datetime import date, datetime
from uuid import UUID

from models.case import Case, ClockInstance
from models.database import rows
from models.ids import uuid7
from models.material import Material
from models.promise import ShortfallItem
from models.review import Verdict
from models.rules.calendar import end_of
from models.rules.clock_table import ClockName
from models.rules.events import Event, Role
from models.rules.flavours import ShortfallStage
from models.rules.reasons import Verdict as Word
from models.rules.states import ShortfallStatus, State
from models.rules.timeouts import Policy
from services.actors import Actor
from services.cases import Cases, Opened
from services.errors import Conflict
from services.items import PublishedItem

HANDLING = (State.ACCEPTED, State.UNDER_REVIEW, State.SUSPENDED)
CAME = """
DELETE FROM shortfall_items s USING materials m
WHERE s.case_id = $1 AND m.case_id = $1 AND m.code = s.code AND m.replaced_at IS NULL"""
OPEN = tuple(stage.value for stage in ShortfallStage if stage.is_open)


class MaterialNotPromised(Conflict):
    """After acceptance nothing is taken or judged but what was promised."""

    code = "material_not_promised"
    sentence = "申请已经受理,只能补交您承诺要补的材料。"


class PromiseExpired(Conflict):
    """The last promised day is over, and the item's rules end the case for that."""

    code = "promise_expired"
    sentence = "承诺的补交日期已经过了,不能再补交。"


def is_open(case: Case) -> bool:
    """Tell whether a case was accepted without a material that is still to come."""
    return case.state in HANDLING and case.shortfall_status == ShortfallStatus.OPEN.value


async def of_case(case_id: UUID) -> list[ShortfallItem]:
    return await ShortfallItem.filter(case_id=case_id).order_by("code")


async def open_codes(case_id: UUID) -> set[str]:
    """Return the codes of the materials that a case may be without for now."""
    found = await ShortfallItem.filter(case_id=case_id, status__in=OPEN)
    return {item.code for item in found}


async def want(case: Case, item: PublishedItem, codes: Collection[str]) -> None:
    """Keep which materials an applicant asks to bring later."""
    names = {material["code"]: material["name"] for material in item.materials}
    for code in sorted(set(codes)):
        await ShortfallItem.create(
            id=uuid7(),
            case_id=case.id,
            code=code,
            name=names[code],
            status=ShortfallStage.WANTED.value,
        )


async def settle(case_id: UUID) -> None:
    """Forget what was lacking and has come after all, before anybody accepted the case."""
    await rows(CAME, [case_id])


async def demanded(case_id: UUID, codes: Collection[str], reason: str) -> None:
    """Decline what a correction notice asks for now: its applicant is told by the notice."""
    await ShortfallItem.filter(case_id=case_id, code__in=list(codes), status__in=OPEN).update(
        status=ShortfallStage.DECLINED.value, reason=reason
    )


async def promised(case: Case, code: str) -> ShortfallItem:
    """Return the promise of a material of an accepted case; raise ``MaterialNotPromised``."""
    found = None
    if is_open(case):
        found = await ShortfallItem.get_or_none(
            case_id=case.id, code=code, status=ShortfallStage.PROMISED.value
        )
    if found is None:
        raise MaterialNotPromised
    return found


async def check_in_time(case: Case, item: PublishedItem, now: datetime) -> None:
    """Check that a promised material may still be brought; raise ``PromiseExpired``.

    Several promises end with the last of their days. Where lateness only alarms the window
    (``shortfall_expiry`` ALERT) what comes late is still welcome.
    """
    last = await _last_day(case.id)
    late = last is not None and now >= end_of(last)
    if late and item.shortfall_expiry is not Policy.ALERT:
        raise PromiseExpired


async def _last_day(case_id: UUID) -> date | None:
    days = [row.due_on for row in await of_case(case_id) if row.due_on is not None]
    return max(days, default=None)


async def judged(cases: Cases, opened: Opened, code: str, word: Word) -> bool:
    """Note a verdict on a promised material; with the last PASS all are there (T25).

    The step is the applicant's: it was they who brought everything. Returns whether it was taken;
    what has come is then waiting to be handed over (移交).
    """
    case = opened.case
    item = await promised(case, code)
    if word is not Word.PASS:
        # A timer that had to wait for this word looks again.
        waited = ClockInstance.filter(case_id=case.id, name=ClockName.SHORTFALL.value)
        now = cases.clock.now()
        await waited.filter(stopped_at=None, due_at__lte=now).update(next_at=now)
        return False
    item.status = ShortfallStage.FULFILLED.value
    item.fulfilled_at = cases.clock.now()
    await item.save(update_fields=["status", "fulfilled_at"])
    left = ShortfallItem.filter(case_id=case.id, status=ShortfallStage.PROMISED.value)
    if await left.exists():
        return False
    await cases.transitions.apply(
        case,
        opened.item,
        Event.SHORTFALL_FULFIL,
        Actor(Role.APPLICANT, str(case.account_id), None),
    )
    return True


async def awaits_verdict(case_id: UUID) -> bool:
    """Tell whether everything still promised was brought in time and nobody has judged it yet.

    For whoever ends a case whose promise ran out: what waits for an officer is not the
    applicant's delay.
    """
    last = await _last_day(case_id)
    items = [row for row in await of_case(case_id) if row.status == ShortfallStage.PROMISED]
    if last is None:
        return False
    for item in items:
        material = await Material.get_or_none(case_id=case_id, code=item.code, replaced_at=None)
        if material is None or material.created_at >= end_of(last):
            return False
        if item.defective_id == material.id or await _is_judged(material.id):
            return False
    return bool(items)


async def overdue(case_id: UUID) -> None:
    """Note that what was promised and did not come is overdue (T26, T27)."""
    await ShortfallItem.filter(case_id=case_id, status=ShortfallStage.PROMISED.value).update(
        status=ShortfallStage.OVERDUE.value
    )


async def _is_judged(material_id: UUID) -> bool:
    return await Verdict.filter(material_id=material_id).exists()
