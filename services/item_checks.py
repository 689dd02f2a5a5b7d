"""What keeps an item from being published: the linter, the form's schema, the simulator."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from models.rules.calendar import WorkCalendar, day_of
from models.rules.lint import Finding, Policy, Severity, is_readable, lint
from models.rules.simulation import Simulation, simulate
from services.calendars import Calendars
from services.errors import FieldFault, Invalid
from services.ports import Clock


class ItemRefused(Invalid):
    """An item's data break a rule; each fault names the place and says which."""

    code = "item_refused"
    sentence = "事项的内容不符合规定,不能发布。"


@dataclass(frozen=True)
class Examination:
    """Everything that was found; ``simulation`` is None for data that cannot be computed with."""

    body: Mapping[str, Any]
    findings: tuple[Finding, ...]
    simulation: Simulation | None

    @property
    def refusals(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.refuses)


def examine(
    body: Mapping[str, Any], start: date, calendar: WorkCalendar, policy: Policy
) -> Examination:
    """Lint a body and, when it can be computed with, run synthetic applicants through it."""
    found = lint(body, policy)
    if not is_readable(found):
        return Examination(body, found, None)
    found = (*found, *_schema_faults(body))
    simulation = simulate(body, start, calendar)
    return Examination(body, (*found, *simulation.problems), simulation)


def _schema_faults(body: Mapping[str, Any]) -> Sequence[Finding]:
    try:
        Draft202012Validator.check_schema(dict(body["form_schema"]))
    except SchemaError as error:
        place = "".join(f"/{part}" for part in error.absolute_path)
        sentence = "表单的写法不对,系统没有办法用它检查填写的内容。"
        return [
            Finding(
                "form_schema_invalid",
                Severity.REFUSES,
                f"/form_schema{place}",
                sentence,
                "JSON Schema 2020-12",
            )
        ]
    return []


@dataclass(frozen=True)
class ItemChecks:
    """``policy`` is what the region chose."""

    clock: Clock
    calendars: Calendars
    policy: Policy = field(default_factory=Policy)

    async def examine(self, body: Mapping[str, Any], start: date | None = None) -> Examination:
        """Examine a body as of a day, today by default."""
        day = start or day_of(self.clock.now())
        calendar = await self.calendars.current()
        # Thousands of synthetic applicants take a while: not on the loop.
        return await asyncio.to_thread(examine, body, day, calendar, self.policy)

    async def simulate(self, body: Mapping[str, Any], start: date | None = None) -> Simulation:
        """Return the simulation; raise ``ItemRefused`` when the data cannot be computed with."""
        found = await self.examine(body, start)
        if found.simulation is None:
            raise refused(found.refusals)
        return found.simulation

    async def check(self, body: Mapping[str, Any]) -> Examination:
        """Raise ``ItemRefused`` with every refusal at once."""
        found = await self.examine(body)
        if found.refusals:
            raise refused(found.refusals)
        return found


def refused(findings: Sequence[Finding]) -> ItemRefused:
    """Return the error that tells everything."""
    return ItemRefused(
        faults=[
            FieldFault(finding.pointer, f"{finding.sentence}({finding.basis})")
            for finding in findings
        ]
    )
