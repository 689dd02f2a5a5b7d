"""Uploads that are huge, no files at all or meant to do harm: refused, and nothing stays."""

import asyncio
import struct
import zlib
from collections.abc import Iterator
from itertools import repeat
from urllib.parse import quote

import pytest

from miniapp_stub.demo import papers
from miniapp_stub.demo.state import Story
from miniapp_stub.demo.wire import multipart
from tests.journeys.line import Line
from tests.journeys.raw import check_problem, head_of, speak
from tests.journeys.site import Site, token_of

MEGABYTE = 1024 * 1024
GIGABYTE = 1024 * MEGABYTE
# The largest material has 20 MB; what is in the buffers of both sides comes on top.
BOUND = 40 * MEGABYTE


def _bearer(guest: Story) -> tuple[str, str]:
    return ("Authorization", f"Bearer {token_of(guest)}")


def _materials(site: Site) -> int:
    return int(asyncio.run(site.ask("SELECT count(*) AS n FROM materials"))[0]["n"])


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize("declared", [True, False])
@pytest.mark.usefixtures("line")
def test_a_gigabyte_is_refused_on_the_way(
    site: Site, guest: Story, method: str, declared: bool
) -> None:
    before = _materials(site)
    media = "image/jpeg"
    start = papers.photo("x")
    if method == "POST":
        start, media = multipart("a.jpg", start, media)
        start = start[: -len(media)]
    length = ("Content-Length", str(GIGABYTE)) if declared else ("Transfer-Encoding", "chunked")
    path = f"/v1/cases/{guest.case}/materials/M02"
    head = head_of(method, path, _bearer(guest), ("Content-Type", media), length)

    def body() -> Iterator[bytes]:
        for chunk in (start, *repeat(bytes(MEGABYTE), 1024)):
            yield chunk if declared else b"%x\r\n%b\r\n" % (len(chunk), chunk)

    heard = speak(site.stack.port, head, body())
    assert check_problem(heard)["code"] == "material_too_large"
    assert heard.status == 413
    assert heard.sent < BOUND
    assert _materials(site) == before
    assert not list((site.folder / "data/materials/tmp").iterdir())


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
    site: Site, guest: Story, line: Line, content: bytes, media: str
) -> None:
    before = _materials(site)
    path = f"/v1/cases/{guest.case}/materials/M06"
    check_problem(line.call("PUT", path, content, headers={"Content-Type": media}))
    body, form = multipart("a.png", content, media)
    check_problem(line.call("POST", path, body, headers={"Content-Type": form}))
    assert _materials(site) == before


@pytest.mark.parametrize(
    "form", ["text/plain", "multipart/form-data", "multipart/form-data; boundary="]
)
def test_an_upload_that_is_no_form_is_refused(guest: Story, line: Line, form: str) -> None:
    path = f"/v1/cases/{guest.case}/materials/M02"
    check_problem(line.call("POST", path, b"--x\r\n\r\n", headers={"Content-Type": form}))


@pytest.mark.parametrize("name", ["../../etc/passwd", "a\0b", "a\r\nX: 1", '";x="', "长" * 900])
def test_the_name_of_a_file_is_only_data(guest: Story, line: Line, name: str) -> None:
    path = f"/v1/cases/{guest.case}/materials/M02"
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
    site: Site, guest: Story, line: Line, span: str | bytes
) -> None:
    content = papers.photo("range")
    path = f"/v1/cases/{guest.case}/materials/M04"
    made = line.call("PUT", path, content, headers={"Content-Type": "image/jpeg"}).json
    head = head_of("GET", f"/v1/materials/{made['id']}/content", _bearer(guest), ("Range", span))
    heard = speak(site.stack.port, head)
    if heard.status == 416:
        check_problem(heard)
        assert heard.headers["content-range"].startswith("bytes */")
    else:
        assert heard.status in {200, 206}
        assert heard.body
