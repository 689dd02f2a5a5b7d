"""Back-office systems that call us: a signed assertion gives a token (RFC 7523)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address, ip_network
from typing import Any

import orjson

from models.database import rows
from models.rules.scopes import Scope
from services.actors import Machine
from services.errors import Forbidden, Unauthenticated
from services.ports import Assertions, Clock, Nonces, Tokens

MACHINE_AUDIENCE = "zhangban:backoffice"
TOKEN_LIFE = timedelta(minutes=15)
# Read with every request: what an administrator changes counts from the next one on.
CLIENT = """
SELECT c.client_id, c.agency_uscc, c.name, c.scopes, c.networks, c.items, k.jwk
FROM backoffice_clients c JOIN machine_keys k ON k.machine_id = c.id AND k.kid = $2
WHERE c.client_id = $1 AND c.active AND k.revoked_at IS NULL
  AND k.valid_from <= $3 AND (k.valid_until IS NULL OR k.valid_until > $3)"""


class ClientRefused(Unauthenticated):
    """Unknown client or key, wrong signature, old, used: the answer does not tell which."""

    code = "client_refused"
    sentence = "client_assertion 不正确、已过期或者已经用过。"


class AddressRefused(Forbidden):
    """A back-office system calls from where it is not expected to be."""

    code = "address_refused"
    sentence = "不接受从这个网络地址来的请求。"


class ScopeMissing(Forbidden):
    """The system was not granted what this route asks for."""

    code = "scope_missing"
    sentence = "这个系统没有这项权限。"


@dataclass(frozen=True)
class Machines:
    clock: Clock
    tokens: Tokens
    assertions: Assertions
    nonces: Nonces

    async def token(self, assertion: str, address: str) -> str:
        """Take an assertion for a token of 15 minutes that names the system and its key.

        Raises ``ClientRefused``, ``AddressRefused``, or ``Unavailable`` while nobody can tell
        whether the assertion was used before.
        """
        try:
            client_id, kid = self.assertions.signer(assertion)
            client = await self._client(client_id, kid)
            proven = self.assertions.verify(assertion, client["jwk"])
        except Unauthenticated as error:
            raise ClientRefused from error
        _check_address(client["networks"], address)
        lasts = proven.expires_at - self.clock.now()
        if not await self.nonces.use(f"{client_id}:{proven.jti}", lasts):
            raise ClientRefused
        claims = {"sub": client_id, "kid": kid}
        return self.tokens.issue(claims, audience=MACHINE_AUDIENCE, ttl=TOKEN_LIFE)

    async def authenticate(self, token: str, address: str, scope: Scope) -> Machine:
        """Return the system that a token names, as it stands now.

        Raises ``Unauthenticated`` (also for a closed system or a revoked key),
        ``AddressRefused`` or ``ScopeMissing``.
        """
        claims = self.tokens.read(token, audience=MACHINE_AUDIENCE)
        client = await self._client(claims["sub"], str(claims.get("kid")))
        _check_address(client["networks"], address)
        if scope.value not in client["scopes"]:
            raise ScopeMissing
        items = frozenset(client["items"])
        return Machine(client["client_id"], client["agency_uscc"], client["name"], items)

    async def _client(self, client_id: str, kid: str) -> dict[str, Any]:
        found = await rows(CLIENT, [client_id, kid, self.clock.now()])
        if not found:
            raise Unauthenticated
        [row] = found
        kept = {name: orjson.loads(row[name]) for name in ("scopes", "networks", "items", "jwk")}
        return {**row, **kept}


def _check_address(networks: Iterable[str], address: str) -> None:
    allowed = [ip_network(network) for network in networks]
    if not allowed:
        return
    try:
        source = ip_address(address)
    except ValueError as error:
        raise AddressRefused from error
    mapped = getattr(source, "ipv4_mapped", None)
    if not any((mapped or source) in network for network in allowed):
        raise AddressRefused
