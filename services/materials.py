"""Materials (材料) of a case: uploads as versions, removal, and who may read them."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from models.case import Case
from models.handoff import HandoffPackage
from models.ids import uuid7
from models.material import Material
from models.review import Correction
from models.rules.events import Role
from models.rules.mandates import Act
from models.rules.states import State
from models.unit import transaction
from services import access, desk, lacking
from services.access import CaseUnknown
from services.actors import Citizen, Machine, Officer
from services.audit import Audit
from services.cases import Cases, NotEditable, Opened, is_editable
from services.errors import Conflict, NotFound
from services.files import ServedFile, display_name, download_name
from services.items import PublishedItem
from services.packages import PURPOSE as PACKAGE_PURPOSE
from services.ports import Clock, Crypto, MaterialFiles, TakenIn
from services.slots import Held, Slot, slot_of, told_verdicts

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

    async def slots(self, who: Citizen, case_id: UUID) -> Sequence[Slot]:
        """Return the item's materials in its order; raise ``CaseUnknown``."""
        opened = await self.cases.get(who, case_id)
        current = await self.cases.materials(case_id)
        verdicts = await told_verdicts(opened.case)
        specs = {spec["code"]: spec for spec in opened.item.materials}
        slots = []
        for each in await self.cases.requirements(opened):
            material = current.get(each.code)
            held = self._held(material) if material is not None else None
            verdict = verdicts.get(material.id) if material is not None else None
            slots.append(slot_of(each, specs[each.code], held, verdict))
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
        ``MaterialFiles.take_in`` raises. Nothing changed then.
        """
        case = await access.seen(who, case_id, self.clock.now(), Act.FILL)
        spec = await self._takeable(case, code)
        taken = await self.files.take_in(
            chunks, max_bytes=spec["max_size_mb"] * MEGABYTE, formats=spec["formats"]
        )
        return await self._keep(who, case_id, code, taken, display_name(file_name))

    @transaction
    async def _keep(
        self, who: Citizen, case_id: UUID, code: str, taken: TakenIn, name: str
    ) -> Upload:
        case = await self.cases.locked(who, case_id)
        # The case may have been submitted while the bytes were coming.
        await self._takeable(case, code)
        newest = await Material.filter(case_id=case.id, code=code).order_by("-no").first()
        if newest is not None and newest.replaced_at is None:
            if newest.sha256 == taken.original.sha256:
                return Upload(self._held(newest), created=False)
            await self._replace(newest)
        material = await Material.create(
            id=uuid7(),
            case_id=case.id,
            code=code,
            no=1 if newest is None else newest.no + 1,
            name_sealed=self.crypto.seal(name.encode(), PURPOSE),
            created_at=self.clock.now(),
            **_stored(taken),
        )
        return Upload(Held(material, name), created=True)

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

    async def _takeable(self, case: Case, code: str) -> Mapping[str, Any]:
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
        return self._working(await _own(who, material_id, self.clock.now()))

    async def open_thumbnail(self, who: Citizen, material_id: UUID) -> ServedFile:
        """Return the small picture of one's own material; a PDF has none (``MaterialUnknown``)."""
        material = await _own(who, material_id, self.clock.now())
        if material.thumbnail_key is None or material.thumbnail_size is None:
            raise MaterialUnknown
        mime = "image/jpeg"
        name = download_name(f"{material.code}-{material.no}", mime)
        return ServedFile(material.thumbnail_key, None, material.thumbnail_size, mime, name)

    async def open_for_staff(
        self, officer: Officer, material_id: UUID, *, original: bool = False
    ) -> ServedFile:
        """Return a material of a submitted case: the working copy, or the bytes as they came.

        What its owner took out of the draft was never filed, and a department sees no case of
        another acceptor: ``MaterialUnknown``.
        """
        material = await Material.get_or_none(id=material_id).select_related("case")
        if material is None or not is_filed(material, material.case):
            raise MaterialUnknown
        item = await self.cases.items.version(material.case.item_version_id)
        if not await _may_read(officer, item, material.case_id):
            raise MaterialUnknown
        facts = {"case_id": str(material.case_id), "original": original}
        await self.audit.read(officer.anyhow, "material.read", "material", material_id, facts)
        return self._original(material) if original else self._working(material)

    async def open_for_machine(
        self, machine: Machine, package_id: UUID, material_id: UUID
    ) -> ServedFile:
        """Return the bytes as they came of a material that a package of this agency lists."""
        package = await HandoffPackage.get_or_none(id=package_id, agency_uscc=machine.agency_uscc)
        if package is None:
            raise MaterialUnknown
        body = orjson.loads(self.crypto.open(package.sealed, PACKAGE_PURPOSE))
        if str(material_id) not in {listed["id"] for listed in body["materials"]}:
            raise MaterialUnknown
        return self._original(await Material.get(id=material_id, case_id=package.case_id))

    def _held(self, material: Material) -> Held:
        return Held(material, self.crypto.open(material.name_sealed, PURPOSE).decode())

    def _working(self, material: Material) -> ServedFile:
        mime = material.working_mime
        name = download_name(self._held(material).name, mime)
        size = material.working_size
        return ServedFile(material.working_key, material.working_sha256, size, mime, name)

    def _original(self, material: Material) -> ServedFile:
        mime = material.mime
        name = download_name(self._held(material).name, mime)
        return ServedFile(material.original_key, material.sha256, material.size, mime, name)


def _spec_of(item: PublishedItem, code: str) -> Mapping[str, Any]:
    spec = next((each for each in item.materials if each["code"] == code), None)
    if spec is None or spec["kind"] == "ONLINE_FORM":
        raise MaterialUnknown
    return spec


def is_filed(material: Material, case: Case) -> bool:
    """Tell whether a version was part of the application when it was submitted, or came later."""
    if case.submitted_at is None:
        return False
    return material.replaced_at is None or material.replaced_at > case.submitted_at


async def _may_read(officer: Officer, item: PublishedItem, case_id: UUID) -> bool:
    if officer.roles & {Role.WINDOW, item.acceptor}:
        return True
    # A department that is asked to confirm a shortfall reads what there is.
    return Role.DEPT in officer.roles and await desk.asked_to_confirm(case_id)


async def _own(who: Citizen, material_id: UUID, now: datetime) -> Material:
    material = await Material.get_or_none(id=material_id)
    if material is None:
        raise MaterialUnknown
    try:
        await access.seen(who, material.case_id, now, Act.READ)
    except (CaseUnknown, access.ActNotGranted) as error:
        raise MaterialUnknown from error
    return material


def _stored(taken: TakenIn) -> dict[str, Any]:
    return {
        "original_key": taken.original.key,
        "sha256": taken.original.sha256,
        "mime": taken.original.mime,
        "size": taken.original.size,
        "working_key": taken.working.key,
        "working_sha256": taken.working.sha256,
        "working_mime": taken.working.mime,
        "working_size": taken.working.size,
        "thumbnail_key": taken.thumbnail.key if taken.thumbnail else None,
        "thumbnail_size": taken.thumbnail.size if taken.thumbnail else None,
        "pages": taken.pages,
        "width": taken.width,
        "height": taken.height,
    }
