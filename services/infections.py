"""What follows when a virus was found in a file: it stays as evidence, and everybody is told."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from models.case import Case
from models.database import rows
from models.material import Material, ResultDocument
from models.rules.clock_table import ClockName
from models.rules.states import MonitorLight
from models.rules.supervision import AlertKind
from services.alerts import raise_alert
from services.announcements import announce, tell_account
from services.cases import is_editable
from services.items import Items
from services.lateness import owner_of
from services.ports import Jobs

INFECTED = "file_infected"
# 20 characters are what a message's field holds.
REMOVED = "材料文件发现病毒,已移除,请重新上传"
REFUSED = "授权书文件发现病毒,请重新上传"
MATERIALS = """
SELECT id, case_id FROM materials WHERE original_key = $1 OR working_key = $1
UNION SELECT m.id, m.case_id FROM material_pages p JOIN materials m ON m.id = p.material_id
WHERE p.original_key = $1 OR p.working_key = $1"""
# A mandate whose proof is a file waits for a window to judge it.
PROOFS = """
UPDATE mandates SET proof = NULL WHERE status = 'UNPROVEN'
  AND (proof_key = $1 OR proof_original_key = $1) RETURNING id, agent_id"""
CURRENT = "SELECT id FROM materials WHERE id = $1 AND replaced_at IS NULL FOR UPDATE"


@dataclass(frozen=True)
class Infections:
    items: Items
    jobs: Jobs

    async def follow(self, key: str, found: str, now: datetime) -> None:
        """Do what a virus in a file asks for, in the caller's transaction; the file is held.

        Where its owner can still change the application it is taken out and they are told; where
        it was filed, and where it is a result, who handles the case answers for an alert.
        """
        for row in await rows(MATERIALS, [key]):
            case = await Case.filter(id=row["case_id"]).select_for_update().get()
            if is_editable(case.state):
                await self._remove(case, row["id"], now)
            elif case.submitted_at is not None:
                await self._alarm(case, key, found, now)
        for case_id in set(await ResultDocument.filter(key=key).values_list("case_id", flat=True)):
            case = await Case.filter(id=case_id).select_for_update().get()
            await self._alarm(case, key, found, now)
        await self._refuse_proofs(key, now)

    async def _remove(self, case: Case, material_id: UUID, now: datetime) -> None:
        if not await rows(CURRENT, [material_id]):
            return
        await Material.filter(id=material_id).update(replaced_at=now)
        await announce(self.jobs, case, REMOVED, now, key=f"infected:{material_id}")

    async def _alarm(self, case: Case, key: str, found: str, now: datetime) -> None:
        item = await self.items.version(case.item_version_id)
        await raise_alert(
            now,
            AlertKind.OUT_OF_ORDER,
            MonitorLight.RED,
            INFECTED,
            owner=await owner_of(ClockName.PRE_REVIEW_SLA, case, item),
            case_id=case.id,
            data={"file": key, "found": found},
        )

    async def _refuse_proofs(self, key: str, now: datetime) -> None:
        """Have letters of authority sent again that nobody has judged yet."""
        for row in await rows(PROOFS, [key]):
            told = f"infected:{row['id']}:{key[:16]}"
            await tell_account(self.jobs, row["agent_id"], REFUSED, now, key=told)
