"""Watching over the hand-off (never silent): who is told of a package that does not arrive.

Three things are looked for each minute: it was not taken over by its hour, it was leased three
times and never acknowledged, it came back twice. First the back-office's contact hears of it, half
an hour later supervision; each once for a package and a reason, and the machine room sees the
number all the time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from models.case import Case
from models.database import rows
from models.ids import uuid7
from models.rules.events import Role
from models.rules.handoff import SUPERVISION_AFTER, HandoffAct, StuckReason
from models.rules.states import MonitorLight
from models.rules.supervision import AlertKind
from models.staff import BackofficeClient
from models.unit import transaction
from services.alerts import raise_alert
from services.handed import note
from services.items import Items
from services.messages import words_of
from services.packages import ACCEPTED
from services.ports import Clock, Crypto, Jobs, Sms
from services.wake_ups import CONTACT_PURPOSE, call_again

TELL_STUCK = "handoff.stuck"
TEMPLATE = "case_action"
SUBJECT = "后台移交"
CONTACT, SUPERVISION = 1, 2
PAGE = 200
# Many packages get stuck together: one message tells of those of a moment.
TOGETHER = timedelta(seconds=5)
FRESH_FOR = timedelta(seconds=15)

# Each part has a partial index of what is open. A lease that still lives may yet end well.
STUCK = """
WITH stuck AS (
  SELECT id, 'LATE' AS reason FROM handoff_packages
  WHERE status <> 'ACKED' AND pull_by <= $1
  UNION ALL
  SELECT id, 'UNACKED' FROM handoff_packages
  WHERE status <> 'ACKED' AND leases > 2 AND leases - returns > 2
    AND (status = 'READY' OR leased_until <= $1)
  UNION ALL
  SELECT id, 'RETURNED' FROM handoff_packages WHERE status <> 'ACKED' AND returns > 1
)
SELECT s.id, s.reason, CASE WHEN first.id IS NULL THEN 1 ELSE 2 END AS step FROM stuck s
LEFT JOIN handoff_escalations first
  ON first.package_id = s.id AND first.reason = s.reason AND first.step = 1
LEFT JOIN handoff_escalations second
  ON second.package_id = s.id AND second.reason = s.reason AND second.step = 2
WHERE first.id IS NULL OR (second.id IS NULL AND first.at <= $2)
ORDER BY s.id LIMIT $3"""
HOLD = """
SELECT p.kind, p.agency_uscc, p.item_code, p.case_id, p.leases, p.created_at
FROM cases c JOIN handoff_packages p ON p.case_id = c.id
WHERE p.id = $1 AND p.status <> 'ACKED' FOR UPDATE OF c, p"""
ONCE = """
INSERT INTO handoff_escalations (id, package_id, reason, step, at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (package_id, reason, step) DO NOTHING RETURNING id"""
OF_CLIENT = """
SELECT count(*) AS number FROM handoff_packages p
JOIN handoff_escalations e ON e.package_id = p.id AND e.reason = $3 AND e.step = 1
WHERE p.agency_uscc = $1 AND p.status <> 'ACKED'
  AND (cardinality($2::text[]) = 0 OR p.item_code = ANY($2))"""
COUNTED = """
SELECT e.reason, count(*) AS number FROM handoff_packages p
JOIN handoff_escalations e ON e.package_id = p.id AND e.step = 1
WHERE p.status <> 'ACKED' GROUP BY e.reason"""
WAITING = """
SELECT count(*) AS number, min(created_at) AS oldest FROM handoff_packages
WHERE status <> 'ACKED'"""


@dataclass(frozen=True)
class HandoffWatch:
    clock: Clock
    crypto: Crypto
    items: Items
    jobs: Jobs
    sms: Sms

    async def sweep(self) -> int:
        """Tell whoever is next of each package that is stuck; return how many steps were taken."""
        now = self.clock.now()
        found = await rows(STUCK, [now, now - SUPERVISION_AFTER, PAGE])
        taken = 0
        for row in found:
            taken += await self._escalate(row["id"], StuckReason(row["reason"]), row["step"], now)
        return taken

    @transaction
    async def _escalate(
        self, package_id: UUID, reason: StuckReason, step: int, now: datetime
    ) -> bool:
        held = await rows(HOLD, [package_id])
        if not held or not await rows(ONCE, [uuid7(), package_id, reason.value, step, now]):
            return False
        text = {CONTACT: "后台联系人", SUPERVISION: "电子监察"}[step]
        await note(package_id, now, HandoffAct.ESCALATED, None, code=reason.value, text=text)
        if step == CONTACT:
            await self._tell_soon(held[0]["agency_uscc"], reason, now)
            await self._wake_again(held[0], reason)
        else:
            await self._alert(held[0], package_id, reason, now)
        return True

    async def _wake_again(self, package: Mapping[str, Any], reason: StuckReason) -> None:
        """Call once more for what nobody pulled: the first call may have got lost."""
        if reason is StuckReason.LATE and package["leases"] == 0:
            await call_again(package["agency_uscc"], package["item_code"], package["created_at"])

    async def _tell_soon(self, agency: str, reason: StuckReason, now: datetime) -> None:
        said = {"agency": agency, "reason": reason.value, "at": now.isoformat()}
        key = f"{TELL_STUCK}:{agency}:{reason.value}:{now.isoformat()}"
        await self.jobs.enqueue(TELL_STUCK, said, after=TOGETHER, key=key)

    async def _alert(
        self, package: Mapping[str, Any], package_id: UUID, reason: StuckReason, now: datetime
    ) -> None:
        # The hour of the first package is a clock of the lifecycle: its timer has told already.
        if reason is StuckReason.LATE and package["kind"] == ACCEPTED:
            return
        case = await Case.get(id=package["case_id"])
        item = await self.items.version(case.item_version_id)
        await raise_alert(
            now,
            AlertKind.OVERTIME,
            MonitorLight.RED,
            reason.alert,
            owner=(Role.BACKOFFICE, item.agency),
            case_id=case.id,
            data={"package_id": str(package_id), "kind": package["kind"]},
        )

    async def tell(self, payload: Mapping[str, Any]) -> None:
        """Send the contacts of an agency's systems a message (job: agency, reason, at).

        Raises ``OutsideUnavailable`` to be tried again; the gateway takes it as the same message.
        """
        reason, at = StuckReason(payload["reason"]), datetime.fromisoformat(payload["at"])
        clients = BackofficeClient.filter(
            agency_uscc=payload["agency"], active=True, contact_sealed__not_isnull=True
        )
        for client in await clients.order_by("client_id"):
            values = [client.agency_uscc, client.items, reason.value]
            [counted] = await rows(OF_CLIENT, values)
            if not counted["number"]:
                continue
            phone = self.crypto.open(client.contact_sealed or b"", CONTACT_PURPOSE).decode()
            words = words_of(SUBJECT, reason.zh, at, str(counted["number"]))
            moment = int(at.timestamp())
            once = f"{TELL_STUCK}:{client.client_id}:{reason.value}:{moment}"
            await self.sms.send(phone, TEMPLATE, words, once=once)


@dataclass(frozen=True)
class Standing:
    """How the hand-off stands: what waits, since when, and how much of it is stuck and why."""

    open: int
    oldest_seconds: float
    stuck: Mapping[str, int]


class HandoffMeter:
    """The numbers for whoever watches the machines; counted anew at most every 15 s."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: tuple[datetime, Standing] | None = None

    async def read(self) -> Standing:
        """Return how the hand-off stands."""
        now = self._clock.now()
        if self._kept is None or now - self._kept[0] >= FRESH_FOR:
            [waiting] = await rows(WAITING)
            counted = {row["reason"]: row["number"] for row in await rows(COUNTED)}
            age = 0.0 if waiting["oldest"] is None else (now - waiting["oldest"]).total_seconds()
            stuck = {reason.value: counted.get(reason.value, 0) for reason in StuckReason}
            self._kept = (now, Standing(waiting["number"], max(age, 0.0), stuck))
        return self._kept[1]
