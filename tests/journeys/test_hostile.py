"""Requests that are huge, broken or meant to do harm: refused in order, and nothing has changed."""

import asyncio
from itertools import repeat

import pytest

from miniapp_stub.demo.people import ASSERTION
from miniapp_stub.demo.state import FORM, Story
from miniapp_stub.demo.wire import new_key
from tests.journeys.line import Line
from tests.journeys.raw import check_problem, head_of, speak
from tests.journeys.site import Site, token_of

MEGABYTE = 1024 * 1024
JSON_BOUND = 12 * MEGABYTE
FAR_INT = "9" * 40
NOBODY = "01a206d8-cac7-7793-b158-b4fa93383bbd"


def _bearer(guest: Story) -> tuple[str, str]:
    return ("Authorization", f"Bearer {token_of(guest)}")


@pytest.mark.usefixtures("line")
@pytest.mark.parametrize("megabytes", [2, 10, 1024])
def test_json_that_is_too_long_is_refused_unread(site: Site, guest: Story, megabytes: int) -> None:
    path = f"/v1/cases/{guest.case}/form/area_m2"
    length = ("Content-Length", str(megabytes * MEGABYTE))
    head = head_of("PUT", path, _bearer(guest), length)
    heard = speak(site.stack.port, head, repeat(b"[" * MEGABYTE, megabytes))
    assert check_problem(heard)["code"] == "too_large"
    assert heard.sent < JSON_BOUND


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000 + b"]" * 100_000,
        b'{"value":' * 100_000 + b"1" + b"}" * 100_000,
        b'{"value": "a\\u0000b"}',
        b'{"value": "a\x00b"}',
        b'{"value": "\\ud800"}',
        b'{"value": "\xed\xa0\x80"}',
        b'{"value": NaN}',
        b'{"value": 1e999}',
        b'{"value": ' + b"9" * 5000 + b"}",
        b'{"value": 12.5, "more": 1}',
        b'{"value": 12.5',
        b"",
        b"null",
        b"[]",
        b"\xff\xfe",
        b'{"value": {"$ref": "#"}}',
        b'{"value": "' + b"9" * 30_000 + b'"}',
    ],
)
def test_a_body_that_is_no_answer_changes_nothing(guest: Story, line: Line, body: bytes) -> None:
    path = f"/v1/cases/{guest.case}/form/area_m2"
    check_problem(line.call("PUT", path, body))
    assert line.get(f"/v1/cases/{guest.case}").json["form"] == FORM


@pytest.mark.parametrize(
    "text", ["\x00", "\ud800", "' OR 1=1 --", "🙂" * 200, "\u202e", "../../etc/passwd"]
)
def test_odd_texts_are_refused_or_found_nowhere(site: Site, guest: Story, text: str) -> None:
    with site.line(token_of(guest)) as line:
        for method, path, body in (
            ("POST", "/v1/login/wechat", {"code": text}),
            ("POST", "/v1/login/refresh", {"refresh_token": text}),
            ("POST", "/v1/me/real-name", {"name": text, "id_number": text}),
            ("POST", "/v1/progress", {"query_code": text, "id_last4": "0000"}),
            ("POST", "/v1/cases", {"item_code": text}),
            ("POST", "/staff/v1/login", {"username": text, "password": text}),
            ("POST", "/staff/v1/login", {"username": "x", "password": "x", "otp": text}),
            (
                "POST",
                "/backoffice/v1/token",
                {"client_assertion_type": ASSERTION, "client_assertion": text},
            ),
            (
                "PUT",
                f"/v1/cases/{guest.case}/delivery",
                {"method": "POST", "address": dict.fromkeys(("name", "phone", "region"), text)},
            ),
            ("PUT", f"/v1/cases/{guest.case}/form/surface_type", {"value": text}),
        ):
            check_problem(line.call(method, path, body))


@pytest.mark.parametrize(
    "part", ["%00", "%ED%A0%80", "%FF", "%2e%2e", "..%2f..%2fetc", "%0d%0aX:1"]
)
def test_odd_addresses_are_refused_or_found_nowhere(guest: Story, line: Line, part: str) -> None:
    case = f"/v1/cases/{guest.case}"
    for method, path in (
        ("GET", f"/v1/items/{part}"),
        ("GET", f"/v1/cases/{part}"),
        ("GET", f"/v1/materials/{part}/content"),
        ("PUT", f"{case}/form/{part}"),
        ("DELETE", f"{case}/materials/{part}"),
        ("GET", f"/{part}"),
        ("GET", f"/docs/{part}"),
    ):
        body = {"value": "1"} if method == "PUT" else None
        check_problem(line.call(method, path, body))
    for path in (
        "/v1/items?q=",
        "/v1/items?applicant_type=",
        "/v1/items?cursor=",
        "/v1/cases?cursor=",
    ):
        said = line.get(path + part)
        assert said.status < 500
        if said.status != 200:
            check_problem(said)


@pytest.mark.parametrize("number", [FAR_INT, f"-{FAR_INT}", "1e400", "0x10", "9" * 5000])
def test_numbers_out_of_reach_are_refused(guest: Story, line: Line, number: str) -> None:
    assert check_problem(line.get(f"/v1/items?limit={number}"))["errors"][0]["pointer"] == "/limit"
    check_problem(line.get(f"/v1/cases?limit={number}"))
    check_problem(line.get(f"/v1/cases/{number}"))
    rating = b'{"stage": "RESULT", "options": [], "text": "", "anonymous": false, "stars": %b}'
    check_problem(line.post(f"/v1/cases/{guest.case}/ratings", rating % number.encode()))


@pytest.mark.parametrize(
    "key",
    [
        None,
        "",
        "short",
        "x" * 256,
        "with a space in it",
        "键键键键键键键键".encode(),
        "a\tb\tc\td\te",
    ],
)
def test_submitting_needs_a_proper_key(site: Site, guest: Story, key: str | bytes | None) -> None:
    keys = [] if key is None else [("Idempotency-Key", key)]
    head = head_of(
        "POST", f"/v1/cases/{guest.case}/submit", _bearer(guest), *keys, ("Content-Length", "0")
    )
    heard = speak(site.stack.port, head)
    assert check_problem(heard)["code"] == "idempotency_key_missing"
    assert heard.status == 400


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "//v1/me", 404),
        ("GET", "/v1/../v1/me", 404),
        ("GET", "/v1/%2e%2e/%2e%2e/etc/passwd", 404),
        ("GET", "/docs/../server.py", 404),
        ("GET", "/docs/%2e%2e/server.py", 404),
        ("GET", f"/v1/cases/{NOBODY}", 404),
        ("GET", f"/v1/cases/{NOBODY}/progress", 404),
        ("GET", f"/v1/cases/{NOBODY};x=1", 404),
        ("DELETE", "/v1/me", 405),
        ("PATCH", "/v1/cases", 405),
        ("TRACE", "/v1/me", 405),
        ("PUT", "/health/live", 405),
    ],
)
def test_unknown_paths_and_methods_are_problems(
    line: Line, method: str, path: str, status: int
) -> None:
    said = line.call(method, path)
    check_problem(said)
    assert said.status == status
    assert ("allow" in said.headers) == (status == 405)


def test_invented_methods_and_paths_make_no_new_metrics(site: Site, line: Line) -> None:
    for number in range(5):
        for path in ("/v1/me", f"/nowhere{number}"):
            check_problem(speak(site.stack.port, head_of(f"INVENTED{number}", path)))
    metrics = line.get("/metrics").body.decode()
    assert "zhangban_http_requests_total" in metrics
    assert "INVENTED" not in metrics
    assert "nowhere" not in metrics


def test_doubled_and_broken_heads_are_refused(site: Site, guest: Story, line: Line) -> None:
    port, token = site.stack.port, _bearer(guest)
    case = f"/v1/cases/{guest.case}"
    for head in (
        head_of("GET", "/v1/me", token, ("Authorization", "Bearer x")),
        head_of("GET", "/v1/me", ("Authorization", "Bearer")),
        head_of("GET", "/v1/me", ("Authorization", b"Bearer \xff\xfe")),
        head_of("GET", "/v1/me", ("Authorization", "Bearer " + "a." * 3000)),
        head_of("PUT", f"{case}/form/area_m2", token, *[("Content-Length", "3")] * 2) + b"{}x",
        head_of("POST", "/v1/cases", token, ("Content-Length", "-1")),
        head_of("POST", "/v1/cases", token, ("Content-Length", "9" * 40)),
        head_of("POST", "/v1/cases", token, ("Content-Length", "ten")),
        head_of("POST", "/v1/cases", token, ("Transfer-Encoding", "chunked")) + b"zz\r\n",
        head_of("GET", "/v1/me", ("X" * 9000, "1")),
        head_of("GET", "/v1/items?q=" + "a" * 9000),
        b"GET /v1/me\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n",
    ):
        check_problem(speak(port, head))


WECHAT = ("Wechatpay-Serial", "Wechatpay-Signature", "Wechatpay-Timestamp", "Wechatpay-Nonce")
TREASURY = ("X-Unit-Code", "X-Signature", "X-Timestamp", "X-Nonce")


@pytest.mark.parametrize(
    ("path", "names"),
    [("/callbacks/wechatpay", WECHAT), ("/callbacks/nontax", TREASURY)],
    ids=["wechatpay", "nontax"],
)
def test_forged_callbacks_are_refused_whatever_they_carry(
    site: Site, line: Line, path: str, names: tuple[str, ...]
) -> None:
    soups: list[list[tuple[str, str | bytes]]] = [
        [],
        [(name, "") for name in names],
        [(name, FAR_INT) for name in names],
        [(name, "x" * 1500) for name in names],
        [(name, b"\xff\x00\xfe") for name in names],
        [(name, "签名".encode()) for name in names],
        [(name, value) for name in names for value in ("a", "b")],
        [*((name, "AAAA") for name in names[:2]), (names[2], "1e400"), (names[3], "n")],
        [*((name, "AAAA") for name in names[:2]), (names[2], "-" + FAR_INT), (names[3], "n")],
    ]
    bodies = (b"", b"{}", b"[" * 20_000, b"\xff" * 100, b'{"resource": {"ciphertext": null}}')
    before = asyncio.run(site.ask("SELECT count(*) AS n FROM payment_events"))
    for soup in soups:
        for body in bodies:
            length = ("Content-Length", str(len(body)))
            head = head_of("POST", path, *soup, length)
            heard = speak(site.stack.port, head, [body] if body else [])
            check_problem(heard)
            assert heard.status in {400, 401}
    large = line.call("POST", path, b"x" * 100_000)
    assert check_problem(large)["code"] == "too_large"
    check_problem(line.call("POST", "/callbacks/courier", b"sign=\x00&param=%7B", headers={}))
    assert asyncio.run(site.ask("SELECT count(*) AS n FROM payment_events")) == before


def test_a_doubled_key_is_no_key(site: Site, guest: Story) -> None:
    key = ("Idempotency-Key", new_key())
    path = f"/v1/cases/{guest.case}/submit"
    head = head_of("POST", path, _bearer(guest), key, key, ("Content-Length", "0"))
    assert check_problem(speak(site.stack.port, head))["code"] == "malformed"
