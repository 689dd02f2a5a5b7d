"""Comparing (版本对照): the filed versions of one material side by side, with what changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from models.case import Case
from models.material import Material
from models.reading import MaterialReading
from models.review import Verdict
from models.rules.identity import mask_id_number, mask_name
from models.rules.reading.fields import Field, FieldName, fields_of
from services import approvals, desk, filings, queue
from services.actors import Officer
from services.audit import Audit
from services.cases import Cases
from services.materials import MaterialUnknown
from services.readings import opened

_PEOPLE = frozenset({FieldName.NAME, FieldName.LEGAL_REPRESENTATIVE})


@dataclass(frozen=True)
class Version:
    """A filed version: what was said of it, what is read on it, and what differs from before.

    ``fields`` are masked where they name people; ``changed`` are the fields that the version
    before showed otherwise.
    """

    material: Material
    current: bool
    verdicts: Sequence[Verdict]
    fields: Sequence[tuple[FieldName, int, str]]
    changed: Sequence[FieldName]


@dataclass(frozen=True)
class Comparing:
    cases: Cases
    audit: Audit

    async def versions(self, officer: Officer, case_id: UUID, code: str) -> Sequence[Version]:
        """Return the filed versions of a material, newest first.

        Raises ``CaseUnknown``, ``StepNotYours``, ``ApprovalNeeded`` or ``MaterialUnknown``.
        """
        case = await Case.exclude(state__in=queue.HIDDEN).get_or_none(id=case_id)
        found = await desk.for_reading(self.cases, officer, case)
        await approvals.check(self.cases, self.audit, officer, found.case, found.item)
        filed = await filings.of_case(found.case)
        every = await Material.filter(case_id=case_id, code=code).order_by("-no")
        materials = [each for each in every if filed.holds(each)]
        if not materials:
            raise MaterialUnknown
        await self.audit.open(officer.anyhow, "case.read", "case", case_id)
        read = {each.id: await self._fields(each) for each in materials}
        verdicts = await Verdict.filter(case_id=case_id, code=code).order_by("round")
        return [
            Version(
                each,
                filed.is_current(each),
                [said for said in verdicts if said.material_id == each.id],
                [(field.name, field.found.page, _shown(field)) for field in read[each.id]],
                _changed(read[each.id], read[before.id]) if before is not None else (),
            )
            for each, before in zip(materials, [*materials[1:], None], strict=True)
        ]

    async def _fields(self, material: Material) -> Sequence[Field]:
        row = await MaterialReading.get_or_none(material_id=material.id)
        reading = None if row is None else opened(self.cases.forms.crypto, row)
        return () if reading is None else fields_of(reading)


def _changed(now: Sequence[Field], before: Sequence[Field]) -> Sequence[FieldName]:
    values = [{name: _texts(fields, name) for name in FieldName} for fields in (now, before)]
    return [name for name in FieldName if values[0][name] != values[1][name]]


def _texts(fields: Sequence[Field], name: FieldName) -> Sequence[str]:
    return [field.text for field in fields if field.name is name]


def _shown(field: Field) -> str:
    if field.name is FieldName.ID_NUMBER:
        return mask_id_number(field.text)
    return mask_name(field.text) if field.name in _PEOPLE else field.text
