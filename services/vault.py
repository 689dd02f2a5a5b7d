"""The citizen's vault of materials (我的材料库), and using a filed material again by one tap."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from models.database import rows
from models.material import Material
from models.rules.calendar import day_of
from models.rules.mandates import Act
from models.rules.privacy import Purpose
from models.rules.supply import SupplyMode, TrustLevel
from models.unit import transaction
from models.vault import VaultEntry
from services import consents, reusable, versions
from services.actors import Citizen
from services.errors import Conflict, NotFound
from services.files import ServedFile
from services.marks import Mark
from services.materials import Materials, Upload
from services.quarantine import check_taken
from services.versions import Supply

MOST = 200
# Whoever empties the vault waits for this row, or is waited for.
HOLD = "SELECT 1 FROM vault_entries WHERE material_id = $1 FOR UPDATE"
USED = "UPDATE vault_entries SET last_used_at = $2 WHERE material_id = $1"


class EntryUnknown(NotFound):
    """No such entry, or not the asker's."""

    code = "entry_unknown"
    sentence = "材料库里没有这份材料。"


class NotReusable(NotFound):
    """No such material of this applicant, or not one that this slot asks for."""

    code = "material_not_reusable"
    sentence = "没有找到可以在这里再用的这份材料,请重新选或者拍照上传。"


class MaterialOver(Conflict):
    """It was good once, and is no more."""

    code = "material_over"
    sentence = "这份材料已经过了有效期,请换有效的。"


@dataclass(frozen=True)
class Entry:
    """What is kept: a version of a filed case, with what tells its owner which one it is."""

    material: Material
    name: str
    kind: str
    case_no: str
    item_name: str
    filed_at: datetime
    last_used_at: datetime | None
    today: date

    @property
    def expired(self) -> bool:
        until = self.material.valid_until
        return until is not None and until < self.today


@dataclass(frozen=True)
class Vault:
    materials: Materials

    async def list(self, who: Citizen) -> Sequence[Entry]:
        """Return what is kept for the asker, the newest first; nothing without their consent."""
        if not await consents.has(who.account_id, Purpose.SAVED_MATERIALS):
            return []
        kept = VaultEntry.filter(account_id=who.account_id).order_by("-kept_at", "material_id")
        found = await kept.limit(MOST).select_related("material__case")
        return [await self._entry(each) for each in found]

    async def _entry(self, kept: VaultEntry) -> Entry:
        material = kept.material
        item = await self.materials.cases.items.version(material.case.item_version_id)
        spec = next(each for each in item.materials if each["code"] == material.code)
        return Entry(
            material=material,
            name=str(spec["name"]),
            kind=kept.kind,
            case_no=str(material.case.case_no),
            item_name=item.name,
            filed_at=material.case.submitted_at or material.created_at,
            last_used_at=kept.last_used_at,
            today=day_of(self.materials.clock.now()),
        )

    @transaction
    async def forget(self, who: Citizen, entry_id: UUID) -> None:
        """Take one entry out of the vault; its file stays with the case that it was filed in.

        Raises ``EntryUnknown``.
        """
        if not await VaultEntry.filter(material_id=entry_id, account_id=who.account_id).delete():
            raise EntryUnknown

    async def open_content(self, who: Citizen, entry_id: UUID) -> ServedFile:
        """Return the working copy of an entry; raise ``EntryUnknown``."""
        entry = VaultEntry.filter(material_id=entry_id, account_id=who.account_id)
        agreed = await consents.has(who.account_id, Purpose.SAVED_MATERIALS)
        if not agreed or not await entry.exists():
            raise EntryUnknown
        return await self.materials.open_content(who, entry_id)

    @transaction
    async def reuse(self, who: Citizen, case_id: UUID, code: str, material_id: UUID) -> Upload:
        """Make a filed material of the same applicant the current version of a slot.

        Twice is once. Raises what ``Materials.upload`` raises before it reads a file,
        ``NotReusable``, ``MaterialOver`` or ``MaterialInfected``; nothing changed then.
        """
        ours, now = self.materials, self.materials.clock.now()
        case = await ours.cases.locked(who, case_id, Act.FILL)
        spec = await ours.spec_for(case, code)
        await rows(HOLD, [material_id])
        found = await reusable.find(ours.cases, who, case, material_id)
        chosen = next((each for each in found if each.suits(spec)), None)
        if chosen is None:
            raise NotReusable
        if chosen.is_over(day_of(now)):
            raise MaterialOver
        origin = await Material.get(id=material_id)
        file = versions.file_of(origin)
        made, created = await versions.put(case.id, code, file, _supply(origin), now)
        await check_taken(origin.original_key)
        if created:
            await versions.copy_pages(origin, made)
            await rows(USED, [material_id, now])
            await ours.readings.ask(made, await ours.cases.items.version(case.item_version_id))
            facts = {"case_id": str(case.id), "code": code, "origin": str(origin.id)}
            await ours.audit.record(who.actor, "material.reused", "material", made.id, facts)
        return Upload(await ours.held(made), created)


def _supply(origin: Material) -> Supply:
    """Return how an origin's bytes come again: as well trusted as they were, and by whom."""
    seen = origin.verification == Mark.ORIGINAL_SEEN
    return Supply(
        mode=SupplyMode.REUSE,
        trust=TrustLevel(origin.trust_level),
        valid_until=origin.valid_until,
        origin_id=origin.origin_id or origin.id,
        # They are the bytes that were compared. What a register said then is asked anew.
        mark=Mark.ORIGINAL_SEEN if seen else Mark.NONE,
        mark_source=origin.verification_source if seen else None,
        marked_at=origin.verified_at if seen else None,
    )
