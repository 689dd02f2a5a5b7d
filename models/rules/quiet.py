"""Quiet hours: what a timer does at midnight is told in the morning."""

from datetime import datetime, time, timedelta

from models.rules.calendar import ONE_DAY, SHANGHAI

EVENING = time(21)
MORNING = time(8)


def until_morning(now: datetime) -> timedelta:
    """Return how long to wait with a message that nobody asked for; zero by day."""
    local = now.astimezone(SHANGHAI)
    if MORNING <= local.time() < EVENING:
        return timedelta(0)
    day = local.date() + (ONE_DAY if local.time() >= EVENING else timedelta(0))
    return datetime.combine(day, MORNING, SHANGHAI) - now
