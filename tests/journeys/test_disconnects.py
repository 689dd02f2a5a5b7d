"""Clients that vanish: nothing leaks, nothing hangs, nothing half done stays."""

import asyncio
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle

from integrations.embedded.process import wait_until
from miniapp_stub.demo import papers
from miniapp_stub.demo.state import FORM, Story
from miniapp_stub.demo.wire import multipart, new_key
from tests.journeys.line import request_bytes, vanish
from tests.journeys.site import Site, token_of

STORM = 5000
UPLOADS = 200
CLIENTS = 8
POOL = 10
LONGEST_MS = 5.0
QUICK_SECONDS = 1.5
BUSY = """
SELECT count(*) FILTER (WHERE state LIKE 'idle in transaction%') AS stuck, count(*) AS all
FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend'
  AND pid <> pg_backend_pid() AND application_name <> 'worker'
"""


def _writes(story: Story) -> Iterator[bytes]:
    """Yield requests that begin a transaction each, without end."""
    item, token = story.facts["item"]["code"], token_of(story)
    json = {"Content-Type": "application/json"}
    field = f"/v1/cases/{story.case}/form/area_m2"
    opened = f'{{"item_code": "{item}"}}'.encode()
    for number in cycle(range(1, 100)):
        value = f'{{"value": {number}}}'.encode()
        yield request_bytes("PUT", field, token, value, headers=json)
        key = {"Idempotency-Key": new_key()}
        yield request_bytes("POST", f"/v1/cases/{story.case}/submit", token, headers=key)
        yield request_bytes("POST", "/v1/cases", token, opened, headers=json)


def _storm(site: Site, requests: Iterator[bytes], times: int, longest_ms: float) -> None:
    dice = random.Random(4)
    port = site.stack.port

    def one(request: bytes, seconds: float) -> None:
        vanish(port, request, seconds)

    with ThreadPoolExecutor(CLIENTS) as clients:
        for number in range(times):
            if number % 5 == 0:
                site.forget_limits()
            pause = dice.uniform(0, longest_ms) / 1000
            clients.submit(one, next(requests), pause)
            # As many on the way as there are clients: the pause is then what it says.
            while clients._work_queue.qsize() > CLIENTS:
                time.sleep(0.0005)


def _connections(site: Site) -> dict[str, int]:
    return {name: int(value) for name, value in asyncio.run(site.ask(BUSY))[0].items()}


def _routes(story: Story) -> list[tuple[str, str, object, int]]:
    """Return one route of every kind: method, path, body and the status it must answer."""
    case = f"/v1/cases/{story.case}"
    code = story.facts["item"]["code"]
    return [
        ("GET", "/health/live", None, 200),
        ("GET", "/health/ready", None, 200),
        ("GET", "/metrics", None, 200),
        ("GET", "/v1/items?limit=5", None, 200),
        ("GET", f"/v1/items/{code}", None, 200),
        ("GET", "/v1/me", None, 200),
        ("GET", "/v1/cases", None, 200),
        ("GET", case, None, 200),
        ("GET", f"{case}/materials", None, 200),
        ("GET", f"{case}/progress", None, 200),
        ("GET", "/v1/windows", None, 200),
        ("GET", f"{case}/delivery", None, 200),
        ("PUT", f"{case}/form/area_m2", {"value": FORM["area_m2"]}, 200),
        ("POST", "/v1/cases", {"item_code": code}, 200),
        ("POST", f"{case}/submit", None, 422),
        ("POST", "/v1/progress", {"query_code": "AAAAAAAAAA", "id_last4": "0000"}, 404),
        ("POST", "/v1/login/wechat", {"code": "no such code"}, 422),
    ]


def _check_routes(site: Site, story: Story) -> None:
    site.forget_limits()
    with site.line(token_of(story)) as line:
        for method, path, body, status in _routes(story):
            key = new_key() if path.endswith("/submit") else None
            said = line.call(method, path, body, key=key)
            assert said.status == status, (method, path, said.body)
            assert said.seconds < QUICK_SECONDS, (method, path)


def _is_calm(site: Site) -> Callable[[], bool]:
    return lambda: _connections(site)["stuck"] == 0


def test_five_thousand_vanishing_clients_leak_nothing(site: Site, story: Story) -> None:
    _check_routes(site, story)
    _storm(site, _writes(story), STORM, LONGEST_MS)
    assert wait_until(site.is_ready, 10)
    _check_routes(site, story)
    assert wait_until(_is_calm(site), 5)
    # The API's pool and the two of the worker; PostgreSQL itself would give a hundred.
    assert _connections(site)["all"] <= POOL + POOL + 1
    # A storm that was refused at the door would prove nothing.
    revision = story.citizen.api.get(f"/v1/cases/{story.case}").json["revision"]
    assert revision > STORM / 3 / 10
    answers = [each["status"] for each in site.api.events() if each["event"] == "http.request"]
    assert 500 not in answers
    assert site.api.count("request.crashed") == 0


def test_vanishing_uploads_leave_nothing(site: Site, story: Story) -> None:
    before = asyncio.run(site.ask("SELECT count(*) AS n FROM materials"))
    photo = papers.photo("half of it")
    body, media = multipart("a.jpg", photo, "image/jpeg")
    path = f"/v1/cases/{story.case}/materials/M02"

    def halves() -> Iterator[bytes]:
        dice = random.Random(7)
        for method, content, kind in cycle((("POST", body, media), ("PUT", photo, "image/jpeg"))):
            part = content[: dice.randrange(1, len(content) - 1)]
            yield request_bytes(
                method,
                path,
                token_of(story),
                part,
                length=len(content),
                headers={"Content-Type": kind},
            )

    _storm(site, halves(), UPLOADS, 20)
    temporary = site.folder / "data/materials/tmp"
    assert wait_until(lambda: not list(temporary.iterdir()), 10)
    assert asyncio.run(site.ask("SELECT count(*) AS n FROM materials")) == before
    # Those that the limit refused at the door prove nothing.
    left = [each for each in site.api.events() if each.get("status") == 499]
    assert sum("/materials/" in each["route"] for each in left) > UPLOADS / 2
    _check_routes(site, story)
    assert wait_until(_is_calm(site), 5)
    assert site.api.count("request.crashed") == 0
