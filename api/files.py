"""Files as answers: attachments with ranges, validators and digests (RFC 9110, 9530, 6266)."""

import base64
import hashlib
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import AnyStr
from urllib.parse import quote

from sanic import Request
from sanic.exceptions import RangeNotSatisfiable
from sanic.response import HTTPResponse

from services.files import ServedFile
from services.ports import MaterialFiles
from services.quarantine import check_release

_RANGE = re.compile(r"bytes=[ \t]*([0-9]*)-([0-9]*)[ \t]*", re.IGNORECASE)
# No file has so many bytes, and Python refuses to read numbers of thousands of digits.
_MOST_DIGITS = 18
_PLAIN = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True)
class Span:
    """Bytes ``start`` up to and without ``end``; ``total`` is the size of the whole."""

    start: int
    end: int
    total: int

    @property
    def header(self) -> str:
        return f"bytes {self.start}-{self.end - 1}/{self.total}"


def span_of(header: str | None, size: int) -> Span | None:
    """Return what a Range header asks for; None for the whole file.

    A header that is malformed, of another unit or of several ranges is ignored, as RFC 9110 14.2
    allows; raise ``RangeNotSatisfiable`` for a range outside the file.
    """
    match = _RANGE.fullmatch(header or "")
    if match is None or not (match[1] or match[2]):
        return None
    first, last = _number(match[1]), _number(match[2])
    if first is None:
        start, end = max(size - (last or 0), 0), size
    else:
        if last is not None and last < first:
            return None
        start, end = first, size if last is None else min(last + 1, size)
    if start >= end:
        raise RangeNotSatisfiable(headers={"Content-Range": f"bytes */{size}"})
    return Span(start, end, size)


def _number(digits: str) -> int | None:
    if not digits:
        return None
    return int(digits.lstrip("0")[: _MOST_DIGITS + 1] or "0")


def disposition(name: str) -> str:
    """Return a Content-Disposition that makes any browser save the file, never show it."""
    plain = _PLAIN.sub("_", name).strip("_") or "file"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


class _FileResponse(HTTPResponse):
    """A response whose body is read from the store while it is sent."""

    def __init__(
        self, chunks: AsyncIterator[bytes], status: int, mime: str, headers: dict[str, str]
    ) -> None:
        super().__init__(status=status, headers=headers, content_type=mime)
        self._chunks: AsyncIterator[bytes] | None = chunks

    async def send(self, data: AnyStr | None = None, end_stream: bool | None = None) -> None:
        """Send everything. A second call means that the first broke: it ends the connection."""
        chunks, self._chunks = self._chunks, None
        if chunks is None:
            await super().send(data, end_stream)
            return
        async for chunk in chunks:
            await super().send(chunk, False)
        await super().send(b"", True)


async def send_file(request: Request, files: MaterialFiles, file: ServedFile) -> HTTPResponse:
    """Return the response that streams a file, or the part of it that was asked for.

    This is the only way out for a file. Raises ``FileQuarantined``, ``FileInfected``,
    ``RangeNotSatisfiable``, and what the store raises when it has no such bytes.
    """
    await check_release(file.key)
    etag = f'"{file.sha256 or hashlib.sha256(file.key.encode()).hexdigest()}"'
    headers = _headers(file, etag)
    if {etag, "*"} & _tags(request.headers.get("if-none-match", "")):
        return HTTPResponse(status=304, headers=headers)
    # A range of an older file would be glued to the wrong bytes: If-Range makes it whole.
    current = request.headers.get("if-range", etag) == etag
    span = span_of(request.headers.get("range") if current else None, file.size)
    if span is not None:
        headers["Content-Range"] = span.header
    start, end = (span.start, span.end) if span else (0, file.size)
    headers["Content-Length"] = str(end - start)
    if span is None and file.sha256 is not None:
        # Of a part it would be another one, known only once it was read (RFC 9530, 2).
        headers["Content-Digest"] = headers["Repr-Digest"]
    whole = files.read(file.key) if span is None else files.read(file.key, start, end)
    # The first bytes are fetched before the status line: a file that is gone is still a problem.
    first = await anext(whole, b"")
    return _FileResponse(_after(first, whole), 206 if span else 200, file.mime, headers)


def send_bytes(
    request: Request, content: bytes, mime: str, digest: str, headers: Mapping[str, str]
) -> HTTPResponse:
    """Return bytes that lie in memory, or the part of them that was asked for.

    ``digest`` is the SHA-256 (hex) of all of them. Raises ``RangeNotSatisfiable``.
    """
    etag = f'"{digest}"'
    current = request.headers.get("if-range", etag) == etag
    span = span_of(request.headers.get("range") if current else None, len(content))
    sent = content if span is None else content[span.start : span.end]
    shown = {
        **headers,
        "ETag": etag,
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
        "Repr-Digest": _digest(digest),
        "Content-Digest": _digest(hashlib.sha256(sent).hexdigest()),
    }
    if span is not None:
        shown["Content-Range"] = span.header
    return HTTPResponse(sent, 206 if span else 200, headers=shown, content_type=mime)


def _digest(sha256: str) -> str:
    return f"sha-256=:{base64.b64encode(bytes.fromhex(sha256)).decode()}:"


async def _after(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in rest:
        yield chunk


def _headers(file: ServedFile, etag: str) -> dict[str, str]:
    headers = {
        "ETag": etag,
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",
        "Content-Disposition": disposition(file.name),
        # Whatever a file is, no browser may run it in the name of this site.
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "X-Content-Type-Options": "nosniff",
    }
    if file.sha256 is not None:
        headers["Repr-Digest"] = _digest(file.sha256)
    return headers


def _tags(header: str) -> set[str]:
    return {tag.strip().removeprefix("W/") for tag in header.split(",")}
