"""What was filed, and when: of a case's uploads an officer sees these and no others.

What an applicant changes while a correction is open stays a draft of theirs until they resubmit;
what they tried and replaced before that was never filed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from models.case import Case, CaseEvent
from models.material import Material
from models.rules.events import Event
from models.rules.states import State


@dataclass(frozen=True)
class Filings:
    """The moments at which a case was filed, oldest first; none for a draft.

    ``is_open``: the applicant is changing things now, or left off without filing them.
    """

    moments: Sequence[datetime]
    accepted_at: datetime | None
    is_open: bool

    def holds(self, material: Material) -> bool:
        """Tell whether a version was part of a filing, or was supplied after acceptance."""
        if self.accepted_at is not None and material.created_at >= self.accepted_at:
            return True
        return any(_stood(material, moment) for moment in self.moments)

    def is_current(self, material: Material) -> bool:
        """Tell whether a version is the one that counts for the office."""
        if self.is_open:
            return bool(self.moments) and _stood(material, self.moments[-1])
        return material.replaced_at is None


async def of_case(case: Case) -> Filings:
    """Return when a case was filed."""
    if case.submitted_at is None:
        return Filings((), None, is_open=True)
    again: list[datetime] = []
    if case.round:
        found = CaseEvent.filter(case_id=case.id, event=Event.RESUBMIT.value).order_by("seq")
        again = [each.at for each in await found]
    unfinished = case.state is State.CORRECTION_REQUIRED or (
        case.state.closed and case.accepted_at is None
    )
    return Filings([case.submitted_at, *again], case.accepted_at, is_open=unfinished)


def _stood(material: Material, moment: datetime) -> bool:
    gone = material.replaced_at
    return material.created_at <= moment and (gone is None or gone > moment)
