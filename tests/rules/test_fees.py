"""Fees: exact to the fen, by the published rules only."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.fees import FeeUndetermined, WaiverUnknown, assess
from models.rules.states import FeeStage

HOME = {"field": "form.usage", "op": "eq", "value": "住宅"}
OTHER = {"field": "form.usage", "op": "ne", "value": "住宅"}
MORE = {"field": "form.extra_certs", "op": "gt", "value": 0}
REGISTRATION: dict[str, Any] = {
    "charged": True,
    "stage": "AFTER_ACCEPTANCE",
    "name": "不动产登记费",
    "basis": "发改价格规〔2016〕2559号",
    "rules": [
        {"when": HOME, "amount_cent": 8000},
        {"when": OTHER, "amount_cent": 55000},
        {"when": MORE, "amount_cent_each": 1000, "each_of": "form.extra_certs"},
    ],
}
ROAD: dict[str, Any] = {
    "charged": True,
    "stage": "AFTER_DECISION",
    "name": "城市道路挖掘修复费",
    "basis": "城市道路管理条例37",
    "rules": [
        {
            "when": None,
            "per": "form.area_m2",
            "unit_price_by": "form.surface_type",
            "unit_price_cent": {"沥青": 30000, "水泥": 26000, "细": 1},
        }
    ],
}
CARD: dict[str, Any] = {
    "charged": True,
    "stage": "BEFORE_ACCEPTANCE",
    "name": "居住证工本费",
    "basis": "居住证暂行条例21",
    "rules": [{"when": None, "amount_cent": 1000}],
    "waivers": ["低保对象", "残疾人"],
}


def form(**answers: Any) -> dict[str, Any]:
    return {"form": answers}


@pytest.mark.parametrize(
    ("answers", "total", "lines"),
    [
        ({"usage": "住宅"}, 8000, 1),
        ({"usage": "住宅", "extra_certs": 0}, 8000, 1),
        ({"usage": "住宅", "extra_certs": 3}, 11000, 2),
        ({"usage": "商业", "extra_certs": 1}, 56000, 2),
    ],
)
def test_fixed_and_per_piece(answers: dict[str, Any], total: int, lines: int) -> None:
    fee = assess(REGISTRATION, form(**answers))
    assert (fee.total_fen, len(fee.lines)) == (total, lines)
    assert fee.stage is FeeStage.AFTER_ACCEPTANCE


@pytest.mark.parametrize(
    ("area", "kind", "total"),
    [
        (60, "沥青", 1_800_000),
        (12.34, "沥青", 370_200),
        ("0.1", "水泥", 2600),
        (0.29, "沥青", 8700),  # as floats 0.29 * 30000 is 8699.999...
        (Decimal("2.5"), "细", 3),  # half goes up, not to even
        (Decimal("2.49"), "细", 2),
        (0.5, "细", 1),
    ],
)
def test_area_times_price(area: Any, kind: str, total: int) -> None:
    fee = assess(ROAD, form(area_m2=area, surface_type=kind))
    assert fee.total_fen == total and type(fee.total_fen) is int
    assert fee.lines[0].quantity == Decimal(str(area))


@given(hundredths=st.integers(1, 100_000_000))
def test_areas_in_hundredths_are_exact(hundredths: int) -> None:
    fee = assess(ROAD, form(area_m2=hundredths / 100, surface_type="沥青"))
    assert fee.total_fen == hundredths * 300


@pytest.mark.parametrize(
    "answers",
    [
        {},
        {"area_m2": 5},
        {"surface_type": "沥青"},
        {"area_m2": 5, "surface_type": "金"},
        {"area_m2": -1, "surface_type": "沥青"},
        {"area_m2": float("nan"), "surface_type": "沥青"},
        {"area_m2": float("inf"), "surface_type": "沥青"},
        {"area_m2": True, "surface_type": "沥青"},
        {"area_m2": "much", "surface_type": "沥青"},
        {"area_m2": "1e999999999", "surface_type": "沥青"},
        {"area_m2": "1e-999999", "surface_type": "沥青"},
        {"area_m2": 5, "surface_type": ["沥青"]},
    ],
)
def test_no_amount_without_facts(answers: dict[str, Any]) -> None:
    with pytest.raises(FeeUndetermined):
        assess(ROAD, form(**answers))


def test_a_charged_item_is_never_free_by_accident() -> None:
    with pytest.raises(FeeUndetermined):
        assess(REGISTRATION, form())
    with pytest.raises(FeeUndetermined):
        assess(REGISTRATION, form(usage="住宅", extra_certs=1.5))


def test_waivers_are_the_published_ones() -> None:
    waived = assess(CARD, {}, waiver="残疾人")
    assert (waived.total_fen, waived.full_fen, waived.waived_by) == (0, 1000, "残疾人")
    assert assess(CARD, {}).total_fen == 1000
    with pytest.raises(WaiverUnknown):
        assess(CARD, {}, waiver="熟人")
    with pytest.raises(WaiverUnknown):
        assess(ROAD, form(area_m2=1, surface_type="沥青"), waiver="残疾人")


def test_nothing_is_charged() -> None:
    free = assess({"charged": False, "stage": "NONE"}, {})
    assert (free.stage, free.total_fen, free.lines) == (FeeStage.NONE, 0, ())
