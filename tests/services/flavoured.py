"""Items opened to the citizens of the tests, and the people of a shortfall (容缺受理)."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import uuid4

from models.rules.calendar import SHANGHAI
from models.rules.events import Role
from models.rules.reasons import Verdict
from services.actors import Officer
from services.flavours import Wish
from services.seeding import catalogue
from tests import make
from tests.make import Filed
from tests.services import stages
from tests.world import World


def body_of(item: str, **flags: Any) -> dict[str, Any]:
    """Return an item's body as a later version that a natural person may apply for."""
    body = deepcopy(dict(next(each for each in catalogue() if each["id"] == item)))
    body["version"] = "2026.90"
    body["applicant_types"] = ["NATURAL_PERSON"]
    body["flags"] = {**body["flags"], **flags}
    return body


async def published(world: World, body: Mapping[str, Any]) -> None:
    assert await world.ctx.items.publish(body)


def at(day: str, hour: str = "10:00") -> datetime:
    """Return a moment on the clocks of the county."""
    local = datetime.combine(date.fromisoformat(day), time.fromisoformat(hour), SHANGHAI)
    return local.astimezone(UTC)


@dataclass(frozen=True)
class Lacking:
    """A barber's application without its hygiene rules (M06), and who handles it."""

    filed: Filed
    window: Officer
    department: Officer

    async def promised(self, world: World, day: str = "2026-03-10") -> None:
        """Propose, confirm and sign, so that the case can be accepted."""
        await self.confirmed(world)
        await self.sign(world, day)

    async def confirmed(self, world: World) -> None:
        await world.ctx.shortfalls.propose(self.window, self.filed.case_id, ["M06"])
        await world.ctx.shortfalls.answer(
            self.department, self.filed.case_id, "M06", confirmed=True
        )

    async def sign(self, world: World, day: str) -> None:
        days = {"M06": date.fromisoformat(day)}
        await world.ctx.shortfalls.promise(self.filed.citizen, self.filed.case_id, days)


async def lacking(world: World, body: Mapping[str, Any] | None = None) -> Lacking:
    """Return story 1 on Tuesday 2026-03-03: submitted on Monday without M06, in pre-review.

    Everything that was uploaded has passed.
    """
    await published(world, body or body_of("ITEM01"))
    who = await make.citizen(world)
    filed = await stages.drafted(world, who, "ITEM01")
    await world.ctx.materials.remove(who, filed.case_id, "M06")
    filed.codes.remove("M06")
    wish = Wish(shortfall=("M06",))
    await world.ctx.submissions.submit(who, filed.case_id, uuid4().hex, wish)
    world.clock.at = at("2026-03-03")
    window = await make.officer(world, (Role.WINDOW,))
    filed.officer = window
    await world.ctx.reviews.claim(window, filed.case_id)
    for code in filed.codes:
        await world.ctx.reviews.put_verdict(window, filed.case_id, code, Verdict.PASS)
    return Lacking(filed, window, await make.officer(world, (Role.DEPT,)))
