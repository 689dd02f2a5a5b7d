"""Kill -9 in the middle of a case: it goes on from where it was."""

import asyncio

from miniapp_stub.demo.handling import FEE_FEN
from miniapp_stub.demo.story import STEPS
from models.rules.events import Event
from tests.journeys.kills import SUPERVISOR, Nemesis, Strike, installation
from tests.journeys.site import play

STRIKES = (
    Strike("after", r"POST .*/materials/M06$", ("api",)),
    # Somebody waits for what is being read.
    Strike("before", r"GET .*/materials$", ("worker",)),
    Strike("before", r"POST .*/correction$", ("worker",)),
    # With the API gone the payment's callback cannot arrive before the next two are.
    Strike("before", r"POST /orders/.*/pay$", ("api",)),
    Strike("after", r"POST /orders/.*/pay$", ("sandbox", "postgres")),
    Strike("after", r"POST /staff/.*/post-handover$", (SUPERVISOR,)),
)
ONCE = (Event.SUBMIT, Event.RESUBMIT, Event.ACCEPT, Event.PAYMENT_CONFIRMED, Event.POST_HANDOVER)
PAID = "SELECT status, amount_fen FROM payment_orders"
STEPS_TAKEN = "SELECT event, count(*) AS times FROM case_events GROUP BY event"


def test_a_case_survives_the_kill_of_every_process() -> None:
    with installation() as dev:
        nemesis = Nemesis(dev, STRIKES)
        story = play(nemesis.haunt(dev.story()), *STEPS)
        assert nemesis.done == list(STRIKES)
        assert story.citizen.progress(story.case)["state"] == "DELIVERED"
        assert asyncio.run(dev.ask(PAID)) == [("PAID", FEE_FEN)]
        taken = dict(asyncio.run(dev.ask(STEPS_TAKEN)))
        assert [taken[event.value] for event in ONCE] == [1] * len(ONCE)
        # An operator finds both in the same folder, and needs no settings for that.
        [(number,)] = asyncio.run(dev.ask("SELECT number FROM payment_orders"))
        assert "SETTLED" in dev.run("payments", "show", number)
        assert story.facts["case_no"] in dev.run("handoff", "list", "--status", "ACKED")
