"""Input that is huge, broken or meant to do harm: refused in order, and nothing has changed."""

import asyncio
import struct
import zlib
from collections.abc import Iterator
from itertools import repeat
from urllib.parse import quote

import pytest

from miniapp_stub.demo import papers
from miniapp_stub.demo.filing import choose_item, fill_form, login, real_name
from miniapp_stub.demo.state import FORM, Story
from miniapp_stub.demo.wire import multipart, new_key
from tests.journeys.line import Line
from tests.journeys.raw import check_problem, head_of, speak
from tests.journeys.site import Site, play

MEGABYTE = 1024 * 1024
GIGABYTE = 1024 * MEGABYTE
# The largest material has 20 MB; what is in the buffers of both sides comes on top.
BOUND = 40 * MEGABYTE
JSON_BOUND = 12 * MEGABYTE
FAR_INT = "9" * 40
NOBODY = "01a206d8-cac7-7793-b158-b4fa93383bbd"


@pytest.fixture(scope="module")
def story(site: Site) -> Story:
    """Return the demo's people with a draft; WeChat itself allows a hundred logins a minute."""
    site.forget_limits()
    return play(site.story(), login, real_name, choose_item, fill_form)


@pytest.fixture
def line(site: Site, story: Story) -> Iterator[Line]:
    """Give a signed-in connection; afterwards the server is sound and has not crashed."""
    site.forget_limits()
    crashed = site.api.count("request.crashed")
    with site.line(_token(story)) as line:
        yield line
    with site.line() as another:
        assert another.get("/health/ready").status == 200
    assert site.api.count("request.crashed") == crashed


def _token(story: Story) -> str:
    return story.citizen.tokens["access_token"]


def _bearer(story: Story) -> tuple[str, str]:
    return ("Authorization", f"Bearer {_token(story)}")


def _materials(site: Site) -> int:
    return int(asyncio.run(site.ask("SELECT count(*) AS n FROM materials"))[0]["n"])


def _form_head() -> bytes:
    body, _ = multipart("a.jpg", papers.photo("x"), "image/jpeg")
    return body[:4096]


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize("declared", [True, False])
@pytest.mark.usefixtures("line")
def test_a_gigabyte_is_refused_on_the_way(
    site: Site, story: Story, method: str, declared: bool
) -> None:
    before = _materials(site)
    media = "image/jpeg"
    start = papers.photo("x")
    if method == "POST":
        start, media = multipart("a.jpg", start, media)
        start = start[: -len(media)]
    length = ("Content-Length", str(GIGABYTE)) if declared else ("Transfer-Encoding", "chunked")
    path = f"/v1/cases/{story.case}/materials/M02"
    head = head_of(method, path, _bearer(story), ("Content-Type", media), length)

    def body() -> Iterator[bytes]:
        for chunk in (start, *repeat(bytes(MEGABYTE), 1024)):
            yield chunk if declared else b"%x\r\n%b\r\n" % (len(chunk), chunk)

    heard = speak(site.stack.port, head, body())
    assert check_problem(heard)["code"] == "material_too_large"
    assert heard.status == 413
    assert heard.sent < BOUND
    assert _materials(site) == before
    assert not list((site.folder / "data/materials/tmp").iterdir())


@pytest.mark.usefixtures("line")
@pytest.mark.parametrize("megabytes", [2, 10, 1024])
def test_json_that_is_too_long_is_refused_unread(site: Site, story: Story, megabytes: int) -> None:
    path = f"/v1/cases/{story.case}/form/area_m2"
    length = ("Content-Length", str(megabytes * MEGABYTE))
    head = head_of("PUT", path, _bearer(story), length)
    heard = speak(site.stack.port, head, repeat(b"[" * MEGABYTE, megabytes))
    assert check_problem(heard)["code"] == "too_large"
    assert heard.sent < JSON_BOUND


def _huge_picture() -> bytes:
    """Return a PNG of 20,000 x 10,000 pixels in a few dozen kilobytes."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checksum = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)

    size = struct.pack(">IIBBBBB", 20_000, 10_000, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes(10_000 * (1 + 20_000 // 8)), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("content", "media"),
    [
        (b"", "image/jpeg"),
        (_huge_picture(), "image/png"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/jpeg"),
        (papers.photo("cut")[:3000], "image/jpeg"),
        (b"%PDF-1.7\n" + b"x" * 2000, "application/pdf"),
    ],
    ids=["empty", "200 megapixels", "svg", "cut off", "no pdf"],
)
def test_a_file_that_is_none_is_refused(
    site: Site, story: Story, line: Line, content: bytes, media: str
) -> None:
    before = _materials(site)
    path = f"/v1/cases/{story.case}/materials/M06"
    check_problem(line.call("PUT", path, content, headers={"Content-Type": media}))
    body, form = multipart("a.png", content, media)
    check_problem(line.call("POST", path, body, headers={"Content-Type": form}))
    assert _materials(site) == before


@pytest.mark.parametrize(
    "form", ["text/plain", "multipart/form-data", "multipart/form-data; boundary="]
)
def test_an_upload_that_is_no_form_is_refused(story: Story, line: Line, form: str) -> None:
    path = f"/v1/cases/{story.case}/materials/M02"
    check_problem(line.call("POST", path, b"--x\r\n\r\n", headers={"Content-Type": form}))


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
def test_a_body_that_is_no_answer_changes_nothing(story: Story, line: Line, body: bytes) -> None:
    path = f"/v1/cases/{story.case}/form/area_m2"
    check_problem(line.call("PUT", path, body))
    assert line.get(f"/v1/cases/{story.case}").json["form"] == FORM


@pytest.mark.parametrize("name", ["../../etc/passwd", "a\0b", "a\r\nX: 1", '";x="', "长" * 900])
def test_the_name_of_a_file_is_only_data(story: Story, line: Line, name: str) -> None:
    path = f"/v1/cases/{story.case}/materials/M02"
    headers = {"Content-Type": "image/jpeg", "X-File-Name": quote(name, safe="")}
    made = line.call("PUT", path, papers.photo(name[:20]), headers=headers)
    if made.status not in {200, 201}:
        check_problem(made)
        return
    saved = line.get(f"/v1/materials/{made.json['id']}/content")
    assert saved.status == 200
    assert "x" not in saved.headers
    assert ".." not in saved.headers["content-disposition"]
    assert saved.headers["content-disposition"].count(";") == 2


@pytest.mark.parametrize(
    "text", ["\x00", "\ud800", "' OR 1=1 --", "🙂" * 200, "\u202e", "../../etc/passwd"]
)
def test_odd_texts_are_refused_or_found_nowhere(site: Site, story: Story, text: str) -> None:
    with site.line(_token(story)) as line:
        for method, path, body in (
            ("POST", "/v1/login/wechat", {"code": text}),
            ("POST", "/v1/login/refresh", {"refresh_token": text}),
            ("POST", "/v1/me/real-name", {"name": text, "id_number": text}),
            ("POST", "/v1/progress", {"query_code": text, "id_last4": "0000"}),
            ("POST", "/v1/cases", {"item_code": text}),
            ("POST", "/staff/v1/login", {"username": text, "password": text}),
            ("POST", "/backoffice/v1/token", {"client_id": text, "client_secret": text}),
            (
                "PUT",
                f"/v1/cases/{story.case}/delivery",
                {"method": "POST", "address": dict.fromkeys(("name", "phone", "region"), text)},
            ),
            ("PUT", f"/v1/cases/{story.case}/form/surface_type", {"value": text}),
        ):
            check_problem(line.call(method, path, body))


@pytest.mark.parametrize(
    "part", ["%00", "%ED%A0%80", "%FF", "%2e%2e", "..%2f..%2fetc", "%0d%0aX:1"]
)
def test_odd_addresses_are_refused_or_found_nowhere(story: Story, line: Line, part: str) -> None:
    case = f"/v1/cases/{story.case}"
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
def test_numbers_out_of_reach_are_refused(story: Story, line: Line, number: str) -> None:
    assert check_problem(line.get(f"/v1/items?limit={number}"))["errors"][0]["pointer"] == "/limit"
    check_problem(line.get(f"/v1/cases?limit={number}"))
    check_problem(line.get(f"/v1/cases/{number}"))
    rating = b'{"stage": "RESULT", "options": [], "text": "", "anonymous": false, "stars": %b}'
    check_problem(line.post(f"/v1/cases/{story.case}/ratings", rating % number.encode()))


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
def test_submitting_needs_a_proper_key(site: Site, story: Story, key: str | bytes | None) -> None:
    keys = [] if key is None else [("Idempotency-Key", key)]
    head = head_of(
        "POST", f"/v1/cases/{story.case}/submit", _bearer(story), *keys, ("Content-Length", "0")
    )
    heard = speak(site.stack.port, head)
    assert check_problem(heard)["code"] == "idempotency_key_missing"
    assert heard.status == 400


@pytest.mark.parametrize(
    "span",
    [
        "bytes=0-" + "9" * 30,
        "bytes=" + "9" * 5000 + "-",
        "bytes=-0",
        "bytes=-" + "9" * 5000,
        "bytes=5-2",
        "bytes=0-0,5-6,9-9",
        "bytes=" + ",".join(f"{n}-{n}" for n in range(500)),
        "lines=1-2",
        "bytes=a-b",
        "bytes=１-２".encode(),
        "bytes=--1",
    ],
)
def test_absurd_ranges_get_a_part_the_whole_or_a_refusal(
    site: Site, story: Story, line: Line, span: str | bytes
) -> None:
    content = papers.photo("range")
    path = f"/v1/cases/{story.case}/materials/M04"
    made = line.call("PUT", path, content, headers={"Content-Type": "image/jpeg"}).json
    head = head_of("GET", f"/v1/materials/{made['id']}/content", _bearer(story), ("Range", span))
    heard = speak(site.stack.port, head)
    if heard.status == 416:
        check_problem(heard)
        assert heard.headers["content-range"].startswith("bytes */")
    else:
        assert heard.status in {200, 206}
        assert heard.body


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


def test_doubled_and_broken_heads_are_refused(site: Site, story: Story, line: Line) -> None:
    port, token = site.stack.port, _bearer(story)
    case = f"/v1/cases/{story.case}"
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


def test_forged_callbacks_are_refused_whatever_they_carry(site: Site, line: Line) -> None:
    names = ("Wechatpay-Serial", "Wechatpay-Signature", "Wechatpay-Timestamp", "Wechatpay-Nonce")
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
            head = head_of("POST", "/callbacks/wechatpay", *soup, length)
            heard = speak(site.stack.port, head, [body] if body else [])
            check_problem(heard)
            assert heard.status in {400, 401}
    large = line.call("POST", "/callbacks/wechatpay", b"x" * 100_000)
    assert check_problem(large)["code"] == "too_large"
    check_problem(line.call("POST", "/callbacks/courier", b"sign=\x00&param=%7B", headers={}))
    assert asyncio.run(site.ask("SELECT count(*) AS n FROM payment_events")) == before


def test_a_doubled_key_is_no_key(site: Site, story: Story) -> None:
    key = ("Idempotency-Key", new_key())
    path = f"/v1/cases/{story.case}/submit"
    head = head_of("POST", path, _bearer(story), key, key, ("Content-Length", "0"))
    assert check_problem(speak(site.stack.port, head))["code"] == "malformed"
