"""Corrections on the spot (当场更正, 行政许可法32(三)): a small error, and no notice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from models.case import Case
from models.ids import uuid7
from models.promise import InlineFix
from models.rules.events import Event
from models.rules.states import State
from models.unit import transaction
from services import desk
from services.actors import Citizen, Officer
from services.cases import Cases, Opened
from services.corrections import marks_of
from services.errors import Conflict, FieldFault
from services.forms import FieldUnknown, check_form
from services.nudges import ask, nudge
from services.transitions import StepNotAllowed


class FixUnknown(Conflict):
    """The officer opened nothing to be put right on the spot."""

    code = "fix_unknown"
    sentence = "现在没有需要当场更正的内容。"


class FixUnanswered(Conflict):
    """Fields that are as they were; each fault names one."""

    code = "fix_unanswered"
    sentence = "还有没有改的地方,改好以后再确认。"


@dataclass(frozen=True)
class InlineFixes:
    cases: Cases

    @transaction
    async def open(self, officer: Officer, case_id: UUID, fields: Sequence[str], note: str) -> Case:
        """Let the applicant change these fields, in place of what was open before; none closes it.

        The case and its clocks go on as they are. Raises ``FieldUnknown`` and what
        ``desk.reviewing`` raises.
        """
        opened = await desk.reviewing(self.cases, officer, case_id)
        if set(fields) - set(opened.item.form_schema["properties"]):
            raise FieldUnknown
        await close(case_id)
        if fields:
            names = sorted(set(fields))
            marks = self._marks(opened)
            await InlineFix.create(
                id=uuid7(),
                case_id=case_id,
                names=names,
                marks={name: marks[name][0] for name in names},
                note=note,
                opened_by=officer.id,
                opened_at=self.cases.clock.now(),
            )
            await ask(self.cases.transitions, opened.case, "fix_field")
        nudge(self.cases.transitions, opened.case)
        return opened.case

    @transaction
    async def confirm(self, who: Citizen, case_id: UUID) -> Case:
        """Say that everything named is right now (T04).

        Raises ``StepNotAllowed``, ``FixUnknown``, ``FixUnanswered`` or ``FormInvalid``.
        """
        case = await self.cases.locked(who, case_id)
        if case.state is not State.PRE_REVIEWING:
            raise StepNotAllowed
        fix = await InlineFix.get_or_none(case_id=case_id, fixed_at=None)
        if fix is None:
            raise FixUnknown
        item = await self.cases.items.version(case.item_version_id)
        opened = Opened(case, item, await self.cases.forms.read(case_id))
        self._check_changed(fix, opened)
        check_form(item, opened.form.values)
        fix.fixed_at = self.cases.clock.now()
        await fix.save(update_fields=["fixed_at"])
        data: Mapping[str, Any] = {"fields": fix.names}
        await self.cases.transitions.apply(case, item, Event.INLINE_FIX, who.actor, data=data)
        return case

    def _check_changed(self, fix: InlineFix, opened: Opened) -> None:
        marks = self._marks(opened)
        same = [name for name in fix.names if fix.marks.get(name) in marks.get(name, ())]
        if same:
            raise FixUnanswered(
                faults=[FieldFault(f"/form/{name}", "请改好这一项。") for name in same]
            )

    def _marks(self, opened: Opened) -> Mapping[str, Sequence[str]]:
        crypto = self.cases.forms.crypto
        return marks_of(crypto, opened.case.id, opened.item, opened.form.values)


async def close(case_id: UUID) -> None:
    """Take back what is open: a notice or another fix has taken its place."""
    await InlineFix.filter(case_id=case_id, fixed_at=None).delete()
