"""Nudges: people learn at once what changed in their case, though no step was taken."""

from functools import partial
from uuid import UUID

from models.case import Case
from models.ids import uuid7
from models.unit import current_unit
from services.announcements import announce
from services.occasions import ASKS
from services.transitions import Transitions, topic_of

MATERIAL = "material:"
"""How a message begins that tells of a material and not of a step; its code follows."""


def nudge(transitions: Transitions, case: Case) -> None:
    """Have the case's progress looked at again once the running transaction is committed."""
    publish = transitions.broadcast.publish
    current_unit().after_commit(partial(publish, topic_of(case.id), str(case.version)))


def nudge_material(transitions: Transitions, case_id: UUID, code: str) -> None:
    """Have a case's material looked at again once the running transaction is committed."""
    publish = transitions.broadcast.publish
    current_unit().after_commit(partial(publish, topic_of(case_id), f"{MATERIAL}{code}"))


async def ask(transitions: Transitions, case: Case, what: str) -> None:
    """Have the applicant told that they are asked for something: a code of ``ASKS``.

    In the caller's transaction.
    """
    key = f"{what}:{case.id}:{uuid7()}"
    await announce(transitions.jobs, case, ASKS[what], transitions.clock.now(), key=key)
