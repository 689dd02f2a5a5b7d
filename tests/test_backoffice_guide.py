"""The vendor's pages name every event, what it says, and every refusal that it can meet."""

import re
from pathlib import Path

import pytest

from api.events import ROUTES
from models.rules.procedures import STATUTORY
from models.rules.reasons import TerminationReason
from services.access import CaseUnknown
from services.events import SAYS, EventType
from services.packages import ENDED
from services.withdrawals import REQUEST, TAKEN_BACK

DOCS = Path(__file__).parent.parent / "docs"
GUIDE = "".join((DOCS / name).read_text() for name in ("backoffice.md", "events.md"))
ROWS = {
    match[1]: match[0] for match in re.finditer(r"^\| `(\w+)` \|.*$", GUIDE, flags=re.MULTILINE)
}


@pytest.mark.parametrize("kind", list(EventType))
def test_every_event_has_its_row(kind: EventType) -> None:
    row = ROWS[kind.value]
    if kind is EventType.CORRECTION_REQUESTED:
        return  # refused whatever it says
    for name in SAYS[kind].needs | SAYS[kind].may:
        assert f"`{name}`" in row, (kind, name)


def test_every_refusal_is_explained() -> None:
    found = [route for routes in ROUTES for route in routes.found]
    codes = {problem.code for route in found for problem in route.errors}
    missing = [code for code in codes if f"`{code}`" not in GUIDE and f" {code}`" not in GUIDE]
    assert missing == []
    assert CaseUnknown.code in codes


def test_closed_lists_are_complete() -> None:
    for word in (*STATUTORY, *(reason.value for reason in TerminationReason)):
        assert word in GUIDE
    for kind in ("ACCEPTED", "SUPPLEMENT", REQUEST, TAKEN_BACK, ENDED):
        assert f"`{kind}`" in GUIDE
