"""An approval system of an agency: its token by private_key_jwt, then everything over HTTP."""

import base64
import json
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from uuid import uuid4

from services.actors import Machine
from tests import make
from tests.assertions import TYPE, claims_of, signed
from tests.make import MACHINE_KID
from tests.world import Answer, World

BASE = "/backoffice/v1"
CHUNK = 700  # bytes: several ranges for the smallest photo of the tests


def digest_of(content: bytes) -> str:
    """Return a digest field's value (RFC 9530)."""
    return f"sha-256=:{base64.b64encode(sha256(content).digest()).decode()}:"


@dataclass(frozen=True)
class Leased:
    """A package under a lease, with what its body says."""

    id: str
    token: str
    digest: str
    raw: bytes
    body: dict[str, Any]

    @property
    def path(self) -> str:
        return f"{BASE}/packages/{self.id}"

    def receipt(self, **changes: str) -> dict[str, str]:
        """Return the proof of having read it, or one that something is wrong with."""
        right = {
            "lease_token": self.token,
            "digest": self.digest,
            "receipt_code": self.body["receipt_code"],
        }
        return {**right, **changes}


@dataclass
class Vendor:
    """``log_in`` gets a token for fifteen minutes; on another day it is to be asked again."""

    world: World
    machine: Machine
    token: str = field(default="", repr=False)
    names: dict[int, str] = field(default_factory=dict)

    @classmethod
    async def of(cls, world: World, agency_uscc: str) -> "Vendor":
        vendor = cls(world, await make.machine(world, agency_uscc))
        await vendor.log_in()
        return vendor

    async def log_in(self) -> None:
        claims = claims_of(self.world, self.machine.client_id)
        body = {
            "grant_type": "client_credentials",
            "client_assertion_type": TYPE,
            "client_assertion": signed(claims, MACHINE_KID),
        }
        answer = await self.world.http.post(f"{BASE}/token", data=body)
        assert answer.status == 200, answer.body
        self.token = answer.json["access_token"]

    async def get(self, path: str, **more: Any) -> Answer:
        return await self.world.http.get(path, token=self.token, **more)

    async def post(self, path: str, body: object) -> Answer:
        return await self.world.http.post(path, token=self.token, json=body)

    async def lease(self, seconds: int = 600) -> list[Leased]:
        """Take what waits, and see that each body is what its digest says."""
        answer = await self.post(f"{BASE}/packages/lease", {"limit": 10, "seconds": seconds})
        assert answer.status == 200, answer.body
        found = []
        for each in answer.json["packages"]:
            raw = each["body"].encode()
            assert sha256(raw).hexdigest() == each["digest"]
            token = answer.json["lease_token"]
            found.append(Leased(each["id"], token, each["digest"], raw, json.loads(raw)))
        return found

    async def acknowledge(self, package: Leased, **changes: str) -> Answer:
        return await self.post(f"{package.path}/ack", package.receipt(**changes))

    async def take(self) -> list[dict[str, Any]]:
        """Lease and acknowledge all that waits; return what the packages say, in order."""
        said = []
        while found := await self.lease():
            for package in found:
                assert (await self.acknowledge(package)).status == 200
                said.append(package.body)
        return said

    async def read(self, path: str) -> bytes:
        """Fetch a file in ranges, each on a connection that breaks after it; see its digest."""
        first = await self.get(path, headers={"Range": f"bytes=0-{CHUNK - 1}"})
        assert first.status == 206, first.body
        size = int(first.headers["Content-Range"].rpartition("/")[2])
        content, whole = first.body, first.headers["Repr-Digest"]
        while len(content) < size:
            sent = {"Range": f"bytes={len(content)}-{len(content) + CHUNK - 1}"}
            part = await self.get(path, headers={**sent, "If-Range": first.headers["ETag"]})
            start, end = len(content), min(len(content) + CHUNK, size) - 1
            assert part.status == 206
            assert part.headers["Content-Range"] == f"bytes {start}-{end}/{size}"
            assert part.headers["Repr-Digest"] == whole
            content += part.body
        assert digest_of(content) == whole
        return content

    def event(self, case_no: str, seq: int, kind: str, **payload: Any) -> dict[str, Any]:
        """Return an event of a case; the same number has the same id."""
        return {
            "event_id": self.names.setdefault(seq, uuid4().hex),
            "case_no": case_no,
            "seq": seq,
            "type": kind,
            "occurred_at": self.world.clock.now().isoformat(),
            "payload": payload,
        }

    async def send(self, event: dict[str, Any]) -> Answer:
        return await self.post(f"{BASE}/events", event)

    async def tell(self, case_no: str, seq: int, kind: str, **payload: Any) -> None:
        """Report the case's next event, which counts at once."""
        answer = await self.send(self.event(case_no, seq, kind, **payload))
        assert (answer.status, answer.json.get("outcome")) == (200, "applied"), answer.body
