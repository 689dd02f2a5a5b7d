"""Back-office systems: client credentials."""

import pytest

from models.rules.identity import UsccInvalid
from services.actors import Machine
from services.machines import MACHINE_AUDIENCE, ClientIdTaken, ClientRefused, Machines
from tests.services.test_staff import Counting
from tests.world import World

AGENCY = "11511499MB9000082B"
SECRET = "a-secret-of-the-agency"


def machines_of(world: World, passwords: Counting | None = None) -> Machines:
    return Machines(world.clock, world.ctx.tokens, passwords or Counting())


async def add(machines: Machines, client_id: str = "approvals", agency: str = AGENCY) -> Machine:
    return await machines.create(
        client_id=client_id, secret=SECRET, name="县行政审批系统", agency_uscc=agency
    )


async def refused(machines: Machines, client_id: str, secret: str) -> str:
    with pytest.raises(ClientRefused) as problem:
        await machines.token(client_id, secret)
    assert not problem.value.faults
    assert not problem.value.facts
    return problem.value.text


async def test_the_right_secret_gives_a_token_of_15_minutes(world: World) -> None:
    machines = machines_of(world)
    assert await add(machines) == Machine("approvals", AGENCY, "县行政审批系统")
    token = await machines.token("approvals", SECRET)
    claims = world.ctx.tokens.read(token, audience=MACHINE_AUDIENCE)
    assert claims["sub"] == "approvals"
    assert (claims["agency"], claims["name"]) == (AGENCY, "县行政审批系统")
    assert claims["exp"] - claims["iat"] == 900


async def test_a_secret_is_kept_as_argon2_only(world: World) -> None:
    await add(world.ctx.machines)
    [row] = await world.rows("backoffice_clients")
    assert row["secret_hash"].startswith("$argon2id$")
    assert SECRET not in repr(row)


async def test_a_stranger_costs_as_much_and_hears_the_same(world: World) -> None:
    passwords = Counting()
    machines = machines_of(world, passwords)
    await add(machines)
    await add(machines, "closed")
    await world.database.execute(
        "UPDATE backoffice_clients SET active = false WHERE client_id = 'closed'"
    )
    passwords.done.clear()
    answers = set()
    for turn, (client_id, secret) in enumerate(
        [("nobody", SECRET), ("approvals", "wrong"), ("closed", SECRET), ("Approvals", SECRET)],
        start=1,
    ):
        answers.add(await refused(machines, client_id, secret))
        assert passwords.done == {"hash": 1, "verify": turn}
    assert len(answers) == 1


async def test_a_client_id_is_given_once_and_an_agency_is_real(world: World) -> None:
    machines = machines_of(world)
    await add(machines)
    before = await world.rows("backoffice_clients")
    with pytest.raises(ClientIdTaken):
        await add(machines)
    with pytest.raises(UsccInvalid):
        await add(machines, "other", "11511499MB9000082C")
    assert await world.rows("backoffice_clients") == before
