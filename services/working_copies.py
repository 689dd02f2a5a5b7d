"""Working copies as they are handed out: each says on its face what it is for (水印)."""

from dataclasses import dataclass
from uuid import UUID

import structlog

from services.actors import Citizen, Officer
from services.errors import MaterialUnreadable, Unavailable
from services.files import ServedFile
from services.materials import Materials
from services.pages import page_of
from services.ports import StoredFile
from services.ports.watermarks import Watermarks
from services.quarantine import check_release
from services.vault import Vault

OF_THE_VAULT = "仅供办理政务服务事项使用"

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class WorkingCopies:
    materials: Materials
    vault: Vault
    watermarks: Watermarks

    async def for_staff(
        self, officer: Officer, material_id: UUID, page: int | None = None
    ) -> ServedFile:
        """Return what an officer looks at, whole or a page of it.

        Raises as ``Materials.open_for_staff``, and ``PageUnknown``.
        """
        for_staff = self.materials.for_staff
        material = await for_staff(officer, material_id, original=False, page=page)
        item = await self.materials.cases.items.version(material.case.item_version_id)
        seen = material if page is None else await page_of(material, page)
        return await self._marked(self.materials.working_of(seen), f"仅供办理{item.name}事项使用")

    async def of_vault(self, who: Citizen, entry_id: UUID) -> ServedFile:
        """Return what leaves the vault; raise ``EntryUnknown``."""
        return await self._marked(await self.vault.open_content(who, entry_id), OF_THE_VAULT)

    async def _marked(self, file: ServedFile, text: str) -> ServedFile:
        # A copy that we make is held back by nobody: what it is made of has to be free first.
        await check_release(file.key)
        if file.sha256 is None:
            return file
        stored = StoredFile(file.key, file.sha256, file.size, file.mime)
        try:
            made = await self.watermarks.stamped(stored, text)
        except (MaterialUnreadable, Unavailable) as problem:
            # An office must not stand still because nobody can draw on a paper just now.
            log.warning("watermark.missing", reason=problem.code)
            return file
        return ServedFile(made.key, made.sha256, made.size, made.mime, file.name)
