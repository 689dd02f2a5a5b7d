"""Nudges: phones that look at a case see at once what changed there without a step."""

from functools import partial

from models.case import Case
from models.unit import current_unit
from services.transitions import Transitions, topic_of


def nudge(transitions: Transitions, case: Case) -> None:
    """Have the case's progress looked at again once the running transaction is committed."""
    publish = transitions.broadcast.publish
    current_unit().after_commit(partial(publish, topic_of(case.id), str(case.version)))
