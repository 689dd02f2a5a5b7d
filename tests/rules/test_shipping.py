"""What the mini-program's platform is told of a paid order, and when it is known."""

from datetime import UTC, datetime, timedelta

import pytest

from models.rules.shipping import PATIENCE, Ships, Way, ships_as, tells_again
from models.rules.states import DeliveryMethod as Method

PAID = datetime(2026, 3, 2, 4, tzinfo=UTC)
SOON, LATE = PAID + PATIENCE - timedelta(seconds=1), PAID + PATIENCE


@pytest.mark.parametrize(
    ("way", "soon", "late"),
    [
        (Way(Method.ELECTRONIC, False, True, False), Ships.VIRTUAL, Ships.VIRTUAL),
        (Way(Method.WINDOW, False, True, False), Ships.PICKUP, Ships.PICKUP),
        (Way(Method.POST, False, True, False), None, Ships.VIRTUAL),
        (Way(Method.POST, True, True, False), Ships.EXPRESS, Ships.EXPRESS),
        (Way(Method.POST, True, True, True), Ships.EXPRESS, Ships.EXPRESS),
        (Way(Method.POST, False, True, True), Ships.VIRTUAL, Ships.VIRTUAL),
        (Way(None, False, True, False), None, Ships.VIRTUAL),
        (Way(None, False, False, False), Ships.VIRTUAL, Ships.VIRTUAL),
        (Way(None, False, True, True), Ships.VIRTUAL, Ships.VIRTUAL),
    ],
)
def test_a_result_ships_as_it_goes_out(way: Way, soon: Ships | None, late: Ships) -> None:
    assert (ships_as(way, PAID, SOON), ships_as(way, PAID, LATE)) == (soon, late)


def test_only_a_parcel_is_worth_the_one_correction() -> None:
    again = {(told, now) for told in Ships for now in (*Ships, None) if tells_again(told, now)}
    assert again == {(Ships.VIRTUAL, Ships.EXPRESS), (Ships.PICKUP, Ships.EXPRESS)}
