"""Back-office systems: an assertion of their key gives a token, and nothing else does."""

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from jose import jwk, jws

from integrations.assertions import SignedAssertions
from integrations.nonces import RedisNonces
from integrations.redis import connect, make_pool
from models.rules.scopes import Scope
from models.staff import BackofficeClient, MachineKey
from services.actors import SYSTEM, Machine
from services.errors import Forbidden, Unauthenticated, Unavailable
from services.machines import MACHINE_AUDIENCE, AddressRefused, ClientRefused, ScopeMissing
from services.registrations import (
    AgencyInvalid,
    ClientIdTaken,
    ClientUnknown,
    Grants,
    KeyInvalid,
    KeysTooMany,
    KeyTaken,
    NetworkInvalid,
)
from tests import make
from tests.assertions import claims_of, machine_jwk, machine_key, new_key, signed
from tests.make import MACHINE_KID
from tests.world import World

AGENCY = "11511499MB9000082B"
HERE = "192.0.2.7"
ALL = Grants(tuple(Scope))


async def token(world: World, assertion: str, address: str = HERE) -> str:
    return await world.ctx.machines.token(assertion, address)


def good(world: World, machine: Machine, **more: Any) -> str:
    return signed(claims_of(world, machine.client_id, **more), MACHINE_KID)


def part(content: Mapping[str, Any] | bytes) -> str:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


async def test_an_assertion_gives_a_token_of_15_minutes(world: World) -> None:
    machine = await make.machine(world, AGENCY)
    given = await token(world, good(world, machine))
    claims = world.ctx.tokens.read(given, audience=MACHINE_AUDIENCE)
    assert (claims["sub"], claims["kid"]) == (machine.client_id, MACHINE_KID)
    assert claims["exp"] - claims["iat"] == 900
    for scope in Scope:
        assert await world.ctx.machines.authenticate(given, HERE, scope) == machine


@pytest.mark.parametrize("as_list", [False, True])
async def test_the_token_endpoint_is_an_audience_too(world: World, as_list: bool) -> None:
    machine = await make.machine(world, AGENCY)
    endpoint = f"{world.settings.public_base}/backoffice/v1/token"
    assert await token(world, good(world, machine, aud=[endpoint] if as_list else endpoint))


async def test_an_assertion_is_used_once(world: World) -> None:
    machine, other = await make.machine(world, AGENCY), await make.machine(world, AGENCY)
    assertion = good(world, machine, jti="the-same-number")
    await token(world, assertion)
    for _ in range(2):
        with pytest.raises(ClientRefused):
            await token(world, assertion)
    # Signed again, the number is as used as before; to another system it is its own.
    with pytest.raises(ClientRefused):
        await token(world, good(world, machine, jti="the-same-number", exp=_in(world, 200)))
    await token(world, good(world, other, jti="the-same-number"))


async def test_without_valkey_nothing_counts_as_unused(world: World) -> None:
    machine = await make.machine(world, AGENCY)
    pool = make_pool("redis://127.0.0.1:1/0")
    deaf = replace(world.ctx.machines, nonces=RedisNonces(connect(pool)))
    with pytest.raises(Unavailable):
        await deaf.token(good(world, machine), HERE)
    await pool.disconnect()


def _in(world: World, seconds: int) -> int:
    return int(world.clock.now().timestamp()) + seconds


def spoiled(world: World, client_id: str) -> list[dict[str, Any]]:
    """Return claims that are each wrong in one thing."""
    wrongs: list[dict[str, Any]] = [
        {"iss": "another"},
        {"iss": None},
        {"sub": None},
        {"sub": "another"},
        {"sub": 7},
        {"aud": "https://elsewhere.example/token"},
        {"aud": None},
        {"aud": []},
        {"aud": [world.settings.token_issuer, "https://elsewhere.example"]},
        {"aud": {"x": world.settings.token_issuer}},
        {"jti": None},
        {"jti": "short"},
        {"jti": "x" * 129},
        {"jti": ["x" * 20]},
        {"jti": "null\0null"},
        {"exp": None},
        {"exp": _in(world, 0)},
        {"exp": _in(world, -60)},
        {"exp": _in(world, 301)},
        {"exp": str(_in(world, 60))},
        {"exp": float(_in(world, 60))},
        {"exp": True},
        {"iat": _in(world, 31)},
        {"iat": "now"},
        {"nbf": _in(world, 31)},
    ]
    return [claims_of(world, client_id, **wrong) for wrong in wrongs]


async def test_what_is_wrong_in_one_claim_is_refused(world: World) -> None:
    machine = await make.machine(world, AGENCY)
    cases = spoiled(world, machine.client_id)
    assert len(cases) > 20
    for claims in cases:
        with pytest.raises(ClientRefused) as problem:
            await token(world, signed(claims, MACHINE_KID))
        assert not problem.value.facts
    # Nothing of it used a number up.
    await token(world, good(world, machine))


async def test_who_signs_with_what_is_no_key_is_refused(world: World) -> None:
    machine = await make.machine(world, AGENCY)
    claims = claims_of(world, machine.client_id)
    head = {"alg": "ES256", "kid": MACHINE_KID}
    public = jwk.construct(machine_key(), "ES256").public_key().to_pem()
    secret = json.dumps(machine_jwk()).encode()

    def forged(header: Mapping[str, Any], key: bytes) -> str:
        text = f"{part(header)}.{part(claims)}"
        return f"{text}.{part(hmac.new(key, text.encode(), hashlib.sha256).digest())}"

    embedded = {**head, "jwk": machine_jwk(new_key())}
    stranger = new_key()
    right = signed(claims, MACHINE_KID)
    header, body, signature = right.split(".")
    infinite = b'{"sub": "x", "exp": 1e400}'
    hostile = [
        f"{part({**head, 'alg': 'none'})}.{part(claims)}.",
        f"{part({**head, 'alg': 'nOnE'})}.{part(claims)}.{signature}",
        forged({**head, "alg": "HS256"}, public),
        forged({**head, "alg": "HS256"}, secret),
        jws.sign(claims, stranger, headers=embedded, algorithm="ES256"),
        jws.sign(claims, stranger, headers={"kid": MACHINE_KID}, algorithm="ES256"),
        jws.sign(claims, machine_key(), headers={**head, "crit": ["x"]}, algorithm="ES256"),
        jws.sign(claims, machine_key(), headers={"kid": "another"}, algorithm="ES256"),
        jws.sign(claims, machine_key(), algorithm="ES256"),
        f"{header}.{body}",
        f"{header}.{body}.{signature}=",
        f"{header}.{body}.",
        f"{header}.{part({**claims, 'sub': 'another'})}.{signature}",
        f"{header}.{part(b'[' * 1500)}.{signature}",
        f"{part(b'[' * 180)}.{body}.{signature}",
        f"{header}.{part(infinite)}.{signature}",
        "x" * 4097,
        "....",
        "",
        "\0",
        "中.文.字",
    ]
    before = await world.rows("machine_keys")
    for assertion in hostile:
        with pytest.raises(ClientRefused):
            await token(world, assertion)
    assert await world.rows("machine_keys") == before
    await token(world, right)


async def test_a_key_follows_another_without_a_pause(world: World) -> None:
    machine = await make.machine(world, AGENCY)
    register, fresh = world.ctx.registrations, new_key()
    old = await token(world, good(world, machine))
    await register.add_key(SYSTEM, machine.client_id, {**machine_jwk(fresh), "kid": "next"})

    def next_() -> str:
        return signed(claims_of(world, machine.client_id), "next", fresh)

    new = await token(world, next_())
    await token(world, good(world, machine))
    await register.revoke_key(SYSTEM, machine.client_id, MACHINE_KID)
    # The old key and its token end with the next call, the new ones go on.
    with pytest.raises(Unauthenticated):
        await world.ctx.machines.authenticate(old, HERE, Scope.PACKAGES_PULL)
    with pytest.raises(ClientRefused):
        await token(world, good(world, machine))
    assert await world.ctx.machines.authenticate(new, HERE, Scope.PACKAGES_PULL) == machine
    await token(world, next_())


async def test_a_key_is_good_between_its_days(world: World) -> None:
    machine = await make.machine(world, AGENCY)
    fresh, now = new_key(), world.clock.now()
    begins, ends = now + timedelta(days=1), now + timedelta(days=2)
    public = {**machine_jwk(fresh), "kid": "tomorrow"}
    await world.ctx.registrations.add_key(SYSTEM, machine.client_id, public, begins, ends)

    async def tried() -> bool:
        try:
            await token(world, signed(claims_of(world, machine.client_id), "tomorrow", fresh))
        except ClientRefused:
            return False
        return True

    seen = [await tried()]
    for _ in range(2):
        world.clock.advance(timedelta(days=1))
        seen.append(await tried())
    assert seen == [False, True, False]


async def test_one_system_does_not_sign_for_another(world: World) -> None:
    first = await make.machine(world, AGENCY)
    second = await make.machine(world, AGENCY)
    fresh = new_key()
    public = {**machine_jwk(fresh), "kid": "own"}
    await world.ctx.registrations.add_key(SYSTEM, second.client_id, public)
    with pytest.raises(ClientRefused):
        await token(world, signed(claims_of(world, first.client_id), "own", fresh))


async def test_a_closed_system_is_out_at_once(world: World) -> None:
    machine = await make.machine(world, AGENCY)
    given = await token(world, good(world, machine))
    await world.ctx.registrations.change(SYSTEM, machine.client_id, ALL, active=False)
    with pytest.raises(Unauthenticated):
        await world.ctx.machines.authenticate(given, HERE, Scope.PACKAGES_PULL)
    with pytest.raises(ClientRefused):
        await token(world, good(world, machine))


async def test_a_system_does_what_it_was_granted_from_where_it_is(world: World) -> None:
    machine = await make.machine(world, AGENCY)
    given = await token(world, good(world, machine))
    grants = Grants((Scope.EVENTS_WRITE,), ("192.0.2.0/24", "2001:db8::/32"))
    await world.ctx.registrations.change(SYSTEM, machine.client_id, grants, active=True)

    async def tried(address: str, scope: Scope) -> type[Forbidden] | None:
        try:
            await world.ctx.machines.authenticate(given, address, scope)
        except Forbidden as error:
            return type(error)
        return None

    assert await tried(HERE, Scope.EVENTS_WRITE) is None
    assert await tried("2001:db8::1", Scope.EVENTS_WRITE) is None
    assert await tried("::ffff:192.0.2.1", Scope.EVENTS_WRITE) is None
    assert await tried(HERE, Scope.MATERIALS_READ) is ScopeMissing
    for address in ("198.51.100.1", "2001:db9::1", "unknown", ""):
        assert await tried(address, Scope.EVENTS_WRITE) is AddressRefused
    assertion = good(world, machine)
    with pytest.raises(AddressRefused):
        await token(world, assertion, "198.51.100.1")
    # Nobody elsewhere uses an assertion up.
    await token(world, assertion)


async def test_a_system_is_registered_on_the_record(world: World) -> None:
    register = world.ctx.registrations
    made = await register.add(SYSTEM, "approvals", "县行政审批系统", AGENCY.lower(), ALL)
    assert made == Machine("approvals", AGENCY, "县行政审批系统")
    key = await register.add_key(SYSTEM, "approvals", machine_jwk())
    await register.revoke_key(SYSTEM, "approvals", key.kid)
    await register.revoke_key(SYSTEM, "approvals", key.kid)
    actions = [row["action"] for row in await world.rows("audit_log")]
    assert actions == ["machine.add", "machine.add_key", "machine.revoke_key"]


async def test_the_name_of_a_key_is_its_thumbprint(world: World) -> None:
    """RFC 7638, 3.1 has an RSA key; for P-256 this is RFC 7515, A.3, by the rules of 3.2."""
    known = {
        "kty": "EC",
        "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    }
    canonical = (
        b'{"crv":"P-256","kty":"EC","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",'
        b'"y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}'
    )
    found = SignedAssertions(world.clock, ()).read_key({**known, "use": "sig", "alg": "ES256"})
    assert found.kid == part(hashlib.sha256(canonical).digest())
    assert found.jwk == known


def bad_keys() -> list[dict[str, Any]]:
    whole = jwk.construct(new_key(), "ES256").to_dict()
    right = machine_jwk()
    return [
        dict(whole),
        {**right, "crv": "P-384"},
        {**right, "kty": "RSA"},
        {**right, "alg": "HS256"},
        {**right, "use": "enc"},
        {**right, "y": right["x"]},
        {**right, "x": right["x"] + "AAAA"},
        {**right, "x": 7},
        {**right, "kid": ""},
        {**right, "kid": "x" * 201},
        {**right, "kid": {"a": 1}},
        {"kty": "oct", "k": "AAAA"},
        {"kty": "EC", "crv": "P-256"},
        {},
    ]


async def test_what_is_no_public_key_is_refused(world: World) -> None:
    register = world.ctx.registrations
    await register.add(SYSTEM, "approvals", "系统", AGENCY, ALL)
    before = [await world.rows("machine_keys"), await world.rows("audit_log")]
    for jwk_ in bad_keys():
        with pytest.raises(KeyInvalid):
            await register.add_key(SYSTEM, "approvals", jwk_)
    now = world.clock.now()
    with pytest.raises(KeyInvalid):
        await register.add_key(SYSTEM, "approvals", machine_jwk(), now, now)
    with pytest.raises(ClientUnknown):
        await register.add_key(SYSTEM, "nobody", machine_jwk())
    with pytest.raises(ClientUnknown):
        await register.revoke_key(SYSTEM, "approvals", "nothing")
    assert [await world.rows("machine_keys"), await world.rows("audit_log")] == before


async def test_names_are_given_once_and_keys_are_few(world: World) -> None:
    register = world.ctx.registrations
    await register.add(SYSTEM, "approvals", "系统", AGENCY, ALL)
    public = {**machine_jwk(), "kid": "first"}
    await register.add_key(SYSTEM, "approvals", public)
    before = await BackofficeClient.all().count(), await MachineKey.all().count()
    with pytest.raises(ClientIdTaken):
        await register.add(SYSTEM, "approvals", "系统", AGENCY, ALL)
    with pytest.raises(KeyTaken):
        await register.add_key(SYSTEM, "approvals", public)
    with pytest.raises(AgencyInvalid):
        await register.add(SYSTEM, "other", "系统", "11511499MB9000082C", ALL)
    for networks in (["nonsense"], ["10.0.0.1/8"], ["10.0.0.0/33"], [""]):
        with pytest.raises(NetworkInvalid):
            await register.add(SYSTEM, "other", "系统", AGENCY, Grants((), networks))
    assert (await BackofficeClient.all().count(), await MachineKey.all().count()) == before
    for _ in range(3):
        await register.add_key(SYSTEM, "approvals", {**machine_jwk(), "kid": uuid4().hex})
    with pytest.raises(KeysTooMany):
        await register.add_key(SYSTEM, "approvals", machine_jwk())
