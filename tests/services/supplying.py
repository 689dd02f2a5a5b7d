"""Steps of the stories in which nothing is asked twice."""

from collections.abc import Sequence
from uuid import UUID, uuid4

from models.case import Case
from models.item import Item
from models.material import Material
from models.rules.privacy import STATEMENTS, Purpose
from models.rules.supply import SourceKind
from services.actors import Citizen
from services.materials import Upload
from services.reusable import Reusable
from tests import make
from tests.make import Filed
from tests.world import World

CARD = "M02"  # of ITEM08 and ITEM11: the applicant's own ID card
TABLES = ("materials", "vault_entries", "certificate_queries", "cases", "audit_log")


async def bare(
    world: World, who: Citizen, item: str = "ITEM11", applicant: UUID | None = None
) -> Filed:
    """Return a draft with its form filled and nothing uploaded."""
    code = await make.item_code(item)
    made = await world.ctx.cases.open_draft(who, code, another=True, applicant=applicant)
    case_id = made.opened.case.id
    for name, value in make.FORMS.get(item, {}).items():
        await world.ctx.cases.put_field(who, case_id, name, value)
    return Filed(who, case_id, await Item.get(code=code))


async def of(who: Citizen, case_id: UUID) -> Filed:
    case = await Case.get(id=case_id).select_related("item")
    return Filed(who, case_id, case.item)


async def current(filed: Filed, code: str = CARD) -> Material:
    return await Material.get(case_id=filed.case_id, code=code, replaced_at=None)


async def sources(
    world: World, filed: Filed, code: str = CARD, who: Citizen | None = None
) -> dict[SourceKind, Sequence[Reusable]]:
    """Return the sources of a slot in their order, with what there is to choose from."""
    found = await world.ctx.sources.of_case(who or filed.citizen, filed.case_id)
    return {each.kind: each.entries for each in found.get(code, ())}


async def reuse(
    world: World, filed: Filed, material: Material, code: str = CARD, who: Citizen | None = None
) -> Upload:
    return await world.ctx.vault.reuse(who or filed.citizen, filed.case_id, code, material.id)


async def fetch(world: World, filed: Filed, code: str = CARD, number: str | None = None) -> Upload:
    return await world.ctx.certificates.fetch(filed.citizen, filed.case_id, code, number)


async def agree(world: World, who: Citizen, *, given: bool) -> None:
    told = STATEMENTS[Purpose.SAVED_MATERIALS]
    await world.ctx.consents.answer(who, told.purpose, told.version, given=given)


async def submit(world: World, filed: Filed) -> None:
    await world.ctx.submissions.submit(filed.citizen, filed.case_id, uuid4().hex)


async def rows(world: World) -> list[object]:
    return [await world.rows(table) for table in TABLES]
