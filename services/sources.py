"""Where each material of an application could come from, without asking anybody outside."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from models.rules.mandates import Act
from models.rules.supply import Person, SourceKind, SupplyMode, bears, register_mode
from services import access, lacking, reusable
from services.access import ActNotGranted
from services.actors import Citizen
from services.applicants import RealNameRequired
from services.cases import Opened, is_editable
from services.errors import Conflict, NotFound
from services.materials import Materials
from services.reusable import Reusable


@dataclass(frozen=True)
class Source:
    """A way to supply a material; ``entries`` are what there is to choose from, if it is a choice.

    ``paper`` is what the thing is called, for the sentence that offers it.
    """

    kind: SourceKind
    paper: str
    entries: Sequence[Reusable] = ()


@dataclass(frozen=True)
class Sources:
    """``library``: whether this installation is connected to the e-certificate library."""

    materials: Materials
    library: bool

    async def of_case(self, who: Citizen, case_id: UUID) -> Mapping[str, Sequence[Source]]:
        """Return the sources of each material that can be supplied now, by its code.

        The least trouble comes first. None for who may look and not fill. Raises ``CaseUnknown``.
        """
        cases = self.materials.cases
        opened = await cases.get(who, case_id)
        if not is_editable(opened.case.state) and not lacking.is_open(opened.case):
            return {}
        with suppress(ActNotGranted):
            await access.seen(who, case_id, cases.clock.now(), Act.FILL)
            return await self._of(who, opened)
        return {}

    async def _of(self, who: Citizen, opened: Opened) -> Mapping[str, Sequence[Source]]:
        cases = self.materials.cases
        found = await reusable.find(cases, who, opened.case)
        applicant = await self._applicant(opened)
        sources = {}
        for spec in opened.item.materials:
            # What a correction notice does not name, and what makes itself of the form.
            with suppress(Conflict, NotFound):
                await self.materials.spec_for(opened.case, spec["code"])
                fitting = reusable.fitting(found, spec, cases.clock.now())
                asked = self._registers(opened, spec, applicant)
                sources[spec["code"]] = _ordered(spec, asked, fitting)
        return sources

    async def _applicant(self, opened: Opened) -> Person | None:
        with suppress(RealNameRequired):
            known = await self.materials.cases.applicants.get(opened.case.account_id)
            return Person(known.name, known.id_number, known.is_person)
        return None

    def _registers(
        self, opened: Opened, spec: Mapping[str, Any], applicant: Person | None
    ) -> Sequence[SourceKind]:
        mode = register_mode(spec)
        if not self.library or mode is None or applicant is None:
            return ()
        if not bears(spec, applicant, opened.form.values):
            return ()
        first = SourceKind.E_CERT if mode is SupplyMode.E_CERT else SourceKind.DATA_SHARED
        return (first, SourceKind.CERT_NUMBER)


def _ordered(
    spec: Mapping[str, Any], asked: Sequence[SourceKind], fitting: Sequence[Reusable]
) -> Sequence[Source]:
    paper = str(spec.get("e_certificate_type") or spec["name"])
    entries = {
        kind: [each for each in fitting if each.source is kind]
        for kind in (SourceKind.VAULT, SourceKind.EARLIER)
    }
    offered = {*asked, *(kind for kind, chosen in entries.items() if chosen), SourceKind.UPLOAD}
    return [Source(kind, paper, entries.get(kind, ())) for kind in SourceKind if kind in offered]
