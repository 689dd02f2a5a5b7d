"""Results that wait at the counter, and who stands on both sides of it."""

from models.rules.events import Role
from models.rules.states import DeliveryMethod
from models.staff import StaffMember
from services.actors import Officer
from services.addresses import Address
from services.deliveries import Choice, Shown
from services.events import Decision
from tests import make
from tests.make import Filed
from tests.services import stages
from tests.world import World

POST, WINDOW = DeliveryMethod.POST, DeliveryMethod.WINDOW
ADDRESS = Address("王建国", "13800000001", "示例县", "人民路88号1单元301")
HOME = Choice(POST, ADDRESS)


async def choose(world: World, filed: Filed, choice: Choice) -> Shown:
    return await world.ctx.deliveries.choose(filed.citizen, filed.case_id, choice)


async def ready(world: World, choice: Choice | None = None) -> Filed:
    """Return a case whose paper result waits (a refusal: nothing is to be paid)."""
    filed = await stages.reviewed(world)
    if choice is not None:
        await choose(world, filed, choice)
    await stages.decided(world, filed, Decision.REJECTED)
    assert (await filed.case()).state == "RESULT_READY"
    return filed


async def code_of(world: World, filed: Filed) -> str:
    shown = await world.ctx.deliveries.show(filed.citizen, filed.case_id)
    assert shown.pickup_code is not None
    return shown.pickup_code


async def window_officer(world: World, window_id: str | None = None) -> Officer:
    found = await make.officer(world, (Role.WINDOW,))
    await StaffMember.filter(id=found.id).update(window_id=window_id)
    return found
