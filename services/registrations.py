"""Back-office systems and their keys as administrators keep them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_network
from typing import Any

from models.database import Duplicate
from models.ids import uuid7
from models.rules.identity import UsccInvalid, read_uscc
from models.rules.scopes import Scope
from models.staff import BackofficeClient, MachineKey
from models.unit import transaction
from services.actors import Actor, Machine
from services.audit import Audit
from services.errors import Conflict, FieldFault, Invalid, NotFound
from services.ports import Assertions, Clock

MOST_KEYS = 4


class ClientUnknown(NotFound):
    """There is no such system, or no such key of it."""

    code = "client_unknown"
    sentence = "没有找到这个系统或者密钥。"


class ClientIdTaken(Conflict):
    """A system with this client id exists."""

    code = "client_id_taken"
    sentence = "这个 client_id 已经存在。"


class KeyTaken(Conflict):
    """The system has a key of this name; a name is never used for another key."""

    code = "key_taken"
    sentence = "这个系统已经有同名的密钥。"


class KeysTooMany(Conflict):
    """A rotation takes two keys; more than four are a disorder."""

    code = "keys_too_many"
    sentence = "有效的密钥太多,请先作废旧的。"


class KeyInvalid(Invalid):
    """Not a public P-256 key, or valid in no time."""

    code = "key_invalid"
    sentence = "需要一把 P-256 公钥(JWK),有效期的结束要晚于开始。不要上传私钥。"


class AgencyInvalid(Invalid):
    """Not a code that an agency can have."""

    code = "agency_invalid"
    sentence = "统一社会信用代码不正确。"


class NetworkInvalid(Invalid):
    """A source that is no network; each fault names one."""

    code = "network_invalid"
    sentence = "来源地址要写成网段,例如 203.0.113.0/24。"


@dataclass(frozen=True)
class Grants:
    """What a system may do, where it calls from, and the codes of the items that it handles; no
    network means from anywhere, no item all of its agency's."""

    scopes: Collection[Scope]
    networks: Sequence[str] = ()
    items: Collection[str] = ()


@dataclass(frozen=True)
class Registrations:
    clock: Clock
    assertions: Assertions
    audit: Audit

    async def list(self) -> Sequence[BackofficeClient]:
        """Return every system with its keys."""
        return await BackofficeClient.all().order_by("client_id").prefetch_related("keys")

    async def add(
        self, actor: Actor, client_id: str, name: str, agency_uscc: str, grants: Grants
    ) -> Machine:
        """Add a system that may pull its agency's packages (统一社会信用代码).

        Raises ``ClientIdTaken``, ``NetworkInvalid`` or ``AgencyInvalid``.
        """
        try:
            agency = read_uscc(agency_uscc)
        except UsccInvalid as error:
            raise AgencyInvalid(faults=[FieldFault("/agency_uscc", AgencyInvalid.sentence)]) from (
                error
            )
        client = BackofficeClient(
            id=uuid7(),
            client_id=client_id,
            name=name,
            agency_uscc=agency,
            created_at=self.clock.now(),
            **_columns(grants),
        )
        try:
            await self._add(actor, client)
        except Duplicate as error:
            raise ClientIdTaken from error
        items = frozenset(client.items)
        return Machine(client.client_id, client.agency_uscc, client.name, items)

    @transaction
    async def _add(self, actor: Actor, client: BackofficeClient) -> None:
        await client.save(force_create=True)
        granted = {name: getattr(client, name) for name in ("scopes", "networks", "items")}
        facts = {"agency": client.agency_uscc, **granted}
        await self.audit.record(actor, "machine.add", "machine", client.client_id, facts)

    @transaction
    async def change(self, actor: Actor, client_id: str, grants: Grants, *, active: bool) -> None:
        """Change what a system may do, or close it: from its next request on.

        Raises ``ClientUnknown``, ``NetworkInvalid``.
        """
        columns = {**_columns(grants), "active": active}
        client = await self._held(client_id)
        await client.update_from_dict(columns).save(update_fields=list(columns))
        await self.audit.record(actor, "machine.change", "machine", client_id, columns)

    async def add_key(
        self,
        actor: Actor,
        client_id: str,
        jwk: Mapping[str, Any],
        begins: datetime | None = None,
        ends: datetime | None = None,
    ) -> MachineKey:
        """Add a public key beside those that are there; ``begins`` now, ``ends`` never by default.

        Raises ``ClientUnknown``, ``KeyInvalid``, ``KeyTaken``, ``KeysTooMany``.
        """
        now = self.clock.now()
        try:
            public = self.assertions.read_key(jwk)
        except (ValueError, KeyError) as error:
            raise KeyInvalid(faults=[FieldFault("/jwk", str(error))]) from error
        if ends is not None and ends <= (begins or now):
            raise KeyInvalid(faults=[FieldFault("/valid_until", KeyInvalid.sentence)])
        key = MachineKey(
            id=uuid7(),
            kid=public.kid,
            jwk=dict(public.jwk),
            valid_from=begins or now,
            valid_until=ends,
            added_at=now,
        )
        try:
            return await self._add_key(actor, client_id, key)
        except Duplicate as error:
            raise KeyTaken from error

    @transaction
    async def _add_key(self, actor: Actor, client_id: str, key: MachineKey) -> MachineKey:
        client = await self._held(client_id)
        standing = await MachineKey.filter(machine_id=client.id, revoked_at=None)
        if sum(
            each.valid_until is None or each.valid_until > key.added_at for each in standing
        ) >= (MOST_KEYS):
            raise KeysTooMany
        key.machine_id = client.id
        await key.save(force_create=True)
        facts = {"kid": key.kid, "valid_from": key.valid_from.isoformat()}
        await self.audit.record(actor, "machine.add_key", "machine", client_id, facts)
        return key

    @transaction
    async def revoke_key(self, actor: Actor, client_id: str, kid: str) -> None:
        """Revoke a key: neither it nor a token that it got opens anything; again changes nothing.

        Raises ``ClientUnknown``.
        """
        client = await self._held(client_id)
        key = await MachineKey.get_or_none(machine_id=client.id, kid=kid)
        if key is None:
            raise ClientUnknown
        if key.revoked_at is None:
            key.revoked_at = self.clock.now()
            await key.save(update_fields=["revoked_at"])
            await self.audit.record(actor, "machine.revoke_key", "machine", client_id, {"kid": kid})

    async def _held(self, client_id: str) -> BackofficeClient:
        found = BackofficeClient.filter(client_id=client_id).select_for_update()
        client = await found.get_or_none()
        if client is None:
            raise ClientUnknown
        return client


def _columns(grants: Grants) -> dict[str, Any]:
    networks, faults = [], []
    for number, network in enumerate(grants.networks):
        try:
            networks.append(str(ip_network(network)))
        except ValueError:
            faults.append(FieldFault(f"/networks/{number}", network))
    if faults:
        raise NetworkInvalid(faults=faults)
    scopes = sorted(scope.value for scope in set(grants.scopes))
    return {"scopes": scopes, "networks": networks, "items": sorted(set(grants.items))}
