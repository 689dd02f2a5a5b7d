"""One row of the transition table, and how the table's shorthand becomes a row."""

from dataclasses import dataclass

from models.rules.clock_table import ClockName
from models.rules.events import Actor, Event
from models.rules.notices import NoticeKind
from models.rules.states import (
    AcceptMode,
    HandoffStatus,
    MonitorLight,
    ShortfallStatus,
    State,
)


@dataclass(frozen=True)
class Sets:
    """The facts beside the state that a row settles. None or False leaves a fact as it is."""

    accept_mode: AcceptMode | None = None
    shortfall_status: ShortfallStatus | None = None
    handoff_status: HandoffStatus | None = None
    monitor_light: MonitorLight | None = None
    verify_later_mark: bool = False  # once set, kept with the file for good
    accepted_on_receipt: bool = False  # accepted_at is the time of receipt (行政许可法32(四))
    credit_proposed: bool = False  # a proposal only; an officer confirms, the person may object
    served_on_posting: bool = False  # the posting date is the date of service


@dataclass(frozen=True)
class Row:
    """One transition: from any of ``sources`` to ``target`` (None keeps the state)."""

    id: str
    sources: frozenset[State]
    target: State | None
    event: Event
    actors: tuple[Actor, ...]
    starts: tuple[ClockName, ...]
    stops: tuple[ClockName, ...]
    pauses: tuple[ClockName, ...]
    resumes: tuple[ClockName, ...]
    stops_all: bool
    notices: tuple[NoticeKind, ...]
    basis: str
    guard: str
    sets: Sets

    def target_from(self, state: State) -> State:
        """Return the state that a case in ``state`` is in after this row."""
        return self.target or state


def row(
    id_: str,
    sources: str,
    target: str | None,
    event: str,
    actors: str,
    *,
    clocks: str = "",
    notices: str = "",
    sets: Sets | None = None,
    basis: str,
    guard: str = "",
) -> Row:
    """Read the shorthand of the table: words apart by blanks, clocks marked + - ~ ^ or ``-ALL``.

    Raise ``KeyError`` or ``ValueError`` for a word that no enum knows.
    """
    marked = [word for word in clocks.split() if word != "-ALL"]

    def having(mark: str) -> tuple[ClockName, ...]:
        return tuple(ClockName(word[1:]) for word in marked if word[0] == mark)

    return Row(
        id=id_,
        sources=frozenset(State[word] for word in sources.split()),
        target=None if target is None else State[target],
        event=Event(event),
        actors=tuple(Actor(word) for word in actors.split()),
        starts=having("+"),
        stops=having("-"),
        pauses=having("~"),
        resumes=having("^"),
        stops_all="-ALL" in clocks.split(),
        notices=tuple(NoticeKind[word] for word in notices.split()),
        basis=basis,
        guard=guard,
        sets=sets or Sets(),
    )
