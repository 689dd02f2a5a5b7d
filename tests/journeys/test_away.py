"""Valkey, worker and pay channel stand still for a while: the demo comes to its end."""

from tests.journeys.away import play_with_absences
from tests.journeys.kills import installation

SECONDS = 6.0


def test_a_part_that_stands_still_loses_nothing() -> None:
    with installation() as dev:
        play_with_absences(dev, SECONDS)
