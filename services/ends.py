"""Ends (结束) that the back-office did not cause: it is told, for it still works on the case."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from models.case import Case, CaseEvent
from models.handoff import HandoffPackage
from models.unit import transaction
from services.items import Items
from services.packages import ENDED, Packages


@dataclass(frozen=True)
class Ends:
    items: Items
    packages: Packages

    @transaction
    async def hand_over(self, payload: Mapping[str, Any]) -> None:
        """Make the package of a case's end (job ``handoff.ended``: case_id, seq), once."""
        case = await Case.filter(id=UUID(payload["case_id"])).select_for_update().get()
        if await HandoffPackage.exists(case_id=case.id, kind=ENDED):
            return
        step = await CaseEvent.get(case_id=case.id, seq=payload["seq"])
        item = await self.items.version(case.item_version_id)
        await self.packages.create(case, item, ENDED, ended=step)
