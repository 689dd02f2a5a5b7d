"""What the tests of pre-review and hand-off share: acts of an officer, and "nothing changed"."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest

from models.case import Case
from models.rules.reasons import DefectReason, Verdict
from models.unit import run_in_transaction
from services.actors import Officer
from services.corrections import Point
from services.errors import Problem
from tests import make
from tests.make import Filed
from tests.world import World

TABLES = (
    "cases",
    "case_forms",
    "case_events",
    "clock_instances",
    "notices",
    "verdicts",
    "corrections",
    "fees",
    "fee_assessments",
    "result_declarations",
    "handoff_packages",
    "backoffice_events",
    "deliveries",
    "materials",
    "original_checks",
    "credit_events",
    "archive_packages",
    "shortfall_items",
    "signed_promises",
    "inline_fixes",
    "correction_overrides",
)


async def standing(world: World) -> dict[str, Any]:
    """Return every row that a step of a case could touch, and the jobs that wait."""
    found: dict[str, Any] = {table: await world.rows(table) for table in TABLES}
    return {**found, "jobs": await world.jobs()}


@asynccontextmanager
async def refused(
    world: World, problem: type[Problem]
) -> AsyncIterator[pytest.ExceptionInfo[Problem]]:
    """Expect this very problem, and that nothing at all changed."""
    before = await standing(world)
    with pytest.raises(problem) as caught:
        yield caught
    assert caught.type is problem
    assert await standing(world) == before


def reviewer(filed: Filed) -> Officer:
    assert filed.officer is not None
    return filed.officer


async def judge(world: World, filed: Filed, *failing: str) -> None:
    """Give a verdict on every material: FAIL on those named, PASS on the rest."""
    for code in filed.codes:
        reason = DefectReason.BLURRED.value if code in failing else None
        verdict = Verdict.FAIL if code in failing else Verdict.PASS
        await world.ctx.reviews.put_verdict(reviewer(filed), filed.case_id, code, verdict, reason)


def material(code: str) -> Point:
    return Point(code, False, DefectReason.BLURRED, "请重新拍一张清楚的。")


def form_field(name: str) -> Point:
    return Point(name, True, DefectReason.FIELD_WRONG, "请改成实际的数。")


async def notify(world: World, filed: Filed, points: Sequence[Point]) -> None:
    await world.ctx.reviews.issue_correction(reviewer(filed), filed.case_id, points, "请补正。")


async def supply(world: World, filed: Filed, *codes: str) -> None:
    """Upload new versions, a minute later."""
    world.clock.advance(timedelta(minutes=1))
    for code in codes:
        content = make.chunked(make.jpeg(f"{code} {uuid4()}"))
        await world.ctx.materials.upload(
            filed.citizen, filed.case_id, code, content, file_name=f"{code}.jpg"
        )


async def resubmit(world: World, filed: Filed) -> None:
    await world.ctx.submissions.resubmit(filed.citizen, filed.case_id, uuid4().hex)


async def second_round(world: World, filed: Filed, *failing: str) -> None:
    """Take a claimed case through one correction of ``failing``, into pre-review again."""
    await judge(world, filed, *failing)
    await notify(world, filed, [material(code) for code in failing])
    await supply(world, filed, *failing)
    await resubmit(world, filed)
    await world.ctx.reviews.claim(reviewer(filed), filed.case_id)


async def ready(world: World, filed: Filed, count: int) -> None:
    """Make ``count`` more cases like this accepted one, each with its package, without uploads."""
    one = await filed.case()
    item = await world.ctx.items.version(one.item_version_id)
    [values] = await Case.filter(id=filed.case_id).values()
    unlike = {"id", "case_no", "query_code", "lookup_index"}
    same = {name: value for name, value in values.items() if name not in unlike}
    packages = world.ctx.reviews.acceptance.packages

    async def pack(number: int) -> None:
        case = await Case.create(**same, case_no=f"{str(one.case_no)[:-4]}{number:04d}")
        await world.ctx.cases.forms.create(case.id)
        await packages.create(case, item)

    for number in range(9000, 9000 + count):
        await run_in_transaction(partial(pack, number))
