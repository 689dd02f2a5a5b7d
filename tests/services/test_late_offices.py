"""What an office lets pass after acceptance: an alert each, with who answers, and no step."""

from datetime import datetime

import pytest

from models.rules.states import State
from models.supervision import MonitorAlert
from services.deliveries import Choice
from services.events import EventType, ResultMismatch
from tests.services.backoffice import Scene, open_scene
from tests.services.counters import WINDOW, code_of, ready, window_officer
from tests.services.timing import at, sweep
from tests.world import World


async def late(case_id: object, code: str) -> list[tuple[str, str, datetime]]:
    found = await MonitorAlert.filter(case_id=case_id, code=code, light="RED")
    return [(alert.kind, alert.owner_role, alert.raised_at) for alert in found]


async def test_a_package_that_nobody_took_by_half_past_two(world: World) -> None:
    """Accepted on Monday 2026-03-02 at 9:10."""
    scene = await open_scene(world, acked=False)
    await sweep(world, at(3, 2, 14, 29))
    assert await late(scene.filed.case_id, "PAPER_HANDOVER") == []
    await sweep(world, at(3, 2, 14, 30))
    assert await late(scene.filed.case_id, "PAPER_HANDOVER") == [
        ("OVERTIME", "WINDOW", at(3, 2, 14, 30))
    ]
    assert (await scene.filed.case()).state is State.ACCEPTED


async def test_a_package_taken_in_time_is_never_told_of(world: World) -> None:
    scene = await open_scene(world)
    await sweep(world, at(3, 3, 10))
    assert await late(scene.filed.case_id, "PAPER_HANDOVER") == []


async def test_a_receipt_that_stayed_at_the_window(world: World) -> None:
    """Signed on Monday: with the department by Tuesday 24:00."""
    filed = await ready(world, Choice(WINDOW))
    code = await code_of(world, filed)
    await world.ctx.deliveries.pick_up(await window_officer(world), filed.case_id, code)
    await sweep(world, at(3, 3, 23, 59))
    assert await late(filed.case_id, "RECEIPT_TRANSFER") == []
    await sweep(world, at(3, 4))
    assert await late(filed.case_id, "RECEIPT_TRANSFER") == [("OVERTIME", "WINDOW", at(3, 4))]


async def test_a_wrong_result_that_nobody_corrected(world: World) -> None:
    scene = await open_scene(world)
    with pytest.raises(ResultMismatch):
        await scene.report(scene.rejected(seq=1, holder_name="李秀英"))
    await sweep(world, at(3, 4))
    assert await late(scene.filed.case_id, "RESULT_TRANSFER_FIX") == [
        ("OVERTIME", "BACKOFFICE", at(3, 4))
    ]


async def extended(world: World) -> Scene:
    """Return a case accepted on 2026-07-06: statutory 08-03, extended to 08-17."""
    world.clock.at = at(7, 6, 9)
    scene = await open_scene(world)
    await scene.tell(EventType.EXTENDED, approver="张局长", reason="涉及三个部门会商。")
    return scene


async def test_an_extension_stands_in_for_the_statutory_limit(world: World) -> None:
    scene = await extended(world)
    await sweep(world, at(8, 4))
    assert await late(scene.filed.case_id, "DECISION_STATUTORY") == []
    await sweep(world, at(8, 18))
    assert await late(scene.filed.case_id, "EXTENSION") == [("OVERTIME", "BACKOFFICE", at(8, 18))]
    # Late is late, and still to be decided.
    assert (await scene.report(scene.rejected())).outcome == "applied"


async def test_nobody_is_late_while_the_clocks_stand(world: World) -> None:
    world.clock.at = at(7, 6, 9)
    scene = await open_scene(world)
    world.clock.at = at(7, 8, 9)
    await scene.tell(EventType.SPECIAL_STARTED, procedure="听证", planned_days=20)
    await sweep(world, at(9, 1))
    assert await late(scene.filed.case_id, "DECISION_PROMISED") == []
    await scene.tell(EventType.SPECIAL_ENDED)
    # Four working days were left, and Tuesday 1 September has a pause in it: 2, 3, 4, 7.
    await sweep(world, at(9, 7, 23, 59))
    assert await late(scene.filed.case_id, "DECISION_PROMISED") == []
    await sweep(world, at(9, 8))
    assert await late(scene.filed.case_id, "DECISION_PROMISED") == [
        ("OVERTIME", "BACKOFFICE", at(9, 8))
    ]
