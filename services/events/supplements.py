"""Promised materials (容缺材料), as the department's own system judges them."""

from dataclasses import dataclass

from models.promise import ShortfallItem
from models.rules.reasons import Verdict as Word
from services import lacking
from services.cases import Cases, Opened
from services.events.asides import keep_number
from services.events.reports import ShortfallVerdict, Told
from services.nudges import ask, nudge
from services.packages import SUPPLEMENT, Packages
from services.verdicts import MaterialAbsent


@dataclass(frozen=True)
class Supplements:
    cases: Cases
    packages: Packages

    async def judge(self, told: Told) -> None:
        """Judge what the applicant promised and brought; with the last that is good, T25.

        The step is the applicant's, as the table wants it. What is defective may be brought again
        in time, and its reason is read. Raises ``MaterialNotPromised``, ``MaterialAbsent``.
        """
        case, report = told.case, told.report
        code = report.material_code or ""
        promise = await lacking.promised(case, code)
        material = (await self.cases.materials(case.id)).get(code)
        if material is None:
            raise MaterialAbsent
        form = await self.cases.forms.read_filed(case.id)
        opened = Opened(case, told.item, form)
        if report.verdict is ShortfallVerdict.FULFILLED:
            if await lacking.judged(self.cases, opened, code, Word.PASS):
                await self.packages.create(case, told.item, SUPPLEMENT)
        else:
            await ShortfallItem.filter(id=promise.id).update(
                reason=report.reason or "", defective_id=material.id
            )
            await lacking.judged(self.cases, opened, code, Word.FAIL)
            await ask(self.cases.transitions, case, "supply_again")
        await keep_number(told)
        nudge(self.cases.transitions, case)
