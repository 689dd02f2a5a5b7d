"""The audit chain: texts and hashes worked out apart from our code, with ``sha256sum``."""

import subprocess
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.chain import (
    LOG_GENESIS,
    canonical,
    entry_hash,
    event_hash,
    genesis_of,
    read_data,
    time_text,
)

CASE = UUID("0195a5d2-6c00-7000-8000-000000000001")
AT = datetime(2026, 3, 2, 1, 10, tzinfo=UTC)
EVENT: dict[str, Any] = {
    "case_id": CASE,
    "seq": 1,
    "at": AT,
    "row": "T01",
    "event": "submit",
    "from_state": "DRAFT",
    "to_state": "SUBMITTED",
    "actor_role": "APPLICANT",
    "actor_id": "0195a5d2-0000-7000-8000-00000000000a",
    "unit": None,
    "data": {"z": 1, "a": '路段 "一"'},
}
WRITTEN = (
    r'{"actor_id":"0195a5d2-0000-7000-8000-00000000000a","actor_role":"APPLICANT",'
    r'"at":"2026-03-02T01:10:00.000000Z","case_id":"0195a5d2-6c00-7000-8000-000000000001",'
    r'"data":{"a":"路段 \"一\"","z":1},"event":"submit","from_state":"DRAFT","row":"T01","seq":1,'
    r'"to_state":"SUBMITTED","unit":null}'
)


def _sha256sum(text: str) -> str:
    ran = subprocess.run(["sha256sum"], input=text.encode(), capture_output=True, check=True)
    return ran.stdout.decode().split()[0]


def test_a_stranger_computes_the_same_hash() -> None:
    genesis = _sha256sum("zhangban:case:0195a5d2-6c00-7000-8000-000000000001")
    assert genesis_of(CASE) == genesis
    assert event_hash(genesis, EVENT) == _sha256sum(f"{genesis}\n{WRITTEN}")
    assert _sha256sum("zhangban:audit_log") == LOG_GENESIS
    entry = {**EVENT, "action": "staff.login", "object_type": "staff", "object_id": "7"}
    text = (
        r'{"action":"staff.login","actor_id":"0195a5d2-0000-7000-8000-00000000000a",'
        r'"actor_role":"APPLICANT","at":"2026-03-02T01:10:00.000000Z",'
        r'"data":{"a":"路段 \"一\"","z":1},"object_id":"7","object_type":"staff","seq":1}'
    )
    assert entry_hash(LOG_GENESIS, entry) == _sha256sum(f"{LOG_GENESIS}\n{text}")


@pytest.mark.parametrize("field", [name for name in EVENT if name != "data"])
def test_every_field_counts(field: str) -> None:
    other = {"case_id": UUID(int=1), "seq": 2, "at": AT + timedelta(microseconds=1)}
    changed = {**EVENT, field: other.get(field, "other")}
    assert event_hash("0" * 64, changed) != event_hash("0" * 64, EVENT)
    assert event_hash("1" * 64, EVENT) != event_hash("0" * 64, EVENT)


def test_what_is_not_a_field_does_not_count() -> None:
    assert event_hash("", {**EVENT, "id": 7, "hash": "x"}) == event_hash("", EVENT)
    with pytest.raises(KeyError):
        event_hash("", {"case_id": CASE})


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.5, "1.5"),
        (Decimal("1.50"), "1.5"),
        (1e22, "10000000000000000000000"),
        (1e-7, "0.0000001"),
        (Decimal("1E+2"), "100"),
        (-0.0, "0"),
        (Decimal("-0.00"), "0"),
        (100, "100"),
        (-12.30, "-12.3"),
        (True, "true"),
        (None, "null"),
        ([], "[]"),
        ({"b": [1, {}], "a": ()}, '{"a":[],"b":[1,{}]}'),
        (
            "\b\t\n\f\r\x01\x1f\x7f/\\中\U0001f600",
            r'"\b\t\n\f\r\u0001\u001f' + "\x7f/\\\\中\U0001f600" + '"',
        ),
    ],
)
def test_every_value_has_one_text(value: object, text: str) -> None:
    assert canonical(value) == text


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), b"bytes", {AT}])
def test_what_has_no_text_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        canonical(value)


def test_a_time_is_utc_to_the_microsecond() -> None:
    east = timezone(timedelta(hours=8))
    assert time_text(datetime(2026, 3, 2, 9, 10, tzinfo=east)) == "2026-03-02T01:10:00.000000Z"
    assert time_text(datetime(2026, 3, 2, 9, 10, 1, 7, tzinfo=UTC)) == "2026-03-02T09:10:01.000007Z"
    with pytest.raises(ValueError):
        time_text(datetime(2026, 3, 2))  # noqa: DTZ001


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("ab中", max_size=3), inner),
    max_leaves=12,
)


@given(JSON)
def test_sending_and_reading_back_changes_no_text(value: object) -> None:
    sent = orjson.dumps(value).decode()
    assert canonical(read_data(sent)) == canonical(value)
    assert canonical(read_data(canonical(value))) == canonical(value)
