"""A bucket at the wire: what an S3 service answers to the calls that we make, and its bad days."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from xml.sax.saxutils import escape

from aiohttp import web

ACCESS = "access-of-the-tests"
PAGE = 10


@dataclass
class FakeBucket:
    """Objects by their key; ``parts`` are of uploads that are not over yet.

    The next ``refusing`` requests are answered 503, and all after the first ``answering``; with
    ``hanging`` none is answered at all.
    """

    objects: dict[str, bytes] = field(default_factory=dict)
    parts: dict[str, dict[int, bytes]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    refusing: int = 0
    answering: int = 10**9
    hanging: bool = False

    async def answer(self, request: web.Request) -> web.StreamResponse:
        key = request.match_info.get("key", "")
        self.asked.append(f"{request.method} {key}")
        if self.hanging:
            await asyncio.sleep(60)
        if self.refusing or len(self.asked) > self.answering:
            self.refusing = max(0, self.refusing - 1)
            return _problem(503, "SlowDown")
        if f"Credential={ACCESS}/" not in request.headers.get("Authorization", ""):
            return _problem(403, "AccessDenied")
        acts = {
            "GET": self._get,
            "HEAD": self._head,
            "PUT": self._put,
            "POST": self._post,
            "DELETE": self._delete,
        }
        return await acts[request.method](request, key)

    async def _get(self, request: web.Request, key: str) -> web.StreamResponse:
        if not key:
            return self._list(request)
        if key not in self.objects:
            return _problem(404, "NoSuchKey")
        content = self.objects[key]
        asked = request.http_range
        part = content[asked]
        start = asked.start or 0
        if start >= len(content) > 0:
            return _problem(416, "InvalidRange")
        if "Range" not in request.headers:
            return web.Response(body=content)
        told = {"Content-Range": f"bytes {start}-{start + len(part) - 1}/{len(content)}"}
        return web.Response(body=part, status=206, headers=told)

    async def _head(self, request: web.Request, key: str) -> web.StreamResponse:
        if key not in self.objects:
            return web.Response(status=404)
        return web.Response(headers={"Content-Length": str(len(self.objects[key]))})

    async def _put(self, request: web.Request, key: str) -> web.StreamResponse:
        content = await request.read()
        if "uploadId" in request.query:
            number = int(request.query["partNumber"])
            self.parts[request.query["uploadId"]][number] = content
        else:
            self.objects[key] = content
        return web.Response(headers={"ETag": '"0"'})

    async def _post(self, request: web.Request, key: str) -> web.StreamResponse:
        if "uploads" in request.query:
            self.parts[key] = {}
            told = f"<UploadId>{key}</UploadId>"
            return _xml(f"<InitiateMultipartUploadResult>{told}</InitiateMultipartUploadResult>")
        parts = self.parts.pop(request.query["uploadId"])
        self.objects[key] = b"".join(parts[number] for number in sorted(parts))
        return _xml("<CompleteMultipartUploadResult></CompleteMultipartUploadResult>")

    async def _delete(self, request: web.Request, key: str) -> web.StreamResponse:
        self.objects.pop(key, None)
        return web.Response(status=204)

    def _list(self, request: web.Request) -> web.StreamResponse:
        prefix, after = request.query["prefix"], request.query.get("continuation-token", "")
        found = sorted(key for key in self.objects if key.startswith(prefix) and key > after)
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        shown = "".join(
            f"<Contents><Key>{escape(key)}</Key><LastModified>{now}</LastModified>"
            f"<ETag>0</ETag><Size>{len(self.objects[key])}</Size></Contents>"
            for key in found[:PAGE]
        )
        more = len(found) > PAGE
        token = f"<NextContinuationToken>{found[PAGE - 1]}</NextContinuationToken>" if more else ""
        return _xml(
            f"<ListBucketResult><IsTruncated>{str(more).lower()}</IsTruncated>{token}{shown}"
            "</ListBucketResult>"
        )

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[str]:
        """Serve the bucket; give the address as our settings have it."""
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/bucket", self.answer)
        app.router.add_route("*", "/bucket/{key:.*}", self.answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        keys = f"access_key_id={ACCESS}&secret_access_key=secret"
        try:
            yield f"s3://bucket/county?endpoint=http://127.0.0.1:{port}&region=here&{keys}"
        finally:
            await runner.cleanup()


def _xml(body: str) -> web.Response:
    return web.Response(text=f'<?xml version="1.0"?>{body}', content_type="application/xml")


def _problem(status: int, code: str) -> web.Response:
    answer = _xml(f"<Error><Code>{code}</Code><Message>{code}</Message></Error>")
    answer.set_status(status)
    return answer
