"""Announcements: messages about what is no step of a case, recorded with what they tell of."""

from datetime import datetime
from typing import Any
from uuid import UUID

from models.case import Case
from models.message import Message
from models.rules.quiet import until_morning
from services.access import receivers
from services.messages import data_of, words_of
from services.ports import Jobs

DELIVER = "message.deliver"
SUBJECT = "授权委托"


async def announce(jobs: Jobs, case: Case, words: str, now: datetime, *, key: str) -> None:
    """Have the applicant, and who receives for them, told once, by day, in the transaction.

    ``words``: what they should do, at most 20 characters; ``key`` names the occasion, and a
    second message of the same key is refused by the database.
    """
    await case.fetch_related("item")
    data = data_of(case, case.item.name, words, now)
    await _record(jobs, key, now, template="case_action", data=data, case_id=case.id)
    for account_id in await receivers(case.id, now):
        await _record(
            jobs,
            f"{key}:{account_id}",
            now,
            template="case_action",
            data=data,
            case_id=case.id,
            account_id=account_id,
        )


async def tell_account(
    jobs: Jobs, account_id: UUID, words: str, now: datetime, *, key: str, subject: str = SUBJECT
) -> None:
    """Have somebody told once of what is about themselves and no case; see ``announce``."""
    data = words_of(subject, words, now)
    await _record(jobs, key, now, template="case_progress", data=data, account_id=account_id)


async def _record(jobs: Jobs, key: str, now: datetime, **message: Any) -> None:
    await Message.create(key=key, created_at=now, **message)
    await jobs.enqueue(DELIVER, {"key": key}, after=until_morning(now), key=f"{DELIVER}:{key}")
