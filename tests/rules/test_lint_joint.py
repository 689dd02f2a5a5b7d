"""The linter on joint items: each rule refuses what it is about, and nothing else."""

from typing import Any

import pytest

from tests.rules.items import put, refused
from tests.services.joining import body


def test_a_joint_item_can_be_published() -> None:
    assert refused(body()) == {}


@pytest.mark.parametrize(
    ("path", "value", "code", "pointer"),
    [
        ("joint_items", body()["joint_items"][:1], "joint_of_one", "/joint_items"),
        ("joint_items", body()["joint_items"][:1] * 2, "joint_of_one", "/joint_items"),
        ("joint_items/0/code", body()["code"], "joint_of_one", "/joint_items"),
        ("joint_items/1/materials/M02", "R99", "joint_material_unknown", None),
        (
            "flags/online_depth",
            "PRE_REVIEW_THEN_WINDOW",
            "joint_at_the_window",
            "/flags/online_depth",
        ),
        ("joint_items", [], "element_missing", "/joint_items"),
        ("joint_items/0/code", "", "element_missing", "/joint_items/0/code"),
    ],
)
def test_what_no_joint_item_may_say(path: str, value: Any, code: str, pointer: str | None) -> None:
    changed = body()
    put(changed, path, value)
    found = refused(changed)
    assert code in found
    assert found[code].pointer == (pointer or "/joint_items/1/materials/M02")


def test_the_departments_charge_not_the_filing() -> None:
    changed = body()
    changed["fee"] = {
        "charged": True,
        "stage": "AFTER_DECISION",
        "name": "修复费",
        "basis": "城市道路管理条例37",
        "rules": [{"when": None, "amount_cent": 100}],
    }
    assert set(refused(changed)) == {"joint_charges"}
