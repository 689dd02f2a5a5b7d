"""The state diagram: every row is in it, it says what the table says, and it can be read."""

import re

import pytest

from models.rules.diagram import BOXES, clocks_table, diagram, rows_table
from models.rules.lifecycle import ROWS, ClockName, Event, State
from models.rules.markdown import between
from tests.rules.edges import EDGES

STATE = re.compile(r'\s*state "([^"]+)" as (\w+)( \{)?')
ARROW = re.compile(r"\s*(\S+) --> (\S+)(?: : (.+))?")


def arrows() -> list[tuple[str, str, str]]:
    found = []
    for line in diagram().splitlines():
        match = ARROW.fullmatch(line)
        if match:
            found.append((match[1], match[2], match[3] or ""))
    return found


def test_every_line_is_one_that_mermaid_knows() -> None:
    first, *lines = diagram().splitlines()
    assert first == "stateDiagram-v2"
    depth = 0
    for line in lines:
        state, arrow = STATE.fullmatch(line), ARROW.fullmatch(line)
        assert state or arrow or line.strip() == "}"
        depth += bool(state and state[3]) - (line.strip() == "}")
        assert depth in (0, 1)
        if arrow:
            assert not set(arrow[3] or "") & set(':;#"{}')
    assert depth == 0


def test_every_state_is_named_once_and_no_arrow_leads_nowhere() -> None:
    named = [match[2] for match in map(STATE.fullmatch, diagram().splitlines()) if match]
    boxes = {phase.value for phase in BOXES}
    assert sorted(named) == sorted({state.value for state in State} | boxes)
    for source, target, _ in arrows():
        assert {source, target} <= set(named) | {"[*]"}


def test_the_arrows_are_the_steps_of_the_law() -> None:
    phases = {phase.value: phase for phase in BOXES}
    drawn = set()
    for source, target, words in arrows():
        if "[*]" in (source, target):
            continue
        inside = [state.value for state in State if state.phase is phases.get(source)]
        for word in words.split(", "):
            id_, event = word.split(" ")
            drawn |= {(id_, event, each, target) for each in inside or [source]}
    written = {
        (id_, event, source, source if target == "=" else target)
        for id_, event, sources, target in EDGES
        for source in sources.split()
    }
    assert drawn == written


def test_the_tables_have_every_row_and_clock() -> None:
    rows = rows_table().splitlines()
    assert [line.split(" | ")[0] for line in rows[2:]] == [f"| {row.id}" for row in ROWS]
    assert all(event.value in rows_table() for event in Event)
    assert len(clocks_table().splitlines()) == 2 + len(ClockName)
    widths = {line.replace("\\|", "").count("|") for line in rows}
    assert widths == {10}


def test_only_what_stands_between_the_markers_changes() -> None:
    text = "a\n<!-- lifecycle -->\nold\n<!-- /lifecycle -->\nb\n"
    assert (
        between(text, "new", "lifecycle") == "a\n<!-- lifecycle -->\nnew\n<!-- /lifecycle -->\nb\n"
    )
    for broken in ("a", "<!-- lifecycle -->", "<!-- /lifecycle --><!-- lifecycle -->"):
        with pytest.raises(ValueError, match="lifecycle"):
            between(broken, "new", "lifecycle")
