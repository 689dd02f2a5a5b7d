"""Items opened to the citizens of the tests, and the people of a shortfall (容缺受理)."""

import json
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import uuid4

from models.credit import CreditEvent
from models.rules.calendar import SHANGHAI
from models.rules.events import Role
from models.rules.reasons import Verdict
from services.actors import Officer
from services.flavours import Wish
from services.item_checks import Examination
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
    """Put a body in force past the linter: some guards are for what it should have refused."""
    assert await world.ctx.items.put(Examination(body, (), None))


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

    codes: Sequence[str] = ("M06",)

    async def proposed(self, world: World) -> None:
        await world.ctx.shortfalls.propose(self.window, self.filed.case_id, self.codes)

    async def confirmed(self, world: World) -> None:
        await self.proposed(world)
        for code in self.codes:
            await world.ctx.shortfalls.answer(
                self.department, self.filed.case_id, code, confirmed=True
            )

    async def promised(self, world: World, *days: str) -> None:
        """Propose, confirm and sign, so that the case can be accepted."""
        await self.confirmed(world)
        await self.sign(world, *days)

    async def sign(self, world: World, *days: str) -> None:
        """Sign a day for each material."""
        given = map(date.fromisoformat, days or ["2026-03-10"])
        promise = dict(zip(self.codes, given, strict=True))
        await world.ctx.shortfalls.promise(self.filed.citizen, self.filed.case_id, promise)

    async def accepted(self, world: World, *days: str) -> None:
        await self.promised(world, *days)
        await world.ctx.reviews.accept(self.window, self.filed.case_id)

    async def supply(self, world: World, code: str = "M06") -> None:
        content = make.chunked(make.jpeg(f"{code} {uuid4()}"))
        await world.ctx.materials.upload(
            self.filed.citizen, self.filed.case_id, code, content, file_name=f"{code}.jpg"
        )

    async def judge(self, world: World, code: str = "M06", reason: str | None = None) -> None:
        word = Verdict.PASS if reason is None else Verdict.FAIL
        await world.ctx.reviews.put_verdict(self.window, self.filed.case_id, code, word, reason)


async def lacking(world: World, *codes: str, body: Mapping[str, Any] | None = None) -> Lacking:
    """Return story 1 on Tuesday 2026-03-03: submitted on Monday without M06, in pre-review.

    Everything that was uploaded has passed. ``codes`` are missing instead of M06.
    """
    missing = codes or ("M06",)
    await published(world, body or body_of("ITEM01"))
    who = await make.citizen(world)
    filed = await stages.drafted(world, who, "ITEM01")
    for code in missing:
        await world.ctx.materials.remove(who, filed.case_id, code)
        filed.codes.remove(code)
    wish = Wish(shortfall=missing)
    await world.ctx.submissions.submit(who, filed.case_id, uuid4().hex, wish)
    world.clock.at = at("2026-03-03")
    window = await make.officer(world, (Role.WINDOW,))
    filed.officer = window
    await world.ctx.reviews.claim(window, filed.case_id)
    for code in filed.codes:
        await world.ctx.reviews.put_verdict(window, filed.case_id, code, Verdict.PASS)
    return Lacking(filed, window, await make.officer(world, (Role.DEPT,), item=filed), missing)


async def discredit(world: World, filed: Filed, status: str = "CONFIRMED") -> None:
    """Let something stand against the applicant of a case (失信)."""
    await CreditEvent.create(
        account_id=filed.citizen.account_id,
        case_id=filed.case_id,
        behaviour="BROKEN_PROMISE",
        basis="安阳条例29",
        status=status,
        proposed_at=world.clock.now(),
        confirmed_at=None if status == "PROPOSED" else world.clock.now(),
    )


async def told(world: World) -> list[str]:
    """Return the words of the messages that were recorded, the oldest first."""
    return [json.loads(row["data"])["thing2"] for row in await world.rows("messages")]
