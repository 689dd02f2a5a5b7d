"""The ways to accept (受理): what each flavour asks for before its step is taken (T09-T12)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from models.promise import InlineFix, ShortfallItem
from models.rules import flavours as rules
from models.rules.calendar import day_of
from models.rules.clock_table import ClockName
from models.rules.events import Event
from models.rules.flavours import ShortfallStage
from models.rules.states import AcceptMode, FeeStage
from services import flavours, lacking, promises, verdicts
from services.assessments import Assessment
from services.cases import Cases, Opened
from services.errors import Conflict
from services.flavours import ModeNotAllowed
from services.promises import PromiseKind
from services.shortfalls import latest_day

WINDOW_FIRST = "PRE_REVIEW_THEN_WINDOW"


class ModeNotChosen(Conflict):
    """先办后验 and 告知承诺 are the applicant's choice, never the officer's."""

    code = "mode_not_chosen"
    sentence = "申请人没有选这种方式,不能这样受理。"


class ShortfallNotConfirmed(Conflict):
    """The department has not said yes to every material that is to come later."""

    code = "shortfall_not_confirmed"
    sentence = "容缺还没有经审批部门确认,不能受理。"


class PromiseNotSigned(Conflict):
    """The applicant has not signed, or signed for other materials."""

    code = "promise_not_signed"
    sentence = "申请人还没有签好承诺书,不能受理。"


class PromiseOutdated(Conflict):
    """A promised day is over, or later than the promised decision would be."""

    code = "promise_outdated"
    sentence = "承诺的补交日期已经不合适,请申请人重新签。"


class FixPending(Conflict):
    """The applicant is putting a small error right (当场更正)."""

    code = "fix_pending"
    sentence = "申请人正在当场更正,改好以后再受理。"


@dataclass(frozen=True)
class Sanction:
    """How an officer accepts: in a mode (None: as the case stands), and with which words."""

    mode: AcceptMode | None = None
    assessment: Assessment = field(default_factory=Assessment)


@dataclass(frozen=True)
class Way:
    """The step and mode of an acceptance, and the last days of clocks that a promise sets."""

    event: Event
    mode: AcceptMode
    dues: Mapping[ClockName, date] = field(default_factory=dict)


async def way_of(cases: Cases, opened: Opened, wanted: AcceptMode | None) -> Way:
    """Choose the way to accept a case and check everything that it asks for.

    Raises ``FixPending``, ``VerdictsIncomplete`` and the problems of this module and of
    ``services.flavours``.
    """
    if await InlineFix.filter(case_id=opened.case.id, fixed_at=None).exists():
        raise FixPending
    rows = await lacking.of_case(opened.case.id)
    mode = wanted or _standing_mode(opened, rows)
    if mode is AcceptMode.NORMAL:
        await verdicts.check_complete(cases, opened)
        return Way(Event.ACCEPT, mode)
    flavours.check_mode(opened.item, mode)
    _check_room(opened, mode)
    await flavours.check_credit(opened.case.account_id)
    if mode is AcceptMode.SHORTFALL:
        return await _shortfall(cases, opened, rows)
    if opened.case.wanted_mode != mode.value:
        raise ModeNotChosen
    if mode is AcceptMode.VERIFY_LATER:
        # The pictures have to be all there and right: only the originals come later.
        await verdicts.check_complete(cases, opened)
        return Way(Event.ACCEPT_VERIFY_LATER, mode)
    return await _commitment(cases, opened)


def _standing_mode(opened: Opened, rows: list[ShortfallItem]) -> AcceptMode:
    if any(ShortfallStage(row.status).is_open for row in rows):
        return AcceptMode.SHORTFALL
    # Who wanted to bring something later and has brought it, or may not, is an ordinary case.
    wanted = AcceptMode(opened.case.wanted_mode)
    return AcceptMode.NORMAL if wanted is AcceptMode.SHORTFALL else wanted


def _check_room(opened: Opened, mode: AcceptMode) -> None:
    """Originals that come to the window leave no room for a flavour (T15); a fee before
    acceptance none for a promised day, which may be over when it is paid (T19).
    """
    item = opened.item
    prepaid = item.fee_stage is FeeStage.BEFORE_ACCEPTANCE
    if item.body["flags"]["online_depth"] == WINDOW_FIRST:
        raise ModeNotAllowed
    if prepaid and mode is AcceptMode.SHORTFALL:
        raise ModeNotAllowed


async def _shortfall(cases: Cases, opened: Opened, rows: list[ShortfallItem]) -> Way:
    case, item = opened.case, opened.item
    stages = {row.status for row in rows}
    if stages & {ShortfallStage.WANTED, ShortfallStage.PROPOSED} or not rows:
        raise ShortfallNotConfirmed
    promised = [row for row in rows if row.status == ShortfallStage.PROMISED]
    signed = await promises.standing(case.id, PromiseKind.SHORTFALL)
    if ShortfallStage.CONFIRMED in stages or not promised or signed is None:
        raise PromiseNotSigned
    codes = [row.code for row in promised]
    flavours.check_lacking(item, codes)
    days = [row.due_on for row in promised if row.due_on is not None]
    today = day_of(cases.clock.now())
    if min(days) < today or max(days) > await latest_day(cases, case, item):
        raise PromiseOutdated
    await verdicts.check_complete(cases, opened, without=codes)
    return Way(Event.ACCEPT_SHORTFALL, AcceptMode.SHORTFALL, {ClockName.SHORTFALL: max(days)})


async def _commitment(cases: Cases, opened: Opened) -> Way:
    if await promises.standing(opened.case.id, PromiseKind.COMMITMENT) is None:
        raise PromiseNotSigned
    without = rules.replaced_by_promise(opened.item.body)
    await verdicts.check_complete(cases, opened, without=without)
    return Way(Event.ACCEPT_COMMITMENT, AcceptMode.COMMITMENT)
