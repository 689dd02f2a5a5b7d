"""The lifecycle drawn from its table: a Mermaid state diagram, and the tables that go with it."""

from collections.abc import Iterator, Sequence

from models.rules.clock_table import CLOCKS, ClockName
from models.rules.markdown import table
from models.rules.row import Row
from models.rules.states import Phase, State
from models.rules.transitions import ROWS

# Phases that are drawn as a box: a row that leaves each of its states leaves the box.
BOXES = {
    Phase.INTAKE: "受理前 before acceptance",
    Phase.HANDLING: "办理 handling",
    Phase.RESULT: "结果 result",
    Phase.CLOSED: "已结束 closed",
}
INDENT = "    "


def diagram() -> str:
    """Return the whole table as a Mermaid ``stateDiagram-v2``."""
    edges = _edges()
    return "\n".join(
        [
            "stateDiagram-v2",
            f"{INDENT}[*] --> {State.DRAFT.value}",
            f"{INDENT}{_named(State.DRAFT)}",
            *_named_alone(),
            *(line for phase in BOXES for line in _box(phase, edges)),
            *(f"{INDENT}{_arrow(edge, rows)}" for edge, rows in edges.items() if not _within(edge)),
            *(f"{INDENT}{state.value} --> [*]" for state in State if state.terminal),
        ]
    )


Edge = tuple[str, str]


def _edges() -> dict[Edge, list[Row]]:
    """Group the rows by where they lead from and to, in the order of the table."""
    edges: dict[Edge, list[Row]] = {}
    for row in ROWS:
        for edge in _of(row):
            edges.setdefault(edge, []).append(row)
    return edges


def _of(row: Row) -> Iterator[Edge]:
    left = set(row.sources)
    for phase in BOXES:
        members = {state for state in State if state.phase is phase}
        # Mermaid draws no arrow from a box into itself.
        if members <= left and row.target is not None and row.target not in members:
            left -= members
            yield phase.value, row.target.value
    for state in State:
        if state in left:
            yield state.value, row.target_from(state).value


def _box(phase: Phase, edges: dict[Edge, list[Row]]) -> Iterator[str]:
    yield f'{INDENT}state "{BOXES[phase]}" as {phase.value} {{'
    for state in State:
        if state.phase is phase:
            yield f"{INDENT * 2}{_named(state)}"
    for edge, rows in edges.items():
        if _phase_within(edge) is phase:
            yield f"{INDENT * 2}{_arrow(edge, rows)}"
    yield f"{INDENT}}}"


def _named_alone() -> Iterator[str]:
    for state in State:
        if state.phase is Phase.END:
            yield f"{INDENT}{_named(state)}"


def _named(state: State) -> str:
    return f'state "{state.value} {state.zh}" as {state.value}'


def _phase_within(edge: Edge) -> Phase | None:
    """Return the box that both ends stand in."""
    if edge[0] not in State.__members__:
        return None
    phases = {State(end).phase for end in edge}
    return phases.pop() if len(phases) == 1 and phases <= BOXES.keys() else None


def _within(edge: Edge) -> bool:
    return _phase_within(edge) is not None


def _arrow(edge: Edge, rows: Sequence[Row]) -> str:
    words = ", ".join(f"{row.id} {row.event.value}" for row in rows)
    return f"{edge[0]} --> {edge[1]} : {words}"


def rows_table() -> str:
    """Return every row as a Markdown table."""
    head = ("id", "from", "event", "who", "to", "clocks", "notices", "basis", "guard")
    return table(head, ([*_cells(row)] for row in ROWS))


def _cells(row: Row) -> Iterator[str]:
    yield row.id
    yield " ".join(state.value for state in State if state in row.sources)
    yield row.event.value
    yield " ".join(actor.value for actor in row.actors)
    yield row.target.value if row.target else "="
    yield " ".join(_clock_words(row))
    yield " ".join(kind.value for kind in row.notices)
    yield row.basis
    yield row.guard


def _clock_words(row: Row) -> Iterator[str]:
    marks = (("+", row.starts), ("-", row.stops), ("~", row.pauses), ("^", row.resumes))
    for mark, names in marks:
        yield from (f"{mark}{name.value}" for name in names)
    if row.stops_all:
        yield "-ALL"


def clocks_table() -> str:
    """Return every clock as a Markdown table."""
    head = ("clock", "中文", "whose", "how long", "warns before", "pauses", "basis")
    rows = (
        [
            name.value,
            CLOCKS[name].zh,
            CLOCKS[name].owner.value,
            limit.text if (limit := CLOCKS[name].default) else "the item or a promise says",
            " ".join(before.text for before in CLOCKS[name].warn_before),
            "yes" if CLOCKS[name].pausable else "",
            CLOCKS[name].basis,
        ]
        for name in ClockName
    )
    return table(head, rows)


def page() -> str:
    """Return the generated part of docs/lifecycle.md."""
    return "\n\n".join(
        [
            f"```mermaid\n{diagram()}\n```",
            "## Transitions\nClocks: + starts, - stops, ~ pauses, ^ resumes. `=` keeps the state.",
            rows_table(),
            "## Clocks",
            clocks_table(),
        ]
    )
