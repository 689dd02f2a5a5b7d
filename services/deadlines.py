"""Deadlines that explain themselves: every clock of a case, with its days and its sentence."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from models.case import Case, ClockInstance
from models.rules.calendar import day_of
from models.rules.clock_table import CLOCKS, ClockName
from models.rules.clock_words import CLOCK_WORDS, OWNER_WORDS, RECEIPT_DAY
from models.rules.clocks import CaseClock, Pause
from models.rules.events import Actor
from models.rules.explain import Explained, explain
from services import access, scope
from services.access import CaseUnknown
from services.actors import Citizen, Machine, Officer
from services.calendars import Calendars
from services.clocks import DECISION, as_rule
from services.items import Items, PublishedItem
from services.ports import Clock
from services.queue import HIDDEN

# What a citizen waits for or must keep; the rest is between offices.
FOR_CITIZENS = frozenset(
    {name for name, spec in CLOCKS.items() if spec.owner in (Actor.APPLICANT, Actor.ACCEPTOR)}
    | {*DECISION, ClockName.EXTENSION, ClockName.SERVE_10WD}
)
# An item's file that names no source of its own for a limit.
NO_BASIS = ("", "同上")


@dataclass(frozen=True)
class Deadline:
    """A clock and what there is to say of it; ``basis`` is the rule it rests on."""

    clock: CaseClock
    pauses: Sequence[Pause]
    explained: Explained
    owner: str
    basis: str

    @property
    def state(self) -> str:
        """Return RUNNING, PAUSED or STOPPED."""
        if self.clock.stopped_at:
            return "STOPPED"
        return "PAUSED" if self.clock.paused_at else "RUNNING"


@dataclass(frozen=True)
class CaseDeadlines:
    """The deadlines of a case on a day; ``announced_until``: the last day that is official."""

    case: Case
    today: date
    calendar_version: str
    announced_until: date
    deadlines: Sequence[Deadline]


@dataclass(frozen=True)
class Deadlines:
    clock: Clock
    calendars: Calendars
    items: Items

    async def of_case(self, who: Citizen, case_id: UUID) -> CaseDeadlines:
        """Return the deadlines of one's own case that concern one; raise ``CaseUnknown``."""
        case = await access.seen(who, case_id, self.clock.now())
        return await self._of(case, await self.items.version(case.item_version_id), FOR_CITIZENS)

    async def for_officer(self, officer: Officer, case_id: UUID) -> CaseDeadlines:
        """Return all deadlines of a case; raise ``CaseUnknown`` or ``StepNotYours``."""
        case = await Case.exclude(state__in=HIDDEN).get_or_none(id=case_id)
        if case is None:
            raise CaseUnknown
        item = await self.items.version(case.item_version_id)
        await scope.check_handling(officer, case, item)
        return await self._of(case, item, frozenset(ClockName))

    async def for_machine(self, machine: Machine, case_no: str) -> CaseDeadlines:
        """Return all deadlines of an accepted case of the machine's agency, by its number.

        Raises ``CaseUnknown``.
        """
        case = await Case.get_or_none(case_no=case_no, accepted_at__isnull=False)
        if case is None:
            raise CaseUnknown
        item = await self.items.version(case.item_version_id)
        if not machine.answers_for(item.agency_uscc, item.code):
            raise CaseUnknown
        return await self._of(case, item, frozenset(ClockName))

    async def _of(
        self, case: Case, item: PublishedItem, names: frozenset[ClockName]
    ) -> CaseDeadlines:
        now, calendar = self.clock.now(), await self.calendars.current()
        found = (
            await ClockInstance.filter(case_id=case.id, name__in=[name.value for name in names])
            .order_by("started_at", "id")
            .prefetch_related("pauses")
        )
        deadlines = []
        for row in found:
            if row.name == ClockName.DRAFT_TTL.value and row.stopped_at is not None:
                continue  # how long a draft would have been kept concerns nobody once it was filed
            clock, pauses = as_rule(row), pauses_of(row)
            first = _first(clock, case.accepted_at)
            deadlines.append(
                Deadline(
                    clock=clock,
                    pauses=pauses,
                    explained=explain(clock, pauses, now, calendar, first),
                    owner=_owner(clock.name, item),
                    basis=_basis(clock.name, item),
                )
            )
        return CaseDeadlines(
            case, day_of(now), calendar.version, calendar.official_until, deadlines
        )


def pauses_of(row: ClockInstance) -> Sequence[Pause]:
    """Return the pauses of a clock that were fetched with it, in their order."""
    return [
        Pause(each.paused_at, each.resumed_at, each.reason)
        for each in sorted(row.pauses, key=lambda each: each.paused_at)
    ]


def _first(clock: CaseClock, accepted_at: datetime | None) -> str:
    first = clock.first_from or clock.counted_from
    if clock.name in DECISION and (accepted_at is None or day_of(accepted_at) != first):
        # Some items count from receipt (低保), whenever it was accepted.
        return RECEIPT_DAY
    return CLOCK_WORDS[clock.name].first


def _owner(name: ClockName, item: PublishedItem) -> str:
    owner = CLOCKS[name].owner
    if owner is Actor.ACCEPTOR:
        owner = Actor(item.acceptor.value)
    return OWNER_WORDS[owner]


def _basis(name: ClockName, item: PublishedItem) -> str:
    keys = {
        ClockName.DECISION_PROMISED: "promised",
        ClockName.DECISION_STATUTORY: "statutory",
        ClockName.EXTENSION: "extension",
        ClockName.SERVE_10WD: "serve",
    }
    limit = item.body["limits"].get(keys.get(name, "")) or {}
    own = str(limit.get("basis") or "")
    return CLOCK_WORDS[name].basis if own in NO_BASIS else own
