"""Pulling: lease, verify, keep, fetch, take over, acknowledge.

The order is the point. Nothing is acknowledged before it is on this disk with all its materials,
for an acknowledgement means that the county may forget; and nothing is thrown away because an
acknowledgement failed, for the county serves it again and we know it by its id.
"""

import hashlib
import json
import logging
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from miniapp_stub.puller.materials import Materials
from miniapp_stub.puller.signatures import Signatures
from miniapp_stub.puller.store import Broken, Package, Store
from miniapp_stub.puller.wire import Unreachable, Wire

log = logging.getLogger("puller")
BASE = "/backoffice/v1/packages"
# Codes that say "not under this lease": the package comes again, with its bytes unchanged.
LOST = ("lease_lost", "package_unknown")


def read(row: Mapping[str, Any], lease_token: str) -> Package:
    """Return a package as it was leased; raise ``Broken`` when it is not what was sent.

    The digest is of the body's bytes as they came: reading and writing the JSON again would give
    other bytes. What else the row or the body says is kept and not complained of: the county may
    add fields without asking.
    """
    try:
        sent = str(row["body"]).encode()
    except UnicodeEncodeError as error:
        raise Broken("DIGEST", "the body is no Unicode text") from error
    if hashlib.sha256(sent).hexdigest() != row["digest"]:
        raise Broken("DIGEST", "the body is not what its digest says")
    try:
        body = json.loads(sent)
        package = Package(
            id=str(body["package_id"]),
            case_no=str(body["case_no"]),
            seq=int(body["seq"]),
            kind=str(body["kind"]),
            digest=str(row["digest"]),
            body=str(row["body"]),
            signature=row.get("signature"),
            lease_token=lease_token,
        )
        complete = package.id == row["id"] and bool(body["receipt_code"])
    except (ValueError, KeyError, TypeError) as error:
        raise Broken("SCHEMA", f"the body cannot be read: {error!r}") from error
    if not complete:
        raise Broken("SCHEMA", "the body is another package's, or has no receipt code")
    return package


def files_of(package: Package) -> Iterator[tuple[str, str, int]]:
    """Yield path, SHA-256 and size of every file: the materials, and photos they were bound from.

    Raises ``Broken`` when the list says something else.
    """
    try:
        for material in package.content.get("materials", ()):
            path = f"{BASE}/{package.id}/materials/{material['id']}"
            yield (path, *_promised(material))
            for photo in material.get("photos", ()):
                yield (f"{path}/pages/{int(photo['no'])}", *_promised(photo))
    except (KeyError, TypeError, ValueError) as error:
        raise Broken("SCHEMA", f"the list of materials cannot be read: {error!r}") from error


def _promised(listed: Mapping[str, Any]) -> tuple[str, int]:
    # It becomes a file's name here: nothing else may pass.
    if not re.fullmatch("[0-9a-f]{64}", str(listed["sha256"])):
        raise ValueError("sha256")
    return str(listed["sha256"]), int(listed["size"])


@dataclass
class Puller:
    wire: Wire
    store: Store
    materials: Materials
    signatures: Signatures
    passing: Callable[[str], None]
    seconds: int = 600
    limit: int = 10
    reports: Sequence[tuple[str, Mapping[str, Any]]] = ()

    def pull(self) -> int:
        """Finish what was begun, then take what is ready; return how many were leased."""
        for package in self.store.unfinished():
            self._try(package.id, package.lease_token, partial(self._finish, package))
        asked = {"limit": self.limit, "seconds": self.seconds}
        reply = self.wire.post(f"{BASE}/lease", asked)
        if reply.status != 200:
            log.error("no lease: %s %s", reply.status, reply.code)
            return 0
        self.passing("leased")
        # A case's packages in their order, whatever order they came in.
        rows = sorted(
            reply.json.get("packages") or (), key=lambda row: (row["case_no"], row["seq"])
        )
        token = str(reply.json.get("lease_token"))
        for row in rows:
            self._try(str(row["id"]), token, partial(self._receive, row, token))
        return len(rows)

    def _try(self, package_id: str, lease_token: str, act: Callable[[], None]) -> None:
        try:
            act()
        except Unreachable as error:
            # One file that does not come must not keep the other packages waiting.
            log.warning("package %s: no answer for now: %s", package_id, error)
        except Broken as broken:
            log.error("package %s goes back: %s", package_id, broken)
            body = {"lease_token": lease_token, "code": broken.code, "text": broken.reason}
            # A county that takes nothing back answers 404, and the lease runs out instead.
            self.wire.post(f"{BASE}/{package_id}/return", body)
            self.store.lease_lost(package_id)

    def _receive(self, row: Mapping[str, Any], lease_token: str) -> None:
        package = read(row, lease_token)
        signature = package.signature
        if signature and not self.signatures.are_good(signature, package.body.encode()):
            raise Broken("DIGEST", "the signature is not the county's over this body")
        self.store.keep(package)
        self.passing("kept")
        self._finish(package)

    def _finish(self, package: Package) -> None:
        if self.store.must_wait(package):
            return
        if not self.store.is_taken(package):
            self._fetch(package)
            self.passing("fetched")
            self.store.take(package, self.reports)
            self.passing("taken")
        self._acknowledge(package)

    def _fetch(self, package: Package) -> None:
        extend_at = time.monotonic() + self.seconds / 2
        for path, digest, size in files_of(package):
            if time.monotonic() > extend_at:
                body = {"lease_token": package.lease_token, "seconds": self.seconds}
                self.wire.post(f"{BASE}/{package.id}/extend", body)
                extend_at = time.monotonic() + self.seconds / 2
            self.materials.fetch(path, digest, size)

    def _acknowledge(self, package: Package) -> None:
        """Say that it arrived. Said twice it is the same answer, so a lost answer costs nothing."""
        body = {
            "lease_token": package.lease_token,
            "digest": package.digest,
            "receipt_code": package.content["receipt_code"],
        }
        reply = self.wire.post(f"{BASE}/{package.id}/ack", body)
        self.passing("answered")
        if reply.status == 200:
            self.store.acknowledged(package)
            self.passing("acknowledged")
        elif reply.code in LOST:
            log.info("package %s: the lease is over, it will come again", package.id)
            self.store.lease_lost(package.id)
        else:
            raise Broken("OTHER", f"acknowledgement refused: {reply.status} {reply.code}")
