"""The back-office: pullers that lease, fetch, acknowledge, report, and die in between."""

import asyncio
import json
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import uuid4

from jose import jws

from benchmarks.papers import pdf
from tests.crash.history import History
from tests.crash.wire import Client, GaveUp

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LEASE_SECONDS = 30
AT_ONCE = 10
DIES, SLEEPS = 0.04, 0.01
FEE = {"area_m2": 12.5, "surface_type": "沥青"}


@dataclass
class Vendor:
    """What the back-office system keeps for good: whatever a puller has stored outlives it."""

    client_id: str
    audience: str
    key: str = field(repr=False)
    taken: dict[str, str] = field(default_factory=dict)


@dataclass
class Puller:
    """One of several that work for a vendor."""

    client: Client
    vendor: Vendor
    history: History
    name: str

    async def work(self) -> None:
        """Pull until the run is over; one that dies is followed by another."""
        while not self.client.over():
            try:
                if not await self._turn():
                    await asyncio.sleep(0.3)
            except GaveUp:
                return

    async def _turn(self) -> bool:
        reply = await self._send("POST", "/packages/lease", _wish(self.client.chance.random()))
        lease = reply.json if reply is not None and reply.ok else {"packages": []}
        for package in lease["packages"]:
            if self.client.chance.random() < DIES:
                # Killed with what it has leased: nobody hears of it until the lease is over.
                self.history.add("died", puller=self.name)
                return True
            await self._take(lease, package)
        return bool(lease["packages"])

    async def _take(self, lease: dict[str, Any], package: dict[str, Any]) -> None:
        body = package["body"].encode()
        digest = sha256(body).hexdigest()
        content = json.loads(body)
        facts = {"package": package["id"], "case_no": package["case_no"], "digest": digest}
        self.history.add("got", puller=self.name, promised=package["digest"], **facts)
        await self._look_at_one(package["id"], content)
        if self.client.chance.random() < SLEEPS:
            self.history.add("slept", puller=self.name, package=package["id"])
            await asyncio.sleep(LEASE_SECONDS + 2)
        # Stored for good before it is acknowledged.
        self.vendor.taken[package["id"]] = digest
        ack = {
            "lease_token": lease["lease_token"],
            "digest": digest,
            "receipt_code": content["receipt_code"],
        }
        sent = time.time()
        reply = await self._until("POST", f"/packages/{package['id']}/ack", ack)
        until = datetime.fromisoformat(lease["leased_until"]).timestamp()
        self.history.add(
            "acked", status=reply.status, code=reply.code, sent=sent, until=until, **facts
        )
        if reply.ok and package["kind"] == "ACCEPTED":
            await self._report(package["case_no"])

    async def _look_at_one(self, package: str, content: dict[str, Any]) -> None:
        """Fetch the material that the citizen uploaded in this run, and compare it."""
        for material in content.get("materials", ()):
            if material["code"] != "M05":
                continue
            reply = await self._until("GET", f"/packages/{package}/materials/{material['id']}")
            found = sha256(reply.body).hexdigest() if reply.ok else reply.code
            self.history.add(
                "material", case_no=content["case_no"], wanted=material["sha256"], found=found
            )

    async def _report(self, case_no: str) -> None:
        await self._event(case_no, 1, "review_started", {})
        decided = {"decision": "APPROVED", "document_no": f"示住建许{case_no[-6:]}号", "fee": FEE}
        await self._event(case_no, 2, "decided", decided)
        paper = pdf(2_000) + b"\n%" + case_no.encode()
        headers = {"Content-Type": "application/pdf"}
        reply = await self._until("PUT", f"/cases/{case_no}/result", paper, headers)
        self.history.add("result", case_no=case_no, status=reply.status, code=reply.code)

    async def _event(self, case_no: str, seq: int, kind: str, payload: dict[str, Any]) -> None:
        event = {
            "event_id": f"{case_no}-{seq}",
            "case_no": case_no,
            "seq": seq,
            "type": kind,
            "occurred_at": datetime.now(UTC).isoformat(),
            "payload": payload,
        }
        reply = await self._until("POST", "/events", event, {"Idempotency-Key": uuid4().hex})
        outcome = reply.json.get("outcome") if reply.ok else reply.code
        self.history.add("event", case_no=case_no, seq=seq, status=reply.status, outcome=outcome)

    async def _until(self, method: str, path: str, *more: Any) -> Any:
        while True:
            reply = await self._send(method, path, *more)
            if reply is not None:
                return reply

    async def _send(self, method: str, path: str, *more: Any) -> Any:
        """Send until answered; None after the token was renewed: the caller sends again."""
        if not self.client.token:
            await self._log_in()
        reply = await self.client.until(method, f"/backoffice/v1{path}", *more)
        if reply.status == 401:
            self.client = replace(self.client, token="")
            return None
        return reply

    async def _log_in(self) -> None:
        while not self.client.token:
            now = int(time.time())
            claims = {
                "iss": self.vendor.client_id,
                "sub": self.vendor.client_id,
                "aud": self.vendor.audience,
                "jti": uuid4().hex,
                "iat": now,
                "exp": now + 120,
            }
            body = {
                "client_assertion_type": ASSERTION,
                "client_assertion": jws.sign(
                    claims, self.vendor.key, headers={"kid": "development"}, algorithm="ES256"
                ),
            }
            # One assertion is good for one try: an answer that was lost has used it up.
            reply = await self.client.once("POST", "/backoffice/v1/token", body)
            if reply is not None and reply.ok:
                self.client = replace(self.client, token=reply.json["access_token"])
            elif self.client.over():
                raise GaveUp("login")
            else:
                await asyncio.sleep(0.5)


def _wish(chance: float) -> dict[str, int]:
    return {"limit": 1 + int(chance * AT_ONCE), "seconds": LEASE_SECONDS}
