"""Revealing (查看完整信息): an officer sees a whole name or number, for a purpose, on record."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from models.case import Case
from models.rules.named import Named
from services import approvals, desk, queue
from services.actors import Officer
from services.applicants import Applicant
from services.audit import Audit
from services.cases import Cases
from services.errors import NotFound

FORM = "form."


class FieldNotHeld(NotFound):
    """The case holds no such field, or nothing in it."""

    code = "field_not_held"
    sentence = "这个办件没有这一项信息。"


class Purpose(Named):
    """What a whole value is needed for (个人信息保护法6: no more than the purpose asks for)."""

    VERIFY_IDENTITY = "VERIFY_IDENTITY", "核对身份"
    CONTACT = "CONTACT", "联系申请人"
    COMPARE_MATERIALS = "COMPARE_MATERIALS", "和材料比对"
    ISSUE_RESULT = "ISSUE_RESULT", "制作、发放结果"
    COMPLAINT = "COMPLAINT", "处理投诉举报"


@dataclass(frozen=True, repr=False)
class Revealed:
    """A value as it is. ``repr`` shows which."""

    field: str
    value: Any

    def __repr__(self) -> str:
        return f"Revealed({self.field})"


@dataclass(frozen=True)
class Revealing:
    cases: Cases
    audit: Audit

    async def reveal(
        self, officer: Officer, case_id: UUID, field: str, purpose: Purpose
    ) -> Revealed:
        """Return a whole value of a case that the officer may read; first it is put on record.

        ``field`` is applicant.name, applicant.id_number, applicant.phone or form.<field>. Raises
        ``CaseUnknown``, ``StepNotYours``, ``ApprovalNeeded`` or ``FieldNotHeld``.
        """
        case = await Case.exclude(state__in=queue.HIDDEN).get_or_none(id=case_id)
        opened = await desk.for_reading(self.cases, officer, case)
        await approvals.check(self.cases, self.audit, officer, opened.case, opened.item)
        applicant = await self.cases.applicants.get(opened.case.account_id)
        held = {f"{FORM}{name}": value for name, value in opened.form.values.items()}
        value = {**held, **_of(applicant)}.get(field)
        if value is None:
            raise FieldNotHeld
        facts = {"field": field, "purpose": purpose.value}
        await self.audit.read(officer.anyhow, "person.reveal", "case", case_id, facts)
        return Revealed(field, value)


def _of(applicant: Applicant) -> dict[str, str | None]:
    return {
        "applicant.name": applicant.name,
        "applicant.id_number": applicant.id_number,
        "applicant.phone": applicant.phone,
    }
