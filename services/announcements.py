"""Announcements: messages about what is no step of a case, recorded with what they tell of."""

from datetime import datetime

from models.case import Case
from models.message import Message
from models.rules.quiet import until_morning
from services.messages import data_of
from services.ports import Jobs

DELIVER = "message.deliver"


async def announce(jobs: Jobs, case: Case, words: str, now: datetime, *, key: str) -> None:
    """Have the applicant told once, by day, in the caller's transaction.

    ``words``: what they should do, at most 20 characters; ``key`` names the occasion, and a
    second message of the same key is refused by the database.
    """
    await case.fetch_related("item")
    await Message.create(
        case_id=case.id,
        key=key,
        template="case_action",
        data=data_of(case, case.item.name, words, now),
        created_at=now,
    )
    await jobs.enqueue(DELIVER, {"key": key}, after=until_morning(now), key=f"{DELIVER}:{key}")
