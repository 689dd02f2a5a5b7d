"""Masking of forms: by what the schema says of a field, however deep it lies."""

import pytest

from models.rules.masking import is_masked, mask_account, mask_form
from services.seeding import catalogue


def schema(item: str) -> dict[str, object]:
    return dict(next(body["form_schema"] for body in catalogue() if body["id"] == item))


def test_names_numbers_and_accounts_are_masked() -> None:
    shown = mask_form(
        schema("ITEM06"),
        {
            "elder_name": "赵淑芬",
            "elder_id_number": "511499194311051028",
            "living_address": "示例县北桥镇桥头村2组",
            "payout_account": "6217000000001234567",
            "agent_relation": "子女",
        },
    )
    assert shown == {
        "elder_name": "赵*芬",
        "elder_id_number": "511*************28",
        "living_address": "示例县北桥镇桥头村2组",
        "payout_account": "****4567",
        "agent_relation": "子女",
    }


def test_rows_are_masked_one_by_one() -> None:
    rows = [{"name": "王建国", "id_number": "511499198803162013", "relation": "本人"}]
    shown = mask_form(schema("ITEM12"), {"members": rows})
    assert shown == {
        "members": [{"name": "王*国", "id_number": "511*************13", "relation": "本人"}]
    }
    assert rows[0]["name"] == "王建国"


def test_what_names_nobody_shows_as_it_is() -> None:
    form = {"contractor": "示例县绿源工程有限公司", "area_m2": 12.5, "emergency": False}
    assert mask_form(schema("ITEM10"), form) == form
    # An answer that the schema does not know is nobody's to guess about.
    assert mask_form({}, {"x": "y"}) == {"x": "y"}


def test_a_phone_is_masked_by_its_title() -> None:
    field = {"type": "string", "title": "联系电话", "x-sensitive": True}
    known = {"properties": {"contact": field}}
    assert mask_form(known, {"contact": "13800000001"}) == {"contact": "138****0001"}
    assert is_masked(known, "contact", {"contact": "13800000001"})
    assert not is_masked(known, "contact", {"contact": ""})
    assert not is_masked(known, "contact", {})


@pytest.mark.parametrize(("number", "shown"), [("12345", "****2345"), ("1234", "****")])
def test_an_account_shows_its_end(number: str, shown: str) -> None:
    assert mask_account(number) == shown


def test_every_sensitive_text_of_the_catalogue_is_masked() -> None:
    """What a person types by itself (a name, a number), not an address or a choice."""
    for body in catalogue():
        for name, field in body["form_schema"]["properties"].items():
            if field.get("x-sensitive") and field.get("x-ui", {}).get("widget") in (
                "text",
                "idcard",
                "digit",
            ):
                assert is_masked(body["form_schema"], name, {name: "511499198803162013"}), name
