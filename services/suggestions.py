"""Suggestions (读取填表): what was read fills the form, once its owner has looked and confirmed."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from models.case import CaseForm
from models.material import Material
from models.rules.reading.fields import fields_of
from models.rules.reading.filling import Suggestion, suggestions
from models.unit import transaction
from services.actors import Citizen
from services.cases import Cases, Opened
from services.errors import NotFound
from services.findings import Findings, Look
from services.forms import FormInvalid, check_field
from services.readings import wants_for


class SuggestionUnknown(NotFound):
    """Nothing was read for this field, or it is filled already."""

    code = "suggestion_unknown"
    sentence = "这一项没有可以自动填写的内容,请手工填写。"


@dataclass(frozen=True)
class Suggestions:
    cases: Cases
    findings: Findings

    async def of_case(self, who: Citizen, case_id: UUID) -> Sequence[Suggestion]:
        """Return what the empty fields of a form could be filled with; raise ``CaseUnknown``."""
        return await self._of(await self.cases.get(who, case_id))

    async def _of(self, opened: Opened) -> Sequence[Suggestion]:
        looks = await self.findings.of_case(opened)
        codes = dict(await Material.filter(id__in=list(looks)).values_list("id", "code"))
        found: dict[str, Suggestion] = {}
        for material_id, look in looks.items():
            for each in _from(opened, codes[material_id], look):
                best = found.get(each.field)
                if _fits(opened, each) and (best is None or each.sure > best.sure):
                    found[each.field] = each
        return list(found.values())

    @transaction
    async def take(self, who: Citizen, case_id: UUID, field: str) -> Opened:
        """Fill one field with what was read; the form keeps that it was read, and from where.

        Raises ``CaseUnknown``, ``NotEditable`` or ``SuggestionUnknown``.
        """
        await self.cases.locked(who, case_id)
        opened = await self.cases.get(who, case_id)
        taken = next((each for each in await self._of(opened) if each.field == field), None)
        if taken is None:
            raise SuggestionUnknown
        filled = await self.cases.put_field(who, case_id, field, taken.value)
        row = await CaseForm.get(case_id=case_id)
        row.prefilled = {**(row.prefilled or {}), field: taken.material}
        await row.save(update_fields=["prefilled"])
        return filled


def _from(opened: Opened, code: str, look: Look) -> Sequence[Suggestion]:
    wants = wants_for(opened.item, code)
    if wants is None or look.reading is None:
        return ()
    return list(suggestions(code, fields_of(look.reading), wants, opened.form.values))


def _fits(opened: Opened, suggestion: Suggestion) -> bool:
    """Tell whether the form would take it: too long an address is not offered to be refused."""
    try:
        check_field(opened.item, suggestion.field, suggestion.value)
    except (NotFound, FormInvalid):
        return False
    return True
