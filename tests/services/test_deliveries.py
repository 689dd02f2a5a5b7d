"""Deliveries: choosing, handing out at the window, and codes that cannot be guessed."""

from typing import Any

import pytest

from models.rules.events import Role
from models.rules.states import DeliveryMethod
from services.access import CaseUnknown
from services.addresses import Address, AddressInvalid
from services.counter import NotForPickup, PickupCodeWrong, PickupLocked, WrongWindow
from services.deliveries import (
    AddressMissing,
    Choice,
    DeliveryFixed,
    MethodRefused,
    WindowUnknown,
)
from services.transitions import StepNotAllowed, StepNotYours
from tests import make
from tests.services import stages
from tests.services.counters import (
    ADDRESS,
    HOME,
    POST,
    WINDOW,
    choose,
    code_of,
    ready,
    window_officer,
)
from tests.world import World


def other_than(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


async def test_an_address_is_sealed_and_shown_masked(world: World) -> None:
    filed = await stages.drafted(world, await make.citizen(world), "ITEM10")
    shown = await choose(
        world,
        filed,
        Choice(POST, Address("王建国 ", "+8613800000001", "示例县", "人民路88号1单元301")),
    )
    assert shown.address == Address("王*国", "138****0001", "示例县", "人民路***")
    assert list(shown.options) == ["WINDOW", "POST", "ELECTRONIC"]
    [row] = await world.rows("deliveries")
    for secret in ("王建国", "13800000001", "人民路"):
        assert secret.encode() not in bytes(row["address_sealed"])
    assert "王建国" not in repr(shown)


async def test_a_choice_may_change_until_the_result_is_on_its_way(world: World) -> None:
    filed = await stages.drafted(world, await make.citizen(world), "ITEM10")
    await choose(world, filed, HOME)
    await choose(world, filed, Choice(WINDOW, window_id="W-NORTH"))
    shown = await choose(world, filed, Choice(DeliveryMethod.ELECTRONIC))
    assert (shown.address, shown.window) == (None, None)
    [row] = await world.rows("deliveries")
    assert (row["method"], row["address_sealed"], row["window_id"]) == ("ELECTRONIC", None, None)


async def test_a_townships_counter_is_a_window(world: World) -> None:
    filed = await stages.drafted(world, await make.citizen(world), "ITEM05")
    shown = await choose(world, filed, Choice(WINDOW, window_id="W-SOUTH"))
    assert list(shown.options) == ["WINDOW", "POST"]
    assert shown.window is not None and shown.window.name == "南坪乡便民服务中心窗口"


def _address(**changes: str) -> Choice:
    return Choice(POST, Address(**{**vars(ADDRESS), **changes}))


@pytest.mark.parametrize(
    ("choice", "problem"),
    [
        (Choice(DeliveryMethod.ELECTRONIC), MethodRefused),
        (Choice(POST), AddressMissing),
        (Choice(WINDOW, ADDRESS), AddressMissing),
        (Choice(WINDOW, window_id="W-EAST"), WindowUnknown),
        (Choice(POST, ADDRESS, "W-NORTH"), WindowUnknown),
        (_address(phone="1380000000"), AddressInvalid),
        (_address(phone="13800000001x"), AddressInvalid),
        (_address(phone="23800000001"), AddressInvalid),
        (_address(name=" \u202e\u0000王 "), AddressInvalid),
        (_address(detail="路"), AddressInvalid),
        (_address(detail="路" * 121), AddressInvalid),
        (_address(region=""), AddressInvalid),
    ],
)
async def test_a_wrong_choice_changes_nothing(
    world: World, choice: Choice, problem: type[Exception]
) -> None:
    filed = await stages.drafted(world, await make.citizen(world), "ITEM09")
    await choose(world, filed, Choice(WINDOW, window_id="W-SOUTH"))
    before = await world.rows("deliveries")
    with pytest.raises(problem):
        await choose(world, filed, choice)
    assert await world.rows("deliveries") == before


async def test_a_landline_and_every_fault_at_once(world: World) -> None:
    filed = await stages.drafted(world, await make.citizen(world), "ITEM09")
    await choose(world, filed, _address(phone="028-12345678"))
    with pytest.raises(AddressInvalid) as caught:
        await choose(world, filed, _address(phone="1", name="", detail=""))
    pointers = {fault.pointer for fault in caught.value.faults}
    assert pointers == {"/address/phone", "/address/name", "/address/detail"}


async def test_somebody_elses_delivery_is_unknown(world: World) -> None:
    filed = await stages.drafted(world, await make.citizen(world), "ITEM09")
    await choose(world, filed, HOME)
    before = await world.rows("deliveries")
    other = await make.citizen(world, make.LI)
    with pytest.raises(CaseUnknown):
        await world.ctx.deliveries.choose(other, filed.case_id, Choice(WINDOW))
    with pytest.raises(CaseUnknown):
        await world.ctx.deliveries.show(other, filed.case_id)
    assert await world.rows("deliveries") == before


async def test_a_result_is_picked_up_with_its_code(world: World) -> None:
    filed = await ready(world, Choice(WINDOW, window_id="W-NORTH"))
    officer = await window_officer(world, "W-NORTH")
    code = await code_of(world, filed)
    assert len(code) == 6 and code.isdigit()
    handed = await world.ctx.deliveries.pick_up(officer, filed.case_id, code)
    assert (handed.case.state, handed.waybill) == ("DELIVERED", None)
    shown = await world.ctx.deliveries.show(filed.citizen, filed.case_id)
    assert shown.delivery is not None
    assert (shown.delivery.status, shown.pickup_code) == ("PICKED_UP", None)
    assert (await filed.case()).served_at == world.clock.now()
    with pytest.raises(StepNotAllowed):
        await world.ctx.deliveries.pick_up(officer, filed.case_id, code)


async def test_without_a_chosen_window_any_window_hands_out(world: World) -> None:
    filed = await ready(world)
    officer = await window_officer(world, "W-SOUTH")
    code = await code_of(world, filed)
    handed = await world.ctx.deliveries.pick_up(officer, filed.case_id, code)
    assert handed.case.state == "DELIVERED"


async def test_another_window_hands_out_nothing(world: World) -> None:
    filed = await ready(world, Choice(WINDOW, window_id="W-NORTH"))
    before = await world.rows("deliveries")
    code = await code_of(world, filed)
    for window in ("W-SOUTH", None):
        with pytest.raises(WrongWindow):
            await world.ctx.deliveries.pick_up(
                await window_officer(world, window), filed.case_id, code
            )
    with pytest.raises(StepNotYours):
        department = await make.officer(world, (Role.DEPT,))
        await world.ctx.deliveries.pick_up(department, filed.case_id, code)
    assert await world.rows("deliveries") == before


async def test_five_wrong_codes_lock_the_result(world: World) -> None:
    filed = await ready(world)
    officer = await window_officer(world)
    code = await code_of(world, filed)
    for wrong in (other_than(code), "", "九" * 6, f"{code}0", "０" * 6):
        with pytest.raises(PickupCodeWrong):
            await world.ctx.deliveries.pick_up(officer, filed.case_id, wrong)
    [row] = await world.rows("deliveries")
    assert row["pickup_failures"] == 5
    with pytest.raises(PickupLocked):
        await world.ctx.deliveries.pick_up(officer, filed.case_id, code)
    assert (await filed.case()).state == "RESULT_READY"
    # Only the owner, on the phone, can have a new code.
    await choose(world, filed, Choice(WINDOW))
    new = await code_of(world, filed)
    handed = await world.ctx.deliveries.pick_up(officer, filed.case_id, new)
    assert handed.case.state == "DELIVERED"


async def test_four_wrong_codes_do_not_lock(world: World) -> None:
    filed = await ready(world)
    officer = await window_officer(world)
    code = await code_of(world, filed)
    for _ in range(4):
        with pytest.raises(PickupCodeWrong):
            await world.ctx.deliveries.pick_up(officer, filed.case_id, other_than(code))
    handed = await world.ctx.deliveries.pick_up(officer, filed.case_id, code)
    assert handed.case.state == "DELIVERED"


async def test_what_goes_by_post_is_not_picked_up(world: World) -> None:
    filed = await ready(world, HOME)
    with pytest.raises(NotForPickup):
        await world.ctx.deliveries.pick_up(await window_officer(world), filed.case_id, "000000")
    assert (await filed.case()).state == "RESULT_READY"


@pytest.mark.parametrize("choice", [HOME, Choice(WINDOW), Choice(DeliveryMethod.ELECTRONIC)])
async def test_nothing_is_chosen_any_more_once_it_is_handed_out(
    world: World, choice: Choice
) -> None:
    filed = await ready(world)
    officer, code = await window_officer(world), await code_of(world, filed)
    await world.ctx.deliveries.pick_up(officer, filed.case_id, code)
    before: list[dict[str, Any]] = await world.rows("deliveries")
    with pytest.raises(DeliveryFixed):
        await choose(world, filed, choice)
    assert await world.rows("deliveries") == before


async def test_paper_that_is_made_is_not_served_electronically(world: World) -> None:
    filed = await ready(world)
    before = await world.rows("deliveries")
    with pytest.raises(DeliveryFixed):
        await choose(world, filed, Choice(DeliveryMethod.ELECTRONIC))
    assert await world.rows("deliveries") == before


async def test_an_electronic_result_without_a_choice_waits_for_one(world: World) -> None:
    filed = await stages.reviewed(world, "ITEM06")
    machine = await stages.decided(world, filed)
    assert (await filed.case()).state == "APPROVED"
    case_no = str((await filed.case()).case_no)
    await world.ctx.results.store(machine, case_no, make.chunked(make.pdf()))
    assert (await filed.case()).state == "APPROVED"
    await choose(world, filed, Choice(DeliveryMethod.ELECTRONIC))
    assert (await filed.case()).state == "DELIVERED"


async def test_an_electronic_result_may_be_fetched_at_a_window(world: World) -> None:
    filed = await stages.reviewed(world, "ITEM06")
    await stages.decided(world, filed)
    await choose(world, filed, Choice(WINDOW, window_id="W-SOUTH"))
    assert (await filed.case()).state == "RESULT_READY"
    assert await code_of(world, filed)
