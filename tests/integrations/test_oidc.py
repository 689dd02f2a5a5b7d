"""The unified identity over the wire: its sandbox, its keys, and an issuer that is not itself."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from integrations.clock import SystemClock
from integrations.http import Http
from integrations.oidc import OidcProvider
from services.errors import LoginCodeInvalid, OutsideUnavailable
from tests.integrations.clocks import SetClock
from tests.integrations.outside import WANG, Outside

BACK = "http://127.0.0.1:8000/v1/login/oidc/callback"
NONCE, VERIFIER = "n" * 43, "v" * 64
WELL_KNOWN = "/oidc/.well-known/openid-configuration"


def make(outside: Outside, http: Http, issuer: str = "", **more: Any) -> OidcProvider:
    account = outside.credentials
    return OidcProvider(
        http,
        more.get("clock") or SystemClock(),
        issuer=issuer or f"{outside.url}/oidc",
        client_id=more.get("client_id") or account.oidc_client_id,
        client_secret=more.get("secret") or account.oidc_client_secret,
    )


async def come_back(
    outside: Outside, url: str, citizen: str = WANG, level: str = "3"
) -> dict[str, str]:
    """Choose a citizen on the provider's page and return what the browser brings back."""
    form = {"citizen": citizen, "level": level}
    async with outside.session.post(url, data=form, allow_redirects=False) as answer:
        assert answer.status == 302, await answer.text()
        parts = urlsplit(answer.headers["Location"])
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == BACK
    return {name: values[0] for name, values in parse_qs(parts.query).items()}


async def code(outside: Outside, provider: OidcProvider, **more: str) -> str:
    url = await provider.authorize("s1", NONCE, VERIFIER, BACK)
    return (await come_back(outside, url, **more))["code"]


async def test_a_person_comes_back_with_name_number_and_level(outside: Outside, http: Http) -> None:
    provider = make(outside, http)
    url = await provider.authorize("s1", NONCE, VERIFIER, BACK)
    query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    assert query["state"] == "s1" and query["code_challenge_method"] == "S256"
    assert VERIFIER not in url and outside.credentials.oidc_client_secret not in url
    async with outside.session.get(url) as page:
        assert page.status == 200 and "王建国" in await page.text()
    back = await come_back(outside, url, level="2")
    assert back["state"] == "s1"
    found = await provider.person(back["code"], NONCE, VERIFIER, BACK)
    assert (found.issuer, found.level) == (f"{outside.url}/oidc", 2)
    assert (found.name, found.id_number) == ("王建国", "511499198803162013")
    again = await provider.person(await code(outside, provider), NONCE, VERIFIER, BACK)
    assert (again.subject, again.level) == (found.subject, 3)
    for secret in ("王建国", "511499198803162013", found.subject):
        assert secret not in repr(found)


async def test_a_code_is_good_once(outside: Outside, http: Http) -> None:
    provider = make(outside, http)
    given = await code(outside, provider)
    await provider.person(given, NONCE, VERIFIER, BACK)
    with pytest.raises(LoginCodeInvalid):
        await provider.person(given, NONCE, VERIFIER, BACK)


@pytest.mark.parametrize(
    ("nonce", "verifier", "back"),
    [
        ("m" * 43, VERIFIER, BACK),
        (NONCE, "w" * 64, BACK),
        (NONCE, VERIFIER, BACK + "x"),
    ],
)
async def test_a_stolen_code_is_worthless(
    outside: Outside, http: Http, nonce: str, verifier: str, back: str
) -> None:
    """Code injection: the code of another browser's round, without its verifier and nonce."""
    provider = make(outside, http)
    with pytest.raises(LoginCodeInvalid):
        await provider.person(await code(outside, provider), nonce, verifier, back)


async def test_a_code_that_nobody_gave(outside: Outside, http: Http) -> None:
    provider = make(outside, http)
    for given in ("x", "", "wxsandbox" * 100):
        with pytest.raises(LoginCodeInvalid):
            await provider.person(given, NONCE, VERIFIER, BACK)


async def test_a_wrong_secret_is_our_own_fault(outside: Outside, http: Http) -> None:
    given = await code(outside, make(outside, http))
    with pytest.raises(OutsideUnavailable):
        await make(outside, http, secret="wrong").person(given, NONCE, VERIFIER, BACK)


async def test_keys_are_kept_and_asked_for_again_when_they_changed(
    outside: Outside, http: Http
) -> None:
    clock = SetClock(SystemClock().now())
    provider = make(outside, http, clock=clock)
    for _ in range(3):
        await provider.person(await code(outside, provider), NONCE, VERIFIER, BACK)
    assert outside.asked["/oidc/jwks"] == 1
    assert outside.asked[WELL_KNOWN] == 1
    await outside.phone("oidc/rotate")
    # Within the minute nobody asks again, whatever the tokens say.
    for _ in range(3):
        with pytest.raises(LoginCodeInvalid):
            await provider.person(await code(outside, provider), NONCE, VERIFIER, BACK)
    assert outside.asked["/oidc/jwks"] == 1
    clock.forward(seconds=60)
    await provider.person(await code(outside, provider), NONCE, VERIFIER, BACK)
    assert outside.asked["/oidc/jwks"] == 2
    clock.forward(hours=1)
    await provider.authorize("s1", NONCE, VERIFIER, BACK)
    assert outside.asked[WELL_KNOWN] == 2


@pytest.mark.parametrize("place", [WELL_KNOWN, "/oidc/jwks", "/oidc/token"])
@pytest.mark.parametrize("fault", [{"status": 500}, {"status": 302}, {"drop": True, "times": 3}])
async def test_without_an_answer_it_is_unavailable(
    outside: Outside, http: Http, place: str, fault: dict[str, Any]
) -> None:
    given = await code(outside, make(outside, http))
    provider = make(outside, http)
    await outside.fault(place, **fault)
    with pytest.raises(OutsideUnavailable):
        await provider.person(given, NONCE, VERIFIER, BACK)


@pytest.fixture
async def false_issuer() -> AsyncIterator[tuple[str, dict[str, Any]]]:
    """Return an issuer's address and the discovery document that it will give."""
    document: dict[str, Any] = {}

    async def discovery(request: web.Request) -> web.Response:
        return web.json_response(document)

    app = web.Application()
    app.add_routes([web.get("/.well-known/openid-configuration", discovery)])
    async with TestServer(app) as server:
        yield str(server.make_url("")).rstrip("/"), document


@pytest.mark.parametrize(
    "change",
    [
        {"issuer": "https://evil.example"},
        {"issuer": None},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": "https+x://evil.example"},
        {"authorization_endpoint": None},
        {"authorization_endpoint": ["http://127.0.0.1/"]},
    ],
    ids=str,
)
async def test_an_issuer_that_is_not_itself_is_refused(
    outside: Outside,
    http: Http,
    false_issuer: tuple[str, dict[str, Any]],
    change: dict[str, Any],
) -> None:
    issuer, document = false_issuer
    document |= {"issuer": issuer, "authorization_endpoint": f"{issuer}/a"}
    assert await make(outside, http, issuer).authorize("s", NONCE, VERIFIER, BACK)
    document |= change
    with pytest.raises(OutsideUnavailable):
        await make(outside, http, issuer).authorize("s", NONCE, VERIFIER, BACK)


@pytest.mark.parametrize("change", ["client_id", "redirect_uri", "code_challenge_method", "nonce"])
async def test_the_sandbox_refuses_a_round_without_its_parts(
    outside: Outside, http: Http, change: str
) -> None:
    url = await make(outside, http).authorize("s1", NONCE, VERIFIER, BACK)
    async with outside.session.get(url.replace(f"{change}=", f"no_{change}=")) as answer:
        assert answer.status == 400
