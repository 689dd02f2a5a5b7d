"""Kill -9 at each step of storing: no upload that was answered is lost, and nothing is left."""

import asyncio
import os
import random
import signal
from datetime import timedelta

import pytest

from models.material import Material
from tests import make
from tests.make import Filed
from tests.services.keeping import (
    WEEK,
    age,
    file_of,
    folder_of,
    objects,
    places,
    read,
    taken,
    upload,
)
from tests.services.storing import Order, Step
from tests.world import World

STEPS = [step for step in Step if step is not Step.SOMEWHERE]
CONTENT = "killed while it was stored"
# How many of an upload's three objects, and of its three rows, a step leaves behind. The objects
# are written at once: when the second one is there, the third may be.
LEFT = {
    Step.BEFORE_OBJECT: ({0}, 0),
    Step.BETWEEN_OBJECTS: ({2, 3}, 0),
    Step.BEFORE_ROW: ({3}, 0),
    Step.BEFORE_MATERIAL: ({3}, 3),
    Step.BEFORE_ANSWER: ({3}, 3),
}


async def run(order: Order) -> tuple[int, list[str]]:
    """Return how the process ended and what it had answered."""
    process = order.started()
    said, _ = await asyncio.to_thread(process.communicate)
    return process.returncode, _answers(said)


def _answers(said: str) -> list[str]:
    """Return the digests of what was answered; other lines are its log."""
    lines = [line.split() for line in said.splitlines()]
    return [words[1] for words in lines if len(words) == 2 and len(words[1]) == 64]


async def drafted(world: World) -> tuple[Filed, str]:
    filed = await make.draft(world, await make.citizen(world), "ITEM10")
    return filed, filed.codes[0]


async def everything_is_swept(world: World) -> None:
    """Show that a week later only what materials refer to is there, and that it can be read."""
    for left in (folder_of(world) / "tmp").iterdir():
        os.utime(left, (0, 0))
    age(world)
    world.clock.advance(WEEK + timedelta(seconds=1))
    await world.parts.keeping.sweeps.sweep()
    referred = set()
    for material in await Material.all():
        for key in (material.original_key, material.working_key, material.thumbnail_key):
            if key is not None:
                assert await read(world, key)
                referred.add((await file_of(key)).place)
    assert objects(world) == await places() == referred
    assert [*(folder_of(world) / "tmp").iterdir()] == []


@pytest.mark.parametrize("step", STEPS)
async def test_a_kill_at_each_step(world: World, step: Step) -> None:
    filed, code = await drafted(world)
    before = await Material.get(case_id=filed.case_id, code=code, replaced_at=None)
    there, known = len(objects(world)), len(await places())
    ended, answered = await run(Order.of(world, filed, code, [CONTENT], step))
    assert (ended, answered) == (-signal.SIGKILL, [])
    lying, named = LEFT[step]
    assert len(objects(world)) - there in lying
    assert len(await places()) - known == named
    current = await Material.get(case_id=filed.case_id, code=code, replaced_at=None)
    # What had been answered before is there; of this one all is there, or nothing.
    assert await read(world, before.original_key)
    assert (current.id == before.id) == (step is not Step.BEFORE_ANSWER)
    # Sent again, as a client does that got no answer, it is taken.
    again = await upload(world.parts, filed, code, make.jpeg(CONTENT))
    assert await read(world, again.original_key) == make.jpeg(CONTENT)
    await everything_is_swept(world)


async def test_what_was_never_sent_again_leaves_nothing(world: World) -> None:
    filed, code = await drafted(world)
    for step in (Step.BETWEEN_OBJECTS, Step.BEFORE_MATERIAL):
        await run(Order.of(world, filed, code, [f"{CONTENT} {step}"], step))
    assert objects(world) > await places()
    await everything_is_swept(world)


async def test_kills_at_any_moment(world: World) -> None:
    filed, code = await drafted(world)
    chance = random.Random(511499)
    answered: list[str] = []
    for turn in range(2):
        texts = [f"any moment {turn} {number}" for number in range(500)]
        process = Order.of(world, filed, code, texts, Step.SOMEWHERE).started()
        assert process.stdout is not None
        said = await asyncio.to_thread(process.stdout.readline)
        await asyncio.sleep(chance.uniform(0.01, 0.3))
        process.kill()
        rest, _ = await asyncio.to_thread(process.communicate)
        assert process.returncode == -signal.SIGKILL
        answered += _answers(said + rest)
    assert answered
    found = {row.sha256: row for row in await Material.filter(case_id=filed.case_id)}
    for sha256 in answered:
        assert await read(world, found[sha256].original_key)
    await everything_is_swept(world)


async def test_a_heal_that_is_killed_leaves_the_old_where_it_was(world: World) -> None:
    filed, code = await drafted(world)
    material = await upload(world.parts, filed, code, make.jpeg(CONTENT))
    old = await file_of(material.original_key)
    path = folder_of(world) / old.place
    lying = path.read_bytes()
    # Cut short it is wanting, and the same bytes are written anew.
    path.write_bytes(lying[:-1])
    ended, _ = await run(Order.of(world, filed, code, [CONTENT], Step.BEFORE_ROW))
    assert ended == -signal.SIGKILL
    assert (await file_of(material.original_key)).place == old.place
    path.write_bytes(lying)
    assert await read(world, material.original_key) == make.jpeg(CONTENT)
    # The same upload, not killed, heals it; what the killed one wrote is swept.
    path.write_bytes(lying[:-1])
    await taken(world, make.jpeg(CONTENT))
    assert (await file_of(material.original_key)).place != old.place
    await everything_is_swept(world)
