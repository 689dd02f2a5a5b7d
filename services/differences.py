"""Differences as they are kept: found once, closed by a later look or by an operator."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

import orjson

from models.case import Case
from models.database import rows
from models.ids import uuid7
from models.item import Item
from models.reconciliation import PaymentDifference
from models.rules.differences import Difference, Differs
from models.rules.events import Role
from models.rules.states import MonitorLight
from models.rules.supervision import AlertKind
from models.supervision import MonitorAlert
from services.alerts import raise_alert
from services.errors import Conflict, Invalid, NotFound

OPEN, MENDED, RESOLVED = "OPEN", "MENDED", "RESOLVED"
ALERT = "payment_difference"
MOST_REASON = 300

# One that was mended and is there again is found again; one that an operator judged stays so.
KEEP = """
INSERT INTO payment_differences AS d (id, key, channel, day, code, light, order_number,
  refund_number, case_id, facts, status, found_at, reason)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::jsonb, 'OPEN', $11, '')
ON CONFLICT (key) DO UPDATE SET status = 'OPEN', found_at = excluded.found_at,
  facts = excluded.facts, alert_id = NULL, closed_at = NULL, closed_by = NULL
WHERE d.status = 'MENDED'
RETURNING d.id"""
GONE = """
UPDATE payment_differences SET status = 'MENDED', closed_at = $4, closed_by = $5
WHERE channel = $1 AND day = $2 AND status = 'OPEN' AND NOT key = ANY($3::text[])
RETURNING alert_id"""


class DifferenceUnknown(NotFound):
    """No difference has this key."""

    code = "difference_unknown"
    sentence = "没有找到这条对账差异。"


class DifferenceClosed(Conflict):
    """It was mended, or somebody resolved it; what they wrote stays."""

    code = "difference_closed"
    sentence = "这条对账差异已经处理过了。"


class ReasonMissing(Invalid):
    """A difference in money is not closed without a word about why."""

    code = "difference_reason_missing"
    sentence = "请写明处理理由(最多300字)。"


async def keep(channel: str, day: date, found: Sequence[Difference], now: datetime) -> int:
    """Keep what was found, in the caller's transaction; return how many are new."""
    new = 0
    for each in sorted(found, key=lambda difference: difference.key):
        values = [
            *(uuid7(), each.key, channel, day, each.code.value, each.code.light.value),
            *(each.order, each.refund, each.case and UUID(each.case)),
            *(orjson.dumps(dict(each.facts)).decode(), now),
        ]
        new += len(await rows(KEEP, values))
    return new


async def close_gone(
    channel: str, day: date, left: Sequence[Difference], now: datetime, by: str
) -> int:
    """Close the day's differences that are no longer seen, and their alerts; return how many."""
    gone = await rows(GONE, [channel, day, [each.key for each in left], now, by])
    alerts = [row["alert_id"] for row in gone if row["alert_id"] is not None]
    await calm(alerts, now, by, "对账差异已消除。")
    return len(gone)


async def count_open(channel: str, day: date) -> int:
    return await PaymentDifference.filter(channel=channel, day=day, status=OPEN).count()


async def alarm(now: datetime) -> int:
    """Raise an alert for each open difference that has none; return how many were raised."""
    waiting = PaymentDifference.filter(status=OPEN, alert_id=None).order_by("key")
    found = await waiting.select_for_update()
    for each in found:
        code = Differs(each.code)
        alert_id = await raise_alert(
            now,
            AlertKind.OUT_OF_ORDER,
            code.light,
            ALERT,
            owner=(Role.SUPERVISOR, await _agency(each.case_id)),
            case_id=each.case_id,
            data={"key": each.key, "day": each.day.isoformat()},
        )
        await PaymentDifference.filter(id=each.id).update(alert_id=alert_id)
    return len(found)


async def calm(alerts: Sequence[UUID], now: datetime, by: str, why: str) -> None:
    """Close alerts that are still open."""
    still = MonitorAlert.filter(id__in=alerts, resolved_at=None)
    await still.update(resolved_at=now, resolved_by=by[:64], resolution=why)


async def raise_missing(day: date, now: datetime) -> None:
    """Raise an alert, once, for a day whose bill did not come."""
    if await _missing(day) is None:
        data = {"day": day.isoformat()}
        owner = (Role.SUPERVISOR, "")
        kind, light = AlertKind.OUT_OF_ORDER, MonitorLight.RED
        await raise_alert(now, kind, light, "bill_missing", owner=owner, data=data)


async def calm_missing(day: date, now: datetime, by: str) -> None:
    """Close the alert of a day whose bill came late."""
    missing = await _missing(day)
    if missing is not None:
        await calm([missing.id], now, by, "账单已取得并完成对账。")


async def _missing(day: date) -> MonitorAlert | None:
    known = await MonitorAlert.filter(code="bill_missing", resolved_at=None)
    return next((each for each in known if each.data.get("day") == day.isoformat()), None)


async def _agency(case_id: UUID | None) -> str:
    if case_id is None:
        return ""
    case = await Case.get(id=case_id)
    return (await Item.get(id=case.item_id)).agency
