"""Marks on materials (核验标识): 数据库核对一致 by a register, 与原件一致 by an officer's eyes.

A mark belongs to one uploaded version: what is uploaded in its place starts without one.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from models.material import Material
from models.rules.events import Role
from models.rules.states import State
from models.rules.supply import TrustLevel
from models.unit import transaction
from services import desk
from services.actors import Officer
from services.audit import Audit
from services.cases import Cases
from services.errors import Conflict
from services.transitions import StepNotAllowed


class Mark(StrEnum):
    """What was found about one version of a material."""

    NONE = "NONE"
    DB_MATCHED = "DB_MATCHED"
    ORIGINAL_SEEN = "ORIGINAL_SEEN"


class NothingToMark(Conflict):
    """There is no upload that an original could be compared with."""

    code = "nothing_to_mark"
    sentence = "这份材料还没有上传,不能标示与原件一致。"


async def original_seen(
    case_id: UUID, source: str, now: datetime, codes: Collection[str] | None = None
) -> int:
    """Mark the current uploads of a case as equal to their originals (经核对与原件一致).

    In the caller's transaction; ``codes`` None means all. What a register has confirmed keeps
    that mark: nobody needed to compare it. Return how many were marked.
    """
    current = Material.filter(case_id=case_id, replaced_at=None)
    if codes is not None:
        current = current.filter(code__in=list(codes))
    # A register may have confirmed what is written on it; the paper itself was seen only now.
    own = [TrustLevel.C.value, TrustLevel.D.value]
    await current.filter(trust_level__in=own).update(trust_level=TrustLevel.B.value)
    return await current.filter(verification=Mark.NONE.value).update(
        verification=Mark.ORIGINAL_SEEN.value, verification_source=source, verified_at=now
    )


async def database_matched(case_id: UUID, code: str, source: str, now: datetime) -> None:
    """Mark the current upload of a material as confirmed by a register (数据库核对一致).

    For whoever asked the register, in their transaction; a register outweighs a look.
    """
    await Material.filter(case_id=case_id, code=code, replaced_at=None).update(
        verification=Mark.DB_MATCHED.value, verification_source=source, verified_at=now
    )


@dataclass(frozen=True)
class Marks:
    cases: Cases
    audit: Audit

    @transaction
    async def see_original(self, officer: Officer, case_id: UUID, code: str) -> Material:
        """Mark one upload of a case that is underway as equal to its original; twice is once.

        Raises ``CaseUnknown``, ``StepNotYours``, ``StepNotAllowed`` or ``NothingToMark``.
        """
        opened = await desk.locked(self.cases, officer, case_id)
        actor = desk.acting(officer, Role.WINDOW, opened.item)
        # While a correction is open the applicant changes what the officer has not seen yet.
        if opened.case.state.closed or opened.case.state is State.CORRECTION_REQUIRED:
            raise StepNotAllowed
        held = await Material.get_or_none(case_id=case_id, code=code, replaced_at=None)
        if held is None:
            raise NothingToMark
        if await original_seen(case_id, officer.unit, self.cases.clock.now(), [code]):
            facts = {"case_id": str(case_id), "code": code}
            await self.audit.record(actor, "material.original_seen", "material", held.id, facts)
        return await Material.get(case_id=case_id, code=code, replaced_at=None)
