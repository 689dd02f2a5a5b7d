"""Materials (材料) of a case: uploads as versions, removal, and who may read them."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from models.case import Case
from models.ids import uuid7
from models.material import Material
from models.material_page import MaterialPage
from models.review import Correction
from models.rules.mandates import Act
from models.rules.states import State
from models.rules.supply import first_trust
from models.unit import transaction
from services import access, approvals, desk, filings, handed, lacking
from services.access import CaseUnknown
from services.actors import Citizen, Machine, Officer
from services.audit import Audit
from services.cases import Cases, NotEditable, Opened, is_editable
from services.errors import Conflict, NotFound
from services.files import ServedFile, display_name, download_name
from services.findings import Findings, is_asked
from services.items import PublishedItem
from services.ports import Clock, Crypto, MaterialFiles, TakenIn
from services.ports.files import Scan
from services.quarantine import check_taken, scans_of_materials
from services.readings import Readings
from services.slots import Held, Slot, slot_of, told_verdicts
from services.stored import columns_of
from services.transitions import StepNotYours

PURPOSE = "material.name"
MEGABYTE = 1024 * 1024


class MaterialUnknown(NotFound):
    """The item asks for no such file, or the asker may not see it."""

    code = "material_unknown"
    sentence = "没有找到这份材料。"


class MaterialNotInCorrection(Conflict):
    """After a correction notice only what it names may change (一次性告知)."""

    code = "material_not_in_correction"
    sentence = "补正通知书没有要求改这份材料,不用重新上传。"


@dataclass(frozen=True)
class Upload:
    """What an upload led to; ``created`` is False when the same bytes were there already."""

    held: Held
    created: bool


@dataclass(frozen=True)
class Materials:
    clock: Clock
    crypto: Crypto
    cases: Cases
    files: MaterialFiles
    audit: Audit
    readings: Readings

    async def slots(self, who: Citizen, case_id: UUID) -> Sequence[Slot]:
        """Return the item's materials in its order; raise ``CaseUnknown``."""
        opened = await self.cases.get(who, case_id)
        current = await self.cases.materials(case_id)
        verdicts = await told_verdicts(opened.case)
        looks = await Findings(self.cases, self.crypto).of_case(opened)
        specs = {spec["code"]: spec for spec in opened.item.materials}
        scans = await scans_of_materials([material.id for material in current.values()])
        slots = []
        for each in await self.cases.requirements(opened):
            material = current.get(each.code)
            held = self._held(material, scans) if material is not None else None
            verdict = verdicts.get(material.id) if material is not None else None
            look = looks.get(material.id) if material is not None else None
            slots.append(replace(slot_of(each, specs[each.code], held, verdict), look=look))
        return slots

    async def upload(
        self,
        who: Citizen,
        case_id: UUID,
        code: str,
        chunks: AsyncIterator[bytes],
        file_name: str,
    ) -> Upload:
        """Take a file in as the current version of a material; older ones stay as evidence.

        Raises ``CaseUnknown``, ``NotEditable``, ``MaterialUnknown``, ``MaterialNotInCorrection``,
        ``MaterialNotPromised``, ``PromiseExpired`` before the file is read, and what
        ``MaterialFiles.take_in`` raises (``MaterialInfected``, too). Nothing changed then.
        """
        spec = await self.takeable(who, case_id, code)
        taken = await self.files.take_in(
            chunks, max_bytes=spec["max_size_mb"] * MEGABYTE, formats=spec["formats"]
        )
        return await self.keep(who, case_id, code, taken, display_name(file_name))

    async def takeable(self, who: Citizen, case_id: UUID, code: str) -> Mapping[str, Any]:
        """Return what the item says of a material that the asker may upload now.

        Raises what ``upload`` raises before it reads a byte.
        """
        case = await access.seen(who, case_id, self.clock.now(), Act.FILL)
        return await self.spec_for(case, code)

    @transaction
    async def keep(
        self, who: Citizen, case_id: UUID, code: str, taken: TakenIn, name: str
    ) -> Upload:
        """Make stored files the current version of a material; raises as ``upload``."""
        case = await self.cases.locked(who, case_id)
        # The case may have been submitted while the bytes were coming.
        spec = await self.spec_for(case, code)
        newest = await Material.filter(case_id=case.id, code=code).order_by("-no").first()
        if newest is not None and newest.replaced_at is None:
            if newest.sha256 == taken.original.sha256:
                return Upload(await self.held(newest), created=False)
            await self._replace(newest)
        material = await Material.create(
            id=uuid7(),
            case_id=case.id,
            code=code,
            no=1 if newest is None else newest.no + 1,
            name_sealed=self.crypto.seal(name.encode(), PURPOSE),
            created_at=self.clock.now(),
            trust_level=first_trust(spec).value,
            **columns_of(taken),
        )
        item = await self.cases.items.version(case.item_version_id)
        await self.readings.ask(material, item)
        scans = await check_taken(material.original_key)
        return Upload(Held(material, name, scans[material.original_key]), created=True)

    @transaction
    async def remove(self, who: Citizen, case_id: UUID, code: str) -> None:
        """Take the current version of a material out of the application.

        Raises ``CaseUnknown``, ``NotEditable``, ``MaterialUnknown``, ``MaterialNotInCorrection``.
        """
        case = await self.cases.locked(who, case_id)
        await self._changeable(case, code)
        current = await Material.get_or_none(case_id=case.id, code=code, replaced_at=None)
        if current is None:
            raise MaterialUnknown
        await self._replace(current)

    async def _replace(self, material: Material) -> None:
        material.replaced_at = self.clock.now()
        await material.save(update_fields=["replaced_at"])

    async def spec_for(self, case: Case, code: str) -> Mapping[str, Any]:
        """Return what the item says of a material that may be uploaded now.

        After acceptance that is what was promised and nothing else (容缺).
        """
        if lacking.is_open(case):
            await lacking.promised(case, code)
            item = await self.cases.items.version(case.item_version_id)
            await lacking.check_in_time(case, item, self.clock.now())
            return _spec_of(item, code)
        return await self._changeable(case, code)

    async def _changeable(self, case: Case, code: str) -> Mapping[str, Any]:
        """Return what the item says of a material, if its applicant may change it now."""
        if not is_editable(case.state):
            raise NotEditable
        item = await self.cases.items.version(case.item_version_id)
        spec = _spec_of(item, code)
        if case.state is State.CORRECTION_REQUIRED:
            await self._check_correction(case, item, code)
        return spec

    async def _check_correction(self, case: Case, item: PublishedItem, code: str) -> None:
        correction = await Correction.get(case_id=case.id, round=case.round)
        if any(point.get("material_code") == code for point in correction.items):
            return
        # A corrected answer can make one more material necessary: adding it changes nothing that
        # was reviewed, and without it nothing could be resubmitted.
        opened = Opened(case, item, await self.cases.forms.read(case.id))
        wanted = await self.cases.requirements(opened)
        needed = any(each.code == code and each.required for each in wanted)
        if not needed or code in await self.cases.materials(case.id):
            raise MaterialNotInCorrection

    async def open_content(self, who: Citizen, material_id: UUID) -> ServedFile:
        """Return the working copy of one's own material, current or not."""
        return self.working_of(await own(who, material_id, self.clock.now()))

    async def open_thumbnail(self, who: Citizen, material_id: UUID) -> ServedFile:
        """Return the small picture of one's own material; a PDF has none (``MaterialUnknown``)."""
        material = await own(who, material_id, self.clock.now())
        if material.thumbnail_key is None or material.thumbnail_size is None:
            raise MaterialUnknown
        mime = "image/jpeg"
        name = download_name(f"{material.code}-{material.no}", mime)
        return ServedFile(material.thumbnail_key, None, material.thumbnail_size, mime, name)

    async def open_for_staff(
        self, officer: Officer, material_id: UUID, *, original: bool = False
    ) -> ServedFile:
        """Return a material of a submitted case: the working copy, or the bytes as they came.

        Raises ``MaterialUnknown``, ``ApprovalNeeded``.
        """
        material = await self.for_staff(officer, material_id, original=original)
        return self.original_of(material) if original else self.working_of(material)

    async def for_staff(
        self, officer: Officer, material_id: UUID, *, original: bool, page: int | None = None
    ) -> Material:
        """Return a material that an officer looks at, on the record.

        What its owner took out of the draft was never filed, and a department sees no case of
        another acceptor: ``MaterialUnknown``. Of a draft only what its owner asked a person to
        look at is seen. Raises ``ApprovalNeeded``.
        """
        material = await Material.get_or_none(id=material_id).select_related("case")
        if material is None:
            raise MaterialUnknown
        filed = await filings.of_case(material.case)
        if not filed.holds(material) and not await is_asked(material_id):
            raise MaterialUnknown
        item = await self.cases.items.version(material.case.item_version_id)
        try:
            await desk.check_readable(officer, material.case, item)
        except (CaseUnknown, StepNotYours) as error:
            raise MaterialUnknown from error
        await approvals.check(self.cases, self.audit, officer, material.case, item)
        facts = {"case_id": str(material.case_id), "original": original}
        facts |= {} if page is None else {"page": page}
        shape = "original" if original else ""
        actor = officer.anyhow
        await self.audit.open(actor, "material.read", "material", material_id, facts, shape=shape)
        return material

    async def open_for_machine(
        self, machine: Machine, package_id: UUID, material_id: UUID, page: int | None = None
    ) -> ServedFile:
        """Return the bytes as they came of a material, or of a photo that became its page, that a
        package of this machine lists."""
        found = await handed.listed(self.crypto, machine, package_id, material_id, page)
        if found is None:
            raise MaterialUnknown
        return self.original_of(found)

    async def held(self, material: Material) -> Held:
        """Return a version with its name and what is known of its harmlessness."""
        return self._held(material, await scans_of_materials([material.id]))

    def _held(self, material: Material, scans: Mapping[UUID, Scan]) -> Held:
        return Held(material, self.name_of(material), scans[material.id])

    def name_of(self, material: Material | MaterialPage) -> str:
        """Return what its owner calls the file."""
        return self.crypto.open(material.name_sealed, PURPOSE).decode()

    def working_of(self, material: Material | MaterialPage) -> ServedFile:
        mime = material.working_mime
        name = download_name(self.name_of(material), mime)
        size = material.working_size
        return ServedFile(material.working_key, material.working_sha256, size, mime, name)

    def original_of(self, material: Material | MaterialPage) -> ServedFile:
        mime = material.mime
        name = download_name(self.name_of(material), mime)
        return ServedFile(material.original_key, material.sha256, material.size, mime, name)


def _spec_of(item: PublishedItem, code: str) -> Mapping[str, Any]:
    spec = next((each for each in item.materials if each["code"] == code), None)
    if spec is None or spec["kind"] == "ONLINE_FORM":
        raise MaterialUnknown
    return spec


async def own(who: Citizen, material_id: UUID, now: datetime) -> Material:
    material = await Material.get_or_none(id=material_id)
    if material is None:
        raise MaterialUnknown
    try:
        await access.seen(who, material.case_id, now, Act.READ)
    except (CaseUnknown, access.ActNotGranted) as error:
        raise MaterialUnknown from error
    return material
