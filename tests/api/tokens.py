"""Tokens of staff and machines, as logging in would give them."""

from datetime import timedelta

from services.actors import Machine, Officer
from services.machines import MACHINE_AUDIENCE
from services.staff import STAFF_AUDIENCE
from tests.make import MACHINE_KID
from tests.world import World

TTL = timedelta(minutes=15)


def of_staff(world: World, officer: Officer) -> str:
    claims = {"sub": str(officer.id), "sid": str(officer.id)}
    return world.ctx.tokens.issue(claims, audience=STAFF_AUDIENCE, ttl=TTL)


def of_machine(world: World, machine: Machine) -> str:
    claims = {"sub": machine.client_id, "kid": MACHINE_KID}
    return world.ctx.tokens.issue(claims, audience=MACHINE_AUDIENCE, ttl=TTL)
