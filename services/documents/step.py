"""A step that owes a document, and the facts that every document has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from models.case import Case, CaseEvent, ClockInstance
from models.notice import Notice
from models.rules.calendar import day_of, due_on
from models.rules.clock_table import ClockName
from models.rules.documents.facts import Deadline
from models.rules.documents.words import day_text
from models.rules.events import Event
from models.rules.notices import NoticeKind
from services.cases import Cases
from services.clocks import as_rule
from services.items import PublishedItem

PERMIT = "行政许可"


@dataclass(frozen=True)
class Step:
    """What a document is written from. ``data`` is the event's, then what a new edition adds."""

    cases: Cases
    case: Case
    item: PublishedItem
    notice: Notice
    event: CaseEvent

    @property
    def kind(self) -> NoticeKind:
        return NoticeKind(self.notice.kind)

    @property
    def happened(self) -> Event:
        return Event(self.event.event)

    @property
    def case_id(self) -> UUID:
        return self.case.id

    @property
    def at(self) -> datetime:
        return self.event.at

    @property
    def data(self) -> Mapping[str, Any]:
        return {**self.event.data, **(self.notice.data or {})}

    def text(self, name: str) -> str:
        """Return a text of the step's data; empty when it says nothing."""
        value = self.data.get(name)
        return str(value).strip() if value not in (None, "") else ""

    def day(self, name: str) -> str:
        """Return a day of the step's data (ISO) as documents write it; empty when there is none."""
        value = self.text(name)
        return day_text(date.fromisoformat(value)) if value else ""

    def names(self) -> dict[str, str]:
        """Return the item's materials by code."""
        return {material["code"]: str(material["name"]) for material in self.item.materials}


async def deadlines(step: Step, names: Sequence[ClockName]) -> tuple[Deadline, ...]:
    """Return the clocks of these names that the step started, in their order, as they run now."""
    found = {
        clock.name: clock
        for clock in await ClockInstance.filter(
            case_id=step.case_id, started_at=step.at, name__in=[name.value for name in names]
        ).order_by("id")
    }
    return tuple(_deadline(found[name.value]) for name in names if name.value in found)


def _deadline(row: ClockInstance) -> Deadline:
    clock = as_rule(row)
    return Deadline(
        clock=clock.name,
        last_day=due_on(clock.due_at),
        counted_from=clock.first_from or day_of(clock.started_at),
        total=clock.total or clock.limit,
        provisional=clock.is_provisional,
    )


def place(step: Step) -> dict[str, str]:
    """Return where to ask and hand in, as the item's guide says it."""
    guide = step.item.body.get("guide") or {}
    where = guide.get("where") or {}
    return {
        "phone": str(guide.get("advice_phone") or ""),
        "place": str(where.get("name") or ""),
        "address": str(where.get("address") or ""),
        "hours": str(where.get("hours") or ""),
    }
