"""The ways that a case of an item can go: the transition table, with guards read from its data."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from models.rules import flavours
from models.rules.events import Event
from models.rules.item_words import DeliveryMode, IncompletePolicy, OnlineDepth
from models.rules.lint.limits import limit_of
from models.rules.named import Named
from models.rules.row import Row
from models.rules.states import AcceptMode, FeeStage, ShortfallStatus, State
from models.rules.timeouts import Policy
from models.rules.transitions import ROWS

Body = Mapping[str, Any]


class Flavour(Named):
    """How an application of this item can be taken in."""

    NORMAL = "NORMAL", "普通"
    PREPAYMENT = "PREPAYMENT", "受理前缴费"
    WINDOW = "WINDOW", "预审后到窗口"
    SHORTFALL = "SHORTFALL", "容缺受理"
    VERIFY_LATER = "VERIFY_LATER", "先办后验"
    COMMITMENT = "COMMITMENT", "告知承诺"


_MODES = (AcceptMode.SHORTFALL, AcceptMode.VERIFY_LATER, AcceptMode.COMMITMENT)


def flavours_of(body: Body) -> tuple[Flavour, ...]:
    """Return the flavours that an item has."""
    if body["flags"]["online_depth"] == OnlineDepth.PRE_REVIEW_THEN_WINDOW:
        first = Flavour.WINDOW
    elif body["fee"]["stage"] == FeeStage.BEFORE_ACCEPTANCE:
        first = Flavour.PREPAYMENT
    else:
        first = Flavour.NORMAL
    chosen = (Flavour(mode.value) for mode in _MODES if flavours.allows(body, mode))
    return (first, *chosen)


@dataclass(frozen=True)
class Standing:
    """Where a case stands, with the facts beside its state that guards ask about."""

    state: State
    settled: bool
    shortfall: ShortfallStatus = ShortfallStatus.NONE
    approved: bool = False


@dataclass(frozen=True)
class Step:
    """One step: a row of the table, or (``row`` None) a payment beside the states."""

    row: Row | None
    to: Standing

    @property
    def id(self) -> str:
        return self.row.id if self.row else "缴费"

    @property
    def event(self) -> str:
        return self.row.event.value if self.row else Event.PAYMENT_CONFIRMED.value


Guard = Callable[[Body, Flavour, Standing], bool]


def _stage(body: Body) -> FeeStage:
    return FeeStage(body["fee"]["stage"])


def _may_accept(body: Body, at: Standing) -> bool:
    return at.settled or _stage(body) is not FeeStage.BEFORE_ACCEPTANCE


def _accepts(*own: Flavour) -> Guard:
    return lambda body, flavour, at: flavour in own and _may_accept(body, at)


def _delivered_by(*modes: DeliveryMode) -> Guard:
    return lambda body, _flavour, _at: bool(set(modes) & set(body["delivery"]))


def _tells_what_lacks(body: Body, _flavour: Flavour, _at: Standing) -> bool:
    return bool(body["acceptance"]["incomplete_policy"] != IncompletePolicy.NOT_ACCEPT_WITH_LIST)


def _is_deemed(body: Body, _flavour: Flavour, _at: Standing) -> bool:
    acceptance = body["acceptance"]
    return bool(acceptance["deemed_acceptance"] and acceptance["legal_clock_start"] == "ON_SUBMIT")


def _expires_as(policy: Policy) -> Guard:
    return lambda body, _flavour, at: (
        at.shortfall is ShortfallStatus.OPEN and body["acceptance"]["shortfall_expiry"] == policy
    )


def _may_approve(body: Body, flavour: Flavour, at: Standing) -> bool:
    paid = at.settled or _stage(body) is not FeeStage.AFTER_ACCEPTANCE
    open_ = at.shortfall is ShortfallStatus.OPEN
    return flavour is not Flavour.VERIFY_LATER and not open_ and paid


def _asks_before(body: Body, flavour: Flavour, at: Standing) -> bool:
    before = _stage(body) is FeeStage.BEFORE_ACCEPTANCE
    return before and not at.settled and flavour is not Flavour.WINDOW


def _on_paper(body: Body, _flavour: Flavour, at: Standing) -> bool:
    return bool(at.settled and body["result"]["paper"])


def _on_the_phone(body: Body, _flavour: Flavour, at: Standing) -> bool:
    # What is refused is a document of its own and can always be read on a phone.
    result = body["result"]["electronic"] and DeliveryMode.ELECTRONIC in body["delivery"]
    return bool(not at.approved or (result and at.settled))


# The guards that an item's data decide; the rows that are not here are open to every item.
GUARDS: Mapping[str, Guard] = MappingProxyType(
    {
        "T05": _tells_what_lacks,
        "T09": _accepts(Flavour.NORMAL, Flavour.PREPAYMENT),
        "T10": _accepts(Flavour.SHORTFALL),
        "T11": _accepts(Flavour.VERIFY_LATER),
        "T12": _accepts(Flavour.COMMITMENT),
        "T13": _is_deemed,
        "T14": lambda _body, flavour, _at: flavour is Flavour.WINDOW,
        "T15": lambda body, _flavour, at: _may_accept(body, at),
        "T18": _asks_before,
        "T24": lambda body, _flavour, _at: limit_of(body, "extension") is not None,
        "T25": lambda _body, _flavour, at: at.shortfall is ShortfallStatus.OPEN,
        "T26": _expires_as(Policy.WITHDRAWN_DEEMED),
        "T27": _expires_as(Policy.TERMINATE),
        "T28": _may_approve,
        "T30": lambda body, _flavour, at: (
            not at.settled and _stage(body) is FeeStage.AFTER_DECISION
        ),
        "T33": lambda _body, flavour, _at: flavour is Flavour.VERIFY_LATER,
        "T34": _on_paper,
        "T35": _on_the_phone,
        # A decision on paper can always be fetched; a result only where the item says so.
        "T42": lambda body, flavour, at: (
            not at.approved
            or _delivered_by(DeliveryMode.WINDOW, DeliveryMode.TOWNSHIP_PICKUP)(body, flavour, at)
        ),
        "T43": _delivered_by(DeliveryMode.POST),
    }
)
_PAYING = frozenset({Event.PAYMENT_CONFIRMED})
_APPROVING = frozenset({Event.DECIDE_APPROVE, Event.ORIGINALS_PASS})
_HANDLED = frozenset({State.ACCEPTED, State.UNDER_REVIEW, State.SUSPENDED})


def steps_from(body: Body, flavour: Flavour, at: Standing) -> Iterator[Step]:
    """Yield what can happen to a case of the item, in the order of the table."""
    if at.state in _HANDLED and _stage(body) is FeeStage.AFTER_ACCEPTANCE and not at.settled:
        yield Step(None, replace(at, settled=True))
    for row in ROWS:
        guard = GUARDS.get(row.id)
        if at.state in row.sources and (guard is None or guard(body, flavour, at)):
            yield Step(row, _after(row, flavour, at))


def _after(row: Row, flavour: Flavour, at: Standing) -> Standing:
    shortfall = row.sets.shortfall_status or at.shortfall
    # What was promised before the payment holds after it (T19: as chosen).
    if row.id == "T19" and flavour is Flavour.SHORTFALL:
        shortfall = ShortfallStatus.OPEN
    return Standing(
        state=row.target_from(at.state),
        settled=at.settled or row.event in _PAYING,
        shortfall=shortfall,
        approved=at.approved or row.event in _APPROVING,
    )


def shortest(body: Body, flavour: Flavour, *, owes: bool) -> tuple[Step, ...] | None:
    """Return the shortest way from a draft to a result that was delivered; None for no way.

    Somebody accepts on it: that nobody looks in time is not how an item is meant to go.
    """
    start = Standing(State.DRAFT, settled=not owes)
    came: dict[Standing, tuple[Standing, Step] | None] = {start: None}
    todo = [start]
    for at in todo:
        if at.state is State.DELIVERED and at.approved:
            return _trace(came, at)
        for step in steps_from(body, flavour, at):
            if step.to not in came and step.event != Event.DEEM_ACCEPTED:
                came[step.to] = (at, step)
                todo.append(step.to)
    return None


def _trace(came: Mapping[Standing, tuple[Standing, Step] | None], at: Standing) -> tuple[Step, ...]:
    way: list[Step] = []
    link = came[at]
    while link is not None:
        way.append(link[1])
        link = came[link[0]]
    return tuple(reversed(way))


@dataclass(frozen=True)
class Reach:
    """Every row that a case can take, and the states from which no way leads to an end."""

    rows: frozenset[str]
    dead_ends: tuple[State, ...]


def reach(body: Body, flavour: Flavour, *, owes: bool) -> Reach:
    """Walk everything that can happen to a case of the item."""
    start = Standing(State.DRAFT, settled=not owes)
    next_of: dict[Standing, list[Step]] = {}
    todo = [start]
    while todo:
        at = todo.pop()
        if at not in next_of:
            next_of[at] = list(steps_from(body, flavour, at))
            todo += [step.to for step in next_of[at]]
    ending = {at for at in next_of if at.state.closed}
    while True:
        more = {at for at, steps in next_of.items() if any(step.to in ending for step in steps)}
        if more <= ending:
            break
        ending |= more
    dead = {at.state for at in next_of if at not in ending}
    taken = {step.id for steps in next_of.values() for step in steps if step.row}
    return Reach(frozenset(taken), tuple(state for state in State if state in dead))
