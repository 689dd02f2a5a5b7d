"""A part stands still in the middle of the demo, comes back, and nobody has to lend a hand.

``python -m tests.journeys.away --seconds 60`` has each of them away for a minute.
"""

import argparse
import asyncio
import sys

from miniapp_stub.demo import wire
from miniapp_stub.demo.handling import FEE_FEN
from miniapp_stub.demo.state import Story
from miniapp_stub.demo.story import STEPS
from models.rules.events import Event
from tests.journeys.kills import Dev, Nemesis, Strike, installation
from tests.journeys.site import play

# Where each is missed most: limits and live views, messages and documents, money.
POINTS = (
    ("before", r"POST .*/materials/M06$", "valkey"),
    ("before", r"POST .*/accept$", "worker"),
    ("before", r"POST /v1/cases/.*/payment$", "sandbox"),
    ("after", r"POST /staff/.*/post-handover$", "worker"),
)
ONCE = (Event.SUBMIT, Event.RESUBMIT, Event.ACCEPT, Event.PAYMENT_CONFIRMED, Event.POST_HANDOVER)
PAID = "SELECT status, amount_fen FROM payment_orders"
STEPS_TAKEN = "SELECT event, count(*) AS times FROM case_events GROUP BY event"
UNDONE = """SELECT entrypoint, count(*) FROM pgqueuer
WHERE status = 'failed' GROUP BY entrypoint"""


def play_with_absences(dev: Dev, seconds: float) -> Story:
    """Play the whole demo, each part away for so long; raise when anything is lost or doubled."""
    wire.PATIENCE = max(wire.PATIENCE, 60.0 + 1.5 * seconds)
    strikes = [
        Strike(when, request, (victim,), seconds)  # type: ignore[arg-type]
        for when, request, victim in POINTS
    ]
    nemesis = Nemesis(dev, strikes)
    story = play(nemesis.haunt(dev.story()), *STEPS)
    assert nemesis.done == strikes
    assert story.citizen.progress(story.case)["state"] == "DELIVERED"
    assert asyncio.run(dev.ask(PAID)) == [("PAID", FEE_FEN)]
    taken = dict(asyncio.run(dev.ask(STEPS_TAKEN)))
    assert [taken[event.value] for event in ONCE] == [1] * len(ONCE)
    assert asyncio.run(dev.ask(UNDONE)) == []
    return story


def main() -> int:
    """Play it once and print the timeline; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.journeys.away", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    seconds = parser.parse_args().seconds
    with installation() as dev:
        print(play_with_absences(dev, seconds).timeline())
    return 0


if __name__ == "__main__":
    sys.exit(main())
