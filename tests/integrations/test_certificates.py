"""The e-certificate library over the wire: its answers, its lies, its silence."""

import base64
import hmac
import json
import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from integrations.certificates import MAX_ANSWER_BYTES, HttpCertificates
from integrations.clock import SystemClock
from integrations.http import Http
from services.errors import OutsideUnavailable
from services.ports.certificates import CertificateAsked, Standing
from tests.integrations.outside import Outside

SECRET = "of the tests"
CARD = CertificateAsked(
    "居民身份证", "王建国", "511499198803162013", None, "办理“居住证补领、换领”", "case 1"
)
FOUND: dict[str, Any] = {
    "standing": "FOUND",
    "kind": CARD.kind,
    "number": CARD.holder_number,
    "holder": {"name": CARD.holder_name, "number": CARD.holder_number},
    "issuer": "示例县公安局",
    "issued_on": "2016-05-01",
    "valid_until": None,
    "fields": {"姓名": "王建国"},
    "source": "省电子证照库",
    "file": None,
}


@pytest.fixture
async def library_http() -> AsyncIterator[Http]:
    http = Http(total=2.0, max_answer=MAX_ANSWER_BYTES)
    yield http
    await http.aclose()


def make(outside: Outside, http: Http, secret: str = "") -> HttpCertificates:
    account = outside.credentials
    return HttpCertificates(
        http,
        SystemClock(),
        base_url=outside.url,
        access_key=account.certificates_access_key,
        secret=secret or account.certificates_secret,
    )


def of(kind: str, name: str, number: str, typed: str | None = None) -> CertificateAsked:
    return replace(CARD, kind=kind, holder_name=name, holder_number=number, number=typed)


async def test_a_certificate_comes_with_what_it_certifies(
    outside: Outside, library_http: Http
) -> None:
    answer = await make(outside, library_http).find(CARD)
    found = answer.certificate
    assert answer.standing is Standing.FOUND and found is not None
    assert (found.kind, found.number, found.source) == (
        "居民身份证",
        "511499198803162013",
        "省电子证照库",
    )
    assert (found.issued_on, found.valid_until) == (date(2016, 5, 1), date(2036, 5, 1))
    assert found.fields["姓名"] == "王建国"
    assert found.file is not None and found.file.startswith(b"%PDF-")
    assert "王建国" not in repr(answer) + repr(CARD)
    assert "511499198803162013" not in repr(answer) + repr(CARD)


LI = ("李秀英", "51149919650812404X")
CHEN = ("陈明", "511499199005236051")
WANG = ("王建国", "511499198803162013")
DEED = "川(2019)示例县不动产权第0001234号"
BARBER = ("示例县王记理发店", "92511499MA6WANGJ12")


@pytest.mark.parametrize(
    ("asked", "standing"),
    [
        (of("居民身份证", *LI), Standing.FOUND),
        (of("电子营业执照", *BARBER), Standing.FOUND),
        (of("居民户口簿", *WANG), Standing.FOUND),
        (of("不动产权证", *LI, DEED), Standing.FOUND),
        (of("不动产权证", *WANG, DEED), Standing.NOT_HOLDER),
        (of("不动产权证", *WANG, "川(2019)示例县不动产权第0009999号"), Standing.NOT_FOUND),
        (of("居民身份证", *CHEN), Standing.EXPIRED),
        (of("电子营业执照", "示例县绿源工程有限公司", "91511499MA6GREENX0"), Standing.EXPIRED),
        (of("机动车驾驶证", *CHEN), Standing.REVOKED),
        (of("机动车驾驶证", *LI), Standing.NOT_FOUND),
        # The number is right and the name is not: nobody is told whose it is.
        (of("居民身份证", "王建", WANG[1]), Standing.NOT_FOUND),
        (of("居民身份证", "小宇", "511499201506203012"), Standing.NOT_FOUND),
        (of("没有的证", *WANG), Standing.NOT_FOUND),
    ],
)
async def test_what_the_library_knows(
    outside: Outside, library_http: Http, asked: CertificateAsked, standing: Standing
) -> None:
    answer = await make(outside, library_http).find(asked)
    assert answer.standing is standing
    assert (answer.certificate is None) == (standing is not Standing.FOUND)


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 500},
        {"status": 302},
        {"status": 200},
        {"drop": True, "times": 3},
        {"delay_ms": 4000},
    ],
)
async def test_without_an_answer_it_is_unavailable(
    outside: Outside, library_http: Http, fault: dict[str, Any]
) -> None:
    await outside.fault("/certificates", **fault)
    with pytest.raises(OutsideUnavailable) as caught:
        await make(outside, library_http).find(CARD)
    shown = "".join(traceback.format_exception(caught.value))
    assert "王建国" not in shown and "511499" not in shown


async def test_a_wrong_secret_gets_no_answer(outside: Outside, library_http: Http) -> None:
    with pytest.raises(OutsideUnavailable):
        await make(outside, library_http, "wrong").find(CARD)


async def test_a_question_without_a_purpose_gets_no_answer(
    outside: Outside, library_http: Http
) -> None:
    with pytest.raises(OutsideUnavailable):
        await make(outside, library_http).find(replace(CARD, purpose=""))


@asynccontextmanager
async def answering(
    http: Http, said: Callable[[dict[str, Any]], Any], secret: str = SECRET
) -> AsyncIterator[HttpCertificates]:
    """Give the adapter a library of ours, whose answers are signed as they have to be."""

    async def find(request: web.Request) -> web.Response:
        body = await request.read()
        told = said(json.loads(body))
        content = told if isinstance(told, bytes) else json.dumps(told).encode()
        signed = request.headers["X-Signature"].encode() + content
        signature = hmac.new(secret.encode(), signed, "sha256").hexdigest()
        return web.Response(body=content, headers={"X-Signature": signature})

    app = web.Application()
    app.add_routes([web.post("/certificates/v1/find", find)])
    async with TestServer(app) as server:
        url = str(server.make_url("")).rstrip("/")
        yield HttpCertificates(http, SystemClock(), base_url=url, access_key="k", secret=SECRET)


async def test_a_signed_answer_is_taken(library_http: Http) -> None:
    async with answering(library_http, lambda _: FOUND) as library:
        answer = await library.find(CARD)
    assert answer.certificate is not None and answer.certificate.valid_until is None


LIES: list[Any] = [
    {**FOUND, "holder": {"name": "李秀英", "number": "51149919650812404X"}},
    {**FOUND, "holder": {"name": "王建国", "number": "51149919650812404X"}},
    {**FOUND, "kind": "居民户口簿"},
    {**FOUND, "standing": "PERHAPS"},
    {**FOUND, "valid_until": "2036-02-30"},
    {**FOUND, "number": 7},
    {**FOUND, "number": "x" * 201},
    {**FOUND, "fields": {"姓名": ["王建国"]}},
    {**FOUND, "fields": {f"f{no}": "x" for no in range(41)}},
    {**FOUND, "file": "no base64!"},
    {key: value for key, value in FOUND.items() if key != "holder"},
    {"standing": None},
    [],
    None,
    b"",
    b"[" * 100_000,
]


@pytest.mark.parametrize("lie", LIES, ids=range(len(LIES)))
async def test_an_answer_about_anything_else_is_none(library_http: Http, lie: Any) -> None:
    async with answering(library_http, lambda _: lie) as library:
        with pytest.raises(OutsideUnavailable):
            await library.find(CARD)


async def test_another_number_than_the_typed_one_is_no_answer(library_http: Http) -> None:
    async with answering(library_http, lambda _: FOUND) as library:
        with pytest.raises(OutsideUnavailable):
            await library.find(replace(CARD, number="川1234"))


async def test_an_answer_that_somebody_else_signed_is_none(library_http: Http) -> None:
    async with answering(library_http, lambda _: FOUND, "another") as library:
        with pytest.raises(OutsideUnavailable):
            await library.find(CARD)


async def test_a_file_of_any_size_ends(library_http: Http) -> None:
    most = {**FOUND, "file": base64.b64encode(bytes(5 * 1024 * 1024)).decode()}
    async with answering(library_http, lambda _: most) as library:
        answer = await library.find(CARD)
    assert answer.certificate is not None and answer.certificate.file is not None
    assert len(answer.certificate.file) == 5 * 1024 * 1024
    too_much = {**FOUND, "file": base64.b64encode(bytes(7 * 1024 * 1024)).decode()}
    async with answering(library_http, lambda _: too_much) as library:
        with pytest.raises(OutsideUnavailable):
            await library.find(CARD)
