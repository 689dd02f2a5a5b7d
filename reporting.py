"""The composition of reporting: events of back-office systems, in their turn."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from adapters import Adapters
from integrations.jobs import Handler
from services.audit import Audit
from services.cases import Cases
from services.declared import Declarations
from services.events import BackofficeEvents
from services.events.parking import APPLY, Parking
from services.events.supplements import Supplements
from services.events.turns import Turns
from services.imports import Imports
from services.packages import Packages
from services.reentry import Reentries
from services.results import Results
from settings import Settings


@dataclass(frozen=True)
class Reporting:
    """What handlers reach, and what the worker runs."""

    events: BackofficeEvents
    turns: Turns
    imports: Imports

    @property
    def shown(self) -> dict[str, Any]:
        return {
            "events": self.events,
            "declarations": Declarations(self.events.results),
            "imports": self.imports,
            "reentries": Reentries(self.events, self.imports.audit),
        }

    @property
    def handlers(self) -> dict[str, Handler]:
        return {APPLY: self.turns.run}

    @property
    def schedules(self) -> dict[str, tuple[str, Callable[[], Awaitable[object]]]]:
        return {"events": ("*/5 * * * *", self.turns.sweep)}


def compose_reporting(
    settings: Settings,
    made: Adapters,
    cases: Cases,
    packages: Packages,
    results: Results,
    *,
    audit: Audit,
) -> Reporting:
    parking = Parking(made.clock, made.crypto, made.jobs)
    supplements = Supplements(cases, packages)
    events = BackofficeEvents(
        cases.items, cases.transitions, results.fees, results, parking, supplements
    )
    turns = Turns(events, timedelta(minutes=settings.event_gap_minutes))
    return Reporting(events, turns, Imports(cases, audit))
