"""The composition of looking: what a machine reads of materials, and what people say to it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from adapters import Adapters
from integrations.jobs import Handler
from services.audit import Audit
from services.cases import Cases
from services.comparing import Comparing
from services.findings import Findings
from services.ports.reading import MaterialReader
from services.readings import READ, Readings
from services.second_looks import SecondLooks
from services.suggestions import Suggestions


@dataclass(frozen=True)
class Looking:
    """What handlers reach, and what the worker runs."""

    readings: Readings
    second_looks: SecondLooks
    suggestions: Suggestions
    comparing: Comparing

    @property
    def shown(self) -> Mapping[str, Any]:
        """Return what the context takes over under the same names."""
        return {name: value for name, value in vars(self).items() if name != "readings"}

    @property
    def handlers(self) -> dict[str, Handler]:
        return {READ: self.readings.read}

    @property
    def schedules(self) -> dict[str, tuple[str, Callable[[], Awaitable[object]]]]:
        return {"readings": ("*/10 * * * *", self.readings.sweep)}


def compose_looking(
    made: Adapters, cases: Cases, audit: Audit, reader: MaterialReader | None
) -> Looking:
    """Put the use-cases of reading together; ``reader`` takes the place of the installation's."""
    findings = Findings(cases, made.crypto)
    return Looking(
        readings=Readings(cases, made.crypto, made.files, reader or made.reader),
        second_looks=SecondLooks(cases, made.crypto, findings, audit),
        suggestions=Suggestions(cases, findings),
        comparing=Comparing(cases, audit),
    )
