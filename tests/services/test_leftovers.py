"""Leftovers: what was begun and is over goes, what still counts stays."""

from datetime import timedelta

from models.account import FaceCheck, JoinOffer
from models.ids import uuid7
from services.face_checks import FaceProvider
from tests.make import LI
from tests.services.entrance import WANG_NAME, WANG_NUMBER, come_in
from tests.world import World


async def sweep(world: World) -> None:
    await world.parts.schedules["leftovers"][1]()


async def test_what_is_over_is_deleted_a_day_later(world: World) -> None:
    who, _ = await come_in(world)
    other, _ = await come_in(world, LI)
    await world.ctx.face_checks.start(who, FaceProvider.TENCENT, (WANG_NAME, WANG_NUMBER))
    now = world.clock.now()
    await JoinOffer.create(
        id=uuid7(),
        account_id=who.account_id,
        target_id=other.account_id,
        expires_at=now + timedelta(minutes=30),
        created_at=now,
    )
    world.clock.advance(timedelta(days=1, minutes=30))
    await sweep(world)
    assert (await FaceCheck.all().count(), await JoinOffer.all().count()) == (1, 1)
    world.clock.advance(timedelta(minutes=31))
    for _ in range(2):
        await sweep(world)
    assert (await FaceCheck.all().count(), await JoinOffer.all().count()) == (0, 0)
    assert len(await world.rows("sessions")) == 2


async def test_sessions_are_kept_for_half_a_year(world: World) -> None:
    await come_in(world)
    world.clock.advance(timedelta(days=30 + 183))
    await sweep(world)
    assert len(await world.rows("sessions")) == 1
    world.clock.advance(timedelta(seconds=1))
    await sweep(world)
    assert await world.rows("sessions") == []
