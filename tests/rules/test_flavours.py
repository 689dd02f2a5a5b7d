"""The flavours of acceptance as an item's data has them."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from models.rules.calendar import Limit, Unit, WorkCalendar
from models.rules.flavours import (
    ShortfallStage,
    allows,
    latest_promise,
    may_be_missing,
    replaced_by_promise,
)
from models.rules.states import AcceptMode
from tests.rules.items import GONE, NAMES, item, put

MODES = (AcceptMode.SHORTFALL, AcceptMode.VERIFY_LATER, AcceptMode.COMMITMENT)
S, V, C = MODES


@pytest.mark.parametrize(
    ("name", "modes"),
    [
        *(("item01", {S, V, C}), ("item02", {S}), ("item03", set()), ("item04", {V})),
        *(("item05", {S, V, C}), ("item06", {S}), ("item07", {S}), ("item08", {C})),
        *(("item09", set()), ("item10", {S, V}), ("item11", set()), ("item12", {S, C})),
    ],
)
def test_the_flavours_of_the_catalogue(name: str, modes: set[AcceptMode]) -> None:
    assert {mode for mode in MODES if allows(item(name), mode)} == modes
    assert allows(item(name), AcceptMode.NORMAL)
    assert not allows(item(name), AcceptMode.DEEMED)  # silence is nobody's choice


@pytest.mark.parametrize(
    ("path", "value", "mode"),
    [
        ("flags/verify_later_exclusion", "财产性事务", V),
        ("flags/commitment_exclusion", "公共安全", C),
        ("commitment", GONE, C),
        ("flags/shortfall_allowed", False, S),
    ],
)
def test_an_exclusion_outweighs_a_flag(path: str, value: Any, mode: AcceptMode) -> None:
    body = item("item01")
    put(body, path, value)
    assert {each for each in MODES if allows(body, each)} == set(MODES) - {mode}


@pytest.mark.requirement("容缺材料标注")
def test_what_may_come_later_is_what_is_marked_and_never_the_core() -> None:
    assert may_be_missing(item("item01")) == {"M06", "M07", "M08"}
    body = item("item01", materials__4__shortfall_allowed=True)
    assert body["materials"][4]["core"] and may_be_missing(body) == {"M06", "M07", "M08"}
    put(body, "flags/shortfall_allowed", False)
    assert may_be_missing(body) == set()


def test_a_promise_stands_only_for_what_it_names() -> None:
    assert replaced_by_promise(item("item08")) == {"M03"}
    assert replaced_by_promise(item("item01")) == set()
    assert replaced_by_promise(item("item08", flags__commitment_allowed=False)) == set()


def test_the_latest_day_to_promise_is_the_promised_decision_s(calendar: WorkCalendar) -> None:
    # 王建国, accepted on Tuesday 3 March: 10 March is right and the 11th is too late.
    accepted = datetime(2026, 3, 3, 2, tzinfo=UTC)
    assert latest_promise(accepted, Limit(5), calendar) == date(2026, 3, 10)
    # Accepted before the May holiday of 2026: 30 April, 6, 7, 8 and Saturday 9 May.
    assert latest_promise(datetime(2026, 4, 29, 2, tzinfo=UTC), Limit(5), calendar) == date(
        2026, 5, 9
    )
    with pytest.raises(ValueError, match="no day"):
        latest_promise(accepted, Limit(0, Unit.NONE), calendar)


def test_a_missing_material_is_open_until_it_came_or_was_declined_or_is_late() -> None:
    closed = {stage for stage in ShortfallStage if not stage.is_open}
    assert closed == {ShortfallStage.DECLINED, ShortfallStage.FULFILLED, ShortfallStage.OVERDUE}
    assert ShortfallStage("PROMISED") is ShortfallStage.PROMISED
    assert all(stage.zh for stage in ShortfallStage)


def test_the_catalogue_marks_nothing_that_an_item_does_not_allow() -> None:
    for name in NAMES:
        body = item(name)
        marked = {each["code"] for each in body["materials"] if each["shortfall_allowed"]}
        assert may_be_missing(body) == marked
