"""The headers of tus 1.0, the protocol of resumable uploads (tus.io/protocols/resumable-upload)."""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import format_datetime
from typing import Any
from uuid import UUID

from sanic import Request
from sanic.response import HTTPResponse

from models.upload import Upload
from services.errors import Malformed, PreconditionFailed, TooLarge, Unsupported
from services.finishing import MAX_BYTES
from services.uploads import NewUpload

VERSION = "1.0.0"
PART = "application/offset+octet-stream"
PREFIX = "/v1/uploads"
SERVER = {
    "Tus-Version": VERSION,
    "Tus-Extension": "creation,creation-with-upload,checksum,expiration,termination",
    "Tus-Max-Size": str(MAX_BYTES),
    "Tus-Checksum-Algorithm": "sha1,sha256",
}
ALGORITHMS: Mapping[str, Callable[[], Any]] = {
    # The protocol wants SHA-1 to be there; it guards against the network, not against people.
    "sha1": lambda: hashlib.sha1(usedforsecurity=False),
    "sha256": hashlib.sha256,
}

_DIGITS = re.compile(r"\d{1,15}")
_KEY = re.compile(r"[!-+\--~]{1,64}")  # printable ASCII without blank and comma


class TusVersionUnsupported(PreconditionFailed):
    """Another version of the protocol, or none was named."""

    code = "tus_version_unsupported"
    sentence = "上传协议版本不支持,请更新小程序后重试。"


class NotAPart(Unsupported):
    """The body of a part has a content type of its own."""

    code = "not_a_part"
    sentence = "上传内容的类型不正确。"


class ChecksumUnknown(Malformed):
    """A checksum that cannot be read, or of an algorithm that is not offered."""

    code = "checksum_unknown"
    sentence = "不支持这种校验方式。"


@dataclass
class Checksum:
    """The checksum that was sent, and the one of what arrived."""

    wanted: bytes
    made: Any

    def update(self, chunk: bytes) -> None:
        self.made.update(chunk)

    @property
    def holds(self) -> bool:
        return hmac.compare_digest(self.made.digest(), self.wanted)


def check_version(request: Request) -> None:
    if request.headers.get("tus-resumable") != VERSION:
        raise TusVersionUnsupported


def has_body(request: Request) -> bool:
    """Tell whether bytes follow; some clients name a type of none."""
    return (
        "transfer-encoding" in request.headers or number(request, "content-length", missing=0) > 0
    )


def check_part(request: Request, offset: int, size: int) -> None:
    """Raise for a body that is no part, or announces more than is left of ``size`` bytes."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != PART:
        raise NotAPart
    if offset + number(request, "content-length", missing=0) > size:
        raise TooLarge


def number(request: Request, name: str, *, missing: int | None = None) -> int:
    """Return what a header counts; raise ``Malformed``."""
    text = request.headers.get(name)
    if text is None and missing is not None:
        return missing
    if text is None or not text.isascii() or not _DIGITS.fullmatch(text):
        raise Malformed
    return int(text)


def checksum_of(request: Request) -> Checksum | None:
    """Return the checksum that the body must have, None when none was sent."""
    header = request.headers.get("upload-checksum")
    if header is None:
        return None
    name, _, encoded = header.partition(" ")
    if name not in ALGORITHMS:
        raise ChecksumUnknown
    made = ALGORITHMS[name]()
    wanted = _decoded(encoded)
    if wanted is None or len(wanted) != made.digest_size:
        raise ChecksumUnknown
    return Checksum(wanted, made)


def new_upload(request: Request) -> NewUpload:
    """Return what an upload is begun with; raise ``Malformed``."""
    told = metadata_of(request.headers.get("upload-metadata", ""))
    case_id = told.get("case_id", b"").decode("ascii", "replace")
    try:
        return NewUpload(
            size=number(request, "upload-length"),
            # What a client calls its file is data: bytes that are no text are shown as such.
            file_name=told.get("filename", b"").decode("utf-8", "replace"),
            case_id=UUID(case_id) if case_id else None,
            code=told.get("code", b"").decode("ascii", "replace") or None,
        )
    except ValueError as wrong:
        raise Malformed from wrong


def metadata_of(header: str) -> dict[str, bytes]:
    """Return the pairs of an Upload-Metadata header; raise ``Malformed``."""
    found: dict[str, bytes] = {}
    for pair in filter(None, (each.strip() for each in header.split(","))):
        key, _, encoded = pair.partition(" ")
        value = _decoded(encoded) if encoded else b""
        if value is None or not _KEY.fullmatch(key) or key in found:
            raise Malformed
        found[key] = value
    return found


def _decoded(encoded: str) -> bytes | None:
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return None


def state_of(upload: Upload) -> dict[str, str]:
    """Return the headers that say where an upload stands."""
    headers = {
        "Upload-Offset": str(upload.received),
        "Upload-Length": str(upload.size),
        "Upload-Expires": format_datetime(upload.expires_at.astimezone(UTC), usegmt=True),
        "Upload-State": upload.shown_state.value,
        "Cache-Control": "no-store",
    }
    if upload.material_id is not None:
        headers["Material-Id"] = str(upload.material_id)
    return headers


async def mark(request: Request, response: HTTPResponse) -> None:
    """Name the protocol on everything that is answered of uploads, refusals too."""
    if request.path.startswith(PREFIX):
        response.headers["Tus-Resumable"] = VERSION
        if response.status == 412:
            response.headers["Tus-Version"] = VERSION
