"""Resumable uploads by independent public clients, and through the death of the server."""

import asyncio
import base64
import hashlib
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from integrations.embedded.process import wait_until
from miniapp_stub.demo import papers
from miniapp_stub.demo.state import Story
from tests.clients import installing
from tests.journeys.line import Line
from tests.journeys.raw import head_of
from tests.journeys.site import START_SECONDS, Site, token_of

Client = Callable[..., dict[str, Any]]
CHUNK = 20_000
TUS = {"Tus-Resumable": "1.0.0"}
PART = {**TUS, "Content-Type": "application/offset+octet-stream"}


def photo(text: str) -> bytes:
    """Return a photo of some hundred kilobytes."""
    made = papers.photo(text)
    # As a camera does: a note behind the picture.
    return made + text.encode() + bytes(120_000)


@pytest.fixture
def sent(tmp_path: Path) -> Path:
    file = tmp_path / "照片.jpg"
    file.write_bytes(photo(tmp_path.name))
    return file


def seen(line: Line, url: str) -> dict[str, Any]:
    found: dict[str, Any] = line.get(f"/v1/uploads/{url.rsplit('/', 1)[-1]}").json
    return found


def offset_of(line: Line, url: str) -> int:
    answer = line.call("HEAD", f"/v1/uploads/{url.rsplit('/', 1)[-1]}", headers=TUS)
    assert answer.status == 200
    return int(answer.headers["upload-offset"])


def told(site: Site, story: Story, file: Path, **more: Any) -> dict[str, Any]:
    return {
        "endpoint": f"{site.stack.api_url}/v1/uploads",
        "token": token_of(story),
        "file": str(file),
        "chunkSize": CHUNK,
        "metadata": {"filename": file.name},
        **more,
    }


CLIENTS = {"tuspy": installing.tuspy, "tus-js-client": installing.tus_js}
WAYS: dict[str, tuple[Client, dict[str, bool]]] = {
    "tuspy": (installing.tuspy, {}),
    "tuspy with checksums": (installing.tuspy, {"checked": True}),
    "tus-js-client": (installing.tus_js, {}),
    "tus-js-client without PATCH": (installing.tus_js, {"override": True}),
    "tus-js-client with the first bytes": (installing.tus_js, {"early": True}),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
def test_a_public_client_goes_on_where_it_stopped(
    site: Site, guest: Story, line: Line, sent: Path, way: tuple[Client, dict[str, bool]]
) -> None:
    client, how = way
    first = client(**told(site, guest, sent, stopAt=2 * CHUNK, **how))
    assert (first["done"], first["accepted"]) == (False, 2 * CHUNK)
    # What one process told is known to all.
    assert offset_of(line, first["url"]) >= 2 * CHUNK
    # Another process, another day: only the address is known.
    again = client(**told(site, guest, sent, url=first["url"], **how))
    assert again == {"url": first["url"], "done": True}
    shown = seen(line, first["url"])
    assert (shown["state"], shown["name"]) == ("STORED", sent.name)
    digest = f"SELECT sha256 FROM uploads WHERE id = '{shown['id']}'"
    whole = hashlib.sha256(sent.read_bytes()).hexdigest()
    assert asyncio.run(site.ask(digest)) == [{"sha256": whole}]


@pytest.mark.parametrize("client", CLIENTS.values(), ids=CLIENTS.keys())
def test_a_public_client_fills_a_slot(
    site: Site, guest: Story, line: Line, sent: Path, client: Client
) -> None:
    slot = {"filename": "执照.jpg", "case_id": guest.case, "code": "M02"}
    done = client(**told(site, guest, sent, metadata=slot))
    assert done["done"]
    slots = line.get(f"/v1/cases/{guest.case}/materials").json["slots"]
    current = next(each["current"] for each in slots if each["code"] == "M02")
    assert current["sha256"] == hashlib.sha256(sent.read_bytes()).hexdigest()
    assert current["name"] == "执照.jpg"
    assert seen(line, done["url"])["material_id"] == current["id"]


@pytest.mark.parametrize("client", CLIENTS.values(), ids=CLIENTS.keys())
def test_a_public_client_hears_of_a_refusal(
    site: Site, guest: Story, line: Line, tmp_path: Path, client: Client
) -> None:
    page = tmp_path / "page.jpg"
    page.write_bytes(b"<html><script>alert(1)</script>")
    heard = client(**told(site, guest, page))
    assert (heard["done"], heard["status"]) == (False, 415)
    assert "material_type_refused" in heard["body"]
    assert seen(line, heard["url"])["refusal"] == "material_type_refused"


def begun(line: Line, size: int) -> str:
    name = base64.b64encode(b"a.jpg").decode()
    headers = {**TUS, "Upload-Length": str(size), "Upload-Metadata": f"filename {name}"}
    answer = line.call("POST", "/v1/uploads", headers=headers)
    assert answer.status == 201
    return str(answer.headers["location"])


def test_a_kill_of_the_server_loses_no_byte_that_it_told_of(site: Site, guest: Story) -> None:
    """What HEAD told before is there after it, and what was under way is asked for again."""
    content = papers.photo("killed") + bytes(9_000_000)
    with site.line(token_of(guest)) as line:
        url = begun(line, len(content))
        place = f"/v1/uploads/{url.rsplit('/', 1)[-1]}"
        half = content[: len(content) // 2]
        told = line.call("PATCH", place, half, headers={**PART, "Upload-Offset": "0"})
        assert told.status == 204
        known = offset_of(line, url)
        assert known == len(half)
    with stalled_at(site, guest, url, known, content[known : known + 2_000_000]):
        time.sleep(0.5)
        site.api.kill()
    site.start("api", "-m", "server", "serve")
    assert wait_until(site.is_ready, START_SECONDS)
    with site.line(token_of(guest)) as line:
        after = offset_of(line, url)
    assert after >= known
    answer = None
    # Whoever was killed holds the upload for some seconds yet.
    for _ in range(60):
        with site.line(token_of(guest)) as line:
            headers = {**PART, "Upload-Offset": str(after)}
            answer = line.call("PATCH", place, content[after:], headers=headers)
        if answer.status != 423:
            break
        time.sleep(0.5)
    assert answer is not None
    assert (answer.status, answer.headers["upload-state"]) == (204, "STORED")
    with site.line(token_of(guest)) as line:
        shown = seen(line, url)
        assert shown["received"] == len(content)
    stored = asyncio.run(site.ask(f"SELECT sha256 FROM uploads WHERE id = '{shown['id']}'"))
    assert stored == [{"sha256": hashlib.sha256(content).hexdigest()}]
    folder = site.folder / "data" / "materials" / "parts"
    assert [file for file in folder.rglob("*") if file.is_file()] == []


@contextmanager
def stalled_at(site: Site, story: Story, url: str, offset: int, data: bytes) -> Iterator[None]:
    """Hold a PATCH open that announced more than it sends."""
    head = head_of(
        "PATCH",
        f"/v1/uploads/{url.rsplit('/', 1)[-1]}",
        ("Authorization", f"Bearer {token_of(story)}"),
        ("Content-Length", str(len(data) + 1_000_000)),
        ("Upload-Offset", str(offset)),
        *PART.items(),
    )
    with socket.create_connection(("127.0.0.1", site.stack.port)) as held:
        held.sendall(head + data)
        yield


def test_what_nobody_waited_for_is_finished_by_the_worker(
    site: Site, guest: Story, line: Line
) -> None:
    """The last byte came, and then the server died: the job that came with it is still there."""
    content = photo("nobody waits")
    url = begun(line, len(content))
    upload_id = url.rsplit("/", 1)[-1]
    head = head_of(
        "PATCH",
        f"/v1/uploads/{upload_id}",
        ("Authorization", f"Bearer {token_of(guest)}"),
        ("Content-Length", str(len(content))),
        ("Upload-Offset", "0"),
        *PART.items(),
    )
    received = f"SELECT received FROM uploads WHERE id = '{upload_id}'"
    with socket.create_connection(("127.0.0.1", site.stack.port)) as left:
        left.sendall(head + content)
        assert wait_until(
            lambda: asyncio.run(site.ask(received)) == [{"received": len(content)}], 20
        )
    state = f"SELECT state FROM uploads WHERE id = '{upload_id}'"
    asyncio.run(
        site.ask("UPDATE pgqueuer SET execute_after = now() WHERE entrypoint = 'upload.finish'")
    )
    assert wait_until(lambda: asyncio.run(site.ask(state)) == [{"state": "STORED"}], START_SECONDS)
