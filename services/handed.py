"""What is being handed over, as a back-office system may see it: its agency's, its items'."""

from typing import Any
from uuid import UUID

import orjson

from models.database import rows
from models.handoff import HandoffPackage
from models.ids import uuid7
from models.material import Material
from models.material_page import MaterialPage
from models.rules.handoff import HandoffAct
from services.actors import Machine
from services.packages import PURPOSE
from services.ports import Crypto

LOG = """
INSERT INTO handoff_log (id, package_id, at, act, by, code, text, until)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"""


async def package_of(machine: Machine, package_id: UUID) -> HandoffPackage | None:
    """Return a package that the machine may pull, None for any other."""
    found = await HandoffPackage.get_or_none(id=package_id, agency_uscc=machine.agency_uscc)
    return found if found is not None and machine.handles(found.item_code) else None


async def listed(
    crypto: Crypto, machine: Machine, package_id: UUID, material_id: UUID, page: int | None
) -> Material | MaterialPage | None:
    """Return a material that a package lists, or a photo that became its page; None for others."""
    package = await package_of(machine, package_id)
    if package is None:
        return None
    body = orjson.loads(crypto.open(package.sealed, PURPOSE))
    if str(material_id) not in {each["id"] for each in body["materials"]}:
        return None
    if page is not None:
        return await MaterialPage.get_or_none(
            material_id=material_id, no=page, material__case_id=package.case_id
        )
    return await Material.get(id=material_id, case_id=package.case_id)


async def note(package_id: UUID, at: Any, act: HandoffAct, by: str | None, **why: Any) -> None:
    """Write a line of a package's history in the caller's transaction: code, text, until."""
    values = [why.get(name) for name in ("code", "text", "until")]
    await rows(LOG, [uuid7(), package_id, at, act.value, by, *values])
