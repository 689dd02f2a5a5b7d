"""Wake-up calls (唤醒推送): a back-office that does not want to poll hears that something waits.

A call says whose packages wait and how many, nothing of a person. What waits is looked for each
minute; a call that fails is tried again for about a day, then the next package begins a new one.
"""

import base64
import random
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import structlog

from models.database import rows
from models.handoff import WakeUp
from models.ids import uuid7
from models.staff import BackofficeClient
from models.unit import transaction
from services.actors import Actor
from services.audit import Audit
from services.errors import Invalid
from services.ports import Clock, Crypto, Jobs
from services.ports.pushing import Push, Pushed, Pushes
from services.registrations import ClientUnknown

log = structlog.get_logger(__name__)

WAKE = "handoff.wake"
SECRET_PURPOSE, CONTACT_PURPOSE = "machine.wake_up", "machine.contact"
SECRET_BYTES = 32
PREFIX = "whsec_"
# Standard Webhooks' own proposal, in seconds after the try before.
AFTER = (0, 5, 300, 1800, 7200, 18_000, 36_000)
JITTER = 0.1
LOST_AFTER = timedelta(minutes=2)

# Not told of yet, or a call whose job was lost.
WAITING = """
SELECT w.id, w.due_at FROM handoff_wake_ups w JOIN backoffice_clients b ON b.id = w.machine_id
WHERE w.disabled_at IS NULL AND b.active AND (w.due_at <= $2 OR w.due_at IS NULL AND EXISTS (
  SELECT FROM handoff_packages p
  WHERE p.agency_uscc = b.agency_uscc AND p.status <> 'ACKED' AND p.status = 'READY'
    AND (b.items::jsonb = '[]' OR b.items::jsonb ? p.item_code)
    AND p.created_at > coalesce(w.told_until, w.created_at) AND p.created_at <= $1))"""
COUNT = """
SELECT count(*) AS number FROM handoff_packages p
WHERE p.agency_uscc = $1 AND p.status <> 'ACKED' AND p.created_at <= $3
  AND (cardinality($2::text[]) = 0 OR p.item_code = ANY($2))
  AND (p.status = 'READY' OR p.leased_until <= $3)"""

# A call that is under way tells of the package as well.
AGAIN = """
UPDATE handoff_wake_ups w SET told_until = least(w.told_until, $3::timestamptz)
FROM backoffice_clients b
WHERE b.id = w.machine_id AND b.agency_uscc = $1 AND w.due_at IS NULL AND w.disabled_at IS NULL
  AND (b.items::jsonb = '[]' OR b.items::jsonb ? $2)"""


class AddressUnfit(Invalid):
    """Not an address that a wake-up call can go to."""

    code = "address_unfit"
    sentence = "唤醒地址要是完整的 https 地址,不带用户名和片段。"


@dataclass(frozen=True)
class WakeUps:
    clock: Clock
    crypto: Crypto
    jobs: Jobs
    pushes: Pushes
    audit: Audit

    @transaction
    async def register(self, actor: Actor, client_id: str, url: str) -> str:
        """Have a system woken at an address; return the secret that signs, which is shown once.

        Raises ``ClientUnknown`` or ``AddressUnfit``. Registered again, it has a new secret.
        """
        if not self.pushes.is_fit(url):
            raise AddressUnfit
        client = await _held(client_id)
        secret = secrets.token_bytes(SECRET_BYTES)
        now = self.clock.now()
        await WakeUp.filter(machine_id=client.id).delete()
        await WakeUp.create(
            id=uuid7(),
            machine_id=client.id,
            url=url,
            secret_sealed=self.crypto.seal(secret, SECRET_PURPOSE),
            created_at=now,
        )
        await self.audit.record(actor, "machine.wake_up", "machine", client_id, {"url": url})
        return PREFIX + base64.b64encode(secret).decode()

    @transaction
    async def remove(self, actor: Actor, client_id: str) -> None:
        """Wake a system no more; raise ``ClientUnknown``."""
        client = await _held(client_id)
        if await WakeUp.filter(machine_id=client.id).delete():
            await self.audit.record(actor, "machine.wake_up", "machine", client_id, {"url": None})

    @transaction
    async def set_contact(self, actor: Actor, client_id: str, phone: str | None) -> None:
        """Keep the phone of who looks after a system; raise ``ClientUnknown``."""
        client = await _held(client_id)
        sealed = None if phone is None else self.crypto.seal(phone.encode(), CONTACT_PURPOSE)
        await BackofficeClient.filter(id=client.id).update(contact_sealed=sealed)
        facts = {"given": phone is not None}
        await self.audit.record(actor, "machine.contact", "machine", client_id, facts)

    async def sweep(self) -> int:
        """Begin the calls that are due (each minute); return how many were."""
        now = self.clock.now()
        found = await rows(WAITING, [now, now - LOST_AFTER])
        for row in found:
            await self._begin(row["id"], now)
        return len(found)

    @transaction
    async def _begin(self, wake_up_id: UUID, now: datetime) -> None:
        wake_up = await WakeUp.filter(id=wake_up_id).select_for_update().get_or_none()
        if wake_up is None or wake_up.disabled_at is not None:
            return
        if wake_up.due_at is None:
            wake_up.message_id, wake_up.attempt, wake_up.begun_at = uuid7(), 0, now
        wake_up.due_at = now
        await wake_up.save(update_fields=["message_id", "attempt", "begun_at", "due_at"])
        await self._enqueue(wake_up, timedelta(0))

    async def wake(self, payload: Mapping[str, Any]) -> None:
        """Make one try of a call (job: id, message, attempt); one that is over does nothing."""
        wake_up = await WakeUp.get_or_none(id=UUID(payload["id"])).select_related("machine")
        if wake_up is None or not _is_current(wake_up, payload):
            return
        now, client = self.clock.now(), wake_up.machine
        [counted] = await rows(COUNT, [client.agency_uscc, client.items, now])
        if not counted["number"]:
            outcome = Pushed.DELIVERED
        else:
            secret = self.crypto.open(wake_up.secret_sealed, SECRET_PURPOSE)
            push = _push(wake_up, client, counted["number"], now)
            outcome = await self.pushes.send(wake_up.url, secret, push)
        log.info("handoff.woken", client=client.client_id, outcome=outcome.value)
        await self._record(payload, outcome, now)

    @transaction
    async def _record(self, payload: Mapping[str, Any], outcome: Pushed, counted: datetime) -> None:
        found = WakeUp.filter(id=UUID(payload["id"])).select_for_update()
        wake_up = await found.get_or_none()
        if wake_up is None or not _is_current(wake_up, payload):
            return
        wake_up.last_outcome = outcome.value
        if outcome is Pushed.GONE:
            wake_up.disabled_at, wake_up.due_at = self.clock.now(), None
        elif outcome is Pushed.DELIVERED or wake_up.attempt + 1 >= len(AFTER):
            # After a day of silence it is for escalation to tell a person.
            wake_up.told_until, wake_up.due_at = counted, None
        else:
            wake_up.attempt += 1
            wait = timedelta(seconds=AFTER[wake_up.attempt] * _around())
            wake_up.due_at = self.clock.now() + wait
            await self._enqueue(wake_up, wait)
        await wake_up.save()

    async def _enqueue(self, wake_up: WakeUp, after: timedelta) -> None:
        said = {"id": str(wake_up.id), "message": str(wake_up.message_id)}
        # Each try has a key of its own: the job that makes one is still there when it ends.
        key = f"{WAKE}:{wake_up.message_id}:{wake_up.attempt}"
        await self.jobs.enqueue(WAKE, {**said, "attempt": wake_up.attempt}, after=after, key=key)


async def call_again(agency: str, item_code: str, created_at: datetime) -> None:
    """Have the next sweep call for a package as if it had just come, in the caller's transaction.

    The systems are those that may pull it: of its agency, for its item.
    """
    await rows(AGAIN, [agency, item_code, created_at - timedelta(microseconds=1)])


def _is_current(wake_up: WakeUp, payload: Mapping[str, Any]) -> bool:
    now = (str(wake_up.message_id), wake_up.attempt)
    under_way = wake_up.due_at is not None and wake_up.disabled_at is None
    return under_way and now == (payload["message"], payload["attempt"])


def _around() -> float:
    return 1 + random.uniform(0, JITTER)  # noqa: S311 - spreads calls, guards nothing


def _push(wake_up: WakeUp, client: BackofficeClient, number: int, now: datetime) -> Push:
    body = {
        "type": "handoff.waiting",
        "timestamp": now.isoformat(),
        "data": {"agency": client.agency_uscc, "client_id": client.client_id, "count": number},
    }
    return Push(f"msg_{wake_up.message_id}", now, orjson.dumps(body))


async def _held(client_id: str) -> BackofficeClient:
    found = BackofficeClient.filter(client_id=client_id).select_for_update()
    client = await found.get_or_none()
    if client is None:
        raise ClientUnknown
    return client
