"""Waivers of fees: cases that owe what may be waived, who asks and who decides."""

from typing import Any
from uuid import uuid4

from models.payment import Fee, Waiver
from models.rules.events import Role
from services.actors import Officer
from tests import make
from tests.make import Filed
from tests.services import refunding
from tests.services.flavoured import body_of, published
from tests.world import World

GROUND, OTHER = "残疾人", "低保对象"
CARD_FEE = 1_000  # ITEM11 publishes both grounds


async def waivable(world: World, stage: str) -> None:
    """Put a version of ITEM10 in force whose fee falls due at a stage and may be waived."""
    body: dict[str, Any] = body_of("ITEM10")
    body["fee"] = {**body["fee"], "stage": stage, "waivers": [GROUND]}
    await published(world, body)


async def ask(world: World, filed: Filed, ground: str = GROUND, key: str = "") -> Waiver:
    return await world.ctx.waivers.ask(
        filed.citizen, filed.case_id, ground, key or uuid4().hex, reason="持有残疾人证"
    )


async def unit(world: World, filed: Filed) -> Officer:
    return await make.officer(world, (Role.DEPT,), item=filed)


async def granted(world: World, filed: Filed) -> Waiver:
    """Ask for a waiver and let the unit that charges grant it."""
    waiver = await ask(world, filed)
    await world.ctx.waiver_desk.grant(await unit(world, filed), waiver.id)
    return await Waiver.get(id=waiver.id)


async def asked_for(filed: Filed) -> Waiver:
    """Return a waiver that waits, of a fee that is a row only."""
    case = await filed.case()
    fee = await Fee.create(
        case_id=case.id,
        stage="AFTER_ACCEPTANCE",
        name="费用",
        basis="条例",
        amount_fen=100,
        breakdown=[],
        created_at=case.updated_at,
    )
    return await Waiver.create(
        fee_id=fee.id,
        case_id=case.id,
        ground=GROUND,
        status="OPEN",
        asked_by="APPLICANT:0",
        asked_at=case.updated_at,
    )


async def state(world: World) -> list[object]:
    """Return every row that a waiver can change, to show that nothing did."""
    tables = ("fee_waivers", "clock_instances", "handoff_packages", "messages", "given_answers")
    return [*await refunding.state(world), *[await world.rows(table) for table in tables]]
