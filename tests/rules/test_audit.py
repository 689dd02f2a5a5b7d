"""Findings on a chain of values: no single edit goes unnoticed, and one edit is one finding."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.audit import ChainedCase, LogCheck, check_case
from models.rules.chain import (
    ENTRY_FIELDS,
    EVENT_FIELDS,
    LOG_GENESIS,
    entry_hash,
    event_hash,
    genesis_of,
)

CASE = UUID("0195a5d2-6c00-7000-8000-000000000001")
AT = datetime(2026, 3, 2, 1, 10, tzinfo=UTC)
LENGTH = 6
NAME = f"case {CASE}"


def chained() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    previous = genesis_of(CASE)
    for seq in range(1, LENGTH + 1):
        event: dict[str, Any] = {name: f"{name} {seq}" for name in EVENT_FIELDS}
        event |= {"case_id": CASE, "seq": seq, "at": AT + timedelta(hours=seq), "data": {"n": seq}}
        previous = event["hash"] = event_hash(previous, event)
        found.append(event)
    return found


def findings(
    events: list[dict[str, Any]], *, version: int = LENGTH, head: str | None = None
) -> list[str]:
    kept = chained()[-1]["hash"] if head is None else head
    case = ChainedCase(CASE, None, version, kept, events)
    return [f"{fault.kind.value}: {fault.place}" for fault in check_case(case)]


def test_an_untouched_chain_has_no_finding() -> None:
    assert findings(chained()) == []
    assert findings([], version=0, head="") == []


@given(
    place=st.integers(0, LENGTH - 1),
    field=st.sampled_from([name for name in EVENT_FIELDS if name not in ("seq", "case_id")]),
)
def test_one_edit_is_one_finding(place: int, field: str) -> None:
    events = chained()
    other = {"at": AT, "data": {"n": "1"}}
    events[place][field] = other.get(field, "something else")
    assert findings(events) == [f"event changed: {NAME} seq {place + 1}"]


@given(first=st.integers(0, LENGTH - 1), number=st.integers(1, LENGTH))
def test_what_is_missing_is_named(first: int, number: int) -> None:
    events = chained()
    last = min(first + number, LENGTH)
    del events[first:last]
    which = f"seq {first + 1}" + (f" to {last}" if last - first > 1 else "")
    expected = [f"event missing: {NAME} {which}"]
    if last == LENGTH:
        expected.append(f"head mismatch: {NAME}")
    assert findings(events) == expected


@given(st.permutations(range(LENGTH)))
def test_another_order_is_found(order: list[int]) -> None:
    """The same events under each other's numbers."""
    events = chained()
    moved = [{**events[old], "seq": place + 1} for place, old in enumerate(order)]
    assert bool(findings(moved)) == (order != list(range(LENGTH)))


def test_events_of_another_case_do_not_fit() -> None:
    other = UUID("0195a5d2-6c00-7000-8000-000000000002")
    events = [{**event, "case_id": other} for event in chained()]
    assert len(findings(events)) == LENGTH


def test_a_longer_count_than_the_events_have_and_a_shorter_one() -> None:
    assert findings(chained(), version=7) == [f"event missing: {NAME} seq 7"]
    assert findings(chained(), version=5) == [f"head mismatch: {NAME}"]
    assert findings(chained(), head="") == [f"head mismatch: {NAME}"]


@pytest.mark.parametrize("unsealed", range(LENGTH + 1))
def test_only_the_beginning_of_a_case_may_be_unsealed(unsealed: int) -> None:
    events = chained()
    previous = genesis_of(CASE)
    for event in events[:unsealed]:
        event["hash"] = ""
    for event in events[unsealed:]:
        previous = event["hash"] = event_hash(previous, event)
    head = events[-1]["hash"]
    assert findings(events, head=head) == []
    case = ChainedCase(CASE, "X1", LENGTH, head, events)
    assert len(case.unsealed) == unsealed
    if unsealed < LENGTH - 1:
        events[-1]["hash"] = ""
        assert f"hash of an event removed: {NAME} seq {LENGTH}" in findings(events, head=head)


def entries() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    previous = LOG_GENESIS
    for seq in range(1, LENGTH + 1):
        entry: dict[str, Any] = {name: f"{name} {seq}" for name in ENTRY_FIELDS}
        entry |= {"seq": seq, "at": AT, "data": {}, "previous": previous}
        previous = entry["hash"] = entry_hash(previous, entry)
        found.append(entry)
    return found


def log_findings(rows: list[dict[str, Any]], end: int = LENGTH) -> list[str]:
    check = LogCheck()
    found = [fault for row in rows for fault in check.check(row)]
    found += check.end(end, entries()[-1]["hash"])
    return [f"{fault.kind.value}: {fault.place}" for fault in found]


@given(
    place=st.integers(0, LENGTH - 1),
    field=st.sampled_from([name for name in ENTRY_FIELDS if name != "seq"]),
)
def test_one_edit_of_the_log_is_one_finding(place: int, field: str) -> None:
    rows = entries()
    rows[place][field] = {"at": AT + timedelta(1), "data": {"a": 1}}.get(field, "something else")
    assert log_findings(rows) == [f"log row changed: audit_log {place + 1}"]


@given(st.integers(0, LENGTH - 1))
def test_a_missing_row_of_the_log_is_named(place: int) -> None:
    rows = entries()
    del rows[place]
    assert log_findings(rows) == [f"log row missing: audit_log {place + 1}"]
    assert log_findings(entries()) == []
    assert log_findings([]) == [f"log row missing: audit_log 1 to {LENGTH}"]
