"""Uploads: resumable ones (tus 1.0), and whole files for a slot that is chosen later."""

from urllib.parse import unquote
from uuid import UUID

from pydantic import BaseModel
from sanic.response import HTTPResponse

from api import tus
from api.auth import CITIZEN, PUBLIC
from api.call import Call
from api.materials import KINDS, UPLOAD_REFUSALS
from api.routes import Binary, Routes
from models.upload import Upload
from services.actors import Citizen
from services.errors import Malformed, MaterialTypeRefused, MaterialUnreadable, TooLarge
from services.finishing import Finishing, taken_of
from services.upload_problems import (
    UploadBusy,
    UploadChecksumWrong,
    UploadEmpty,
    UploadGone,
    UploadInPieces,
    UploadOffsetWrong,
    UploadsTooMany,
    UploadTooLong,
    UploadUnknown,
)

uploads = Routes("uploads", "/v1", CITIZEN)
ROUTES = (uploads,)

ALL, ONE = "/uploads", "/uploads/<upload_id:uuid>"
FOUND = (tus.TusVersionUnsupported, UploadUnknown, UploadGone)
WRITTEN = (
    *FOUND,
    *UPLOAD_REFUSALS,
    tus.NotAPart,
    tus.ChecksumUnknown,
    UploadOffsetWrong,
    UploadBusy,
    UploadTooLong,
    UploadInPieces,
    UploadChecksumWrong,
)
WHOLE = (Malformed, TooLarge, MaterialTypeRefused, MaterialUnreadable, UploadsTooMany)
FORM = "multipart/form-data"


class UploadView(BaseModel):
    """An upload. ``state``: OPEN, CHECKING, STORED, FILED (``material_id``), REFUSED or ENDED.

    ``size`` and ``received`` in bytes; what the file is is known once it is STORED. ``refusal``
    is the code of why it was not taken, ``sentence`` says it.
    """

    id: UUID
    state: str
    name: str
    size: int
    received: int
    expires_at: str
    mime: str | None
    pages: int | None
    width: int | None
    height: int | None
    material_id: UUID | None
    refusal: str | None
    sentence: str | None

    @classmethod
    def of(cls, upload: Upload, finishing: Finishing) -> "UploadView":
        taken = taken_of(upload) if upload.stored else None
        return cls(
            id=upload.id,
            state=upload.shown_state.value,
            name=finishing.name_of(upload),
            size=upload.size,
            received=upload.received,
            expires_at=upload.expires_at.isoformat(),
            mime=taken.original.mime if taken else None,
            pages=taken.pages if taken else None,
            width=taken.width if taken else None,
            height=taken.height if taken else None,
            material_id=upload.material_id,
            refusal=upload.refusal,
            sentence=upload.refusal_text,
        )


@uploads.add("OPTIONS", ALL, status=204, surface=PUBLIC)
async def get_abilities(call: Call[None]) -> tuple[None, dict[str, str]]:
    """Tell which version of tus is spoken, and with which extensions."""
    return None, tus.SERVER


@uploads.add(
    "POST",
    ALL,
    status=201,
    body=Binary((FORM, tus.PART)),
    answer=UploadView,
    errors=(*WRITTEN, UploadEmpty, UploadsTooMany),
    stream=True,
)
async def begin(call: Call[Citizen]) -> HTTPResponse | tuple[UploadView, int]:
    """Begin a resumable upload (tus), or upload a whole file as the part "file" of a form."""
    await call.ctx.limiter.hit("upload", str(call.who.account_id))
    media = call.request.headers.get("content-type", "")
    if media.startswith(FORM):
        async with call.ctx.multipart.one_file(call.chunks(), media) as part:
            made = await call.ctx.uploads.finishing.take_whole(call.who, part.chunks, part.name)
        return _shown(call, *made)
    tus.check_version(call.request)
    new = tus.new_upload(call.request)
    with_bytes = tus.has_body(call.request)
    if with_bytes:
        tus.check_part(call.request, 0, new.size)
    checksum = tus.checksum_of(call.request)
    upload = await call.ctx.uploads.begin(call.who, new)
    if with_bytes:
        upload = await call.ctx.uploads.append(call.who, upload.id, 0, call.chunks(), checksum)
    else:
        await _read_away(call)
    headers = {"Location": f"{tus.PREFIX}/{upload.id}", **tus.state_of(upload)}
    return HTTPResponse(status=201, headers=headers)


@uploads.add(
    "PUT",
    ALL,
    status=201,
    body=Binary(("application/octet-stream", *KINDS)),
    answer=UploadView,
    errors=WHOLE,
    stream=True,
)
async def put_whole(call: Call[Citizen]) -> tuple[UploadView, int]:
    """Upload a whole file as the body, for a slot that is chosen later; again answers 200."""
    await call.ctx.limiter.hit("upload", str(call.who.account_id))
    name = unquote(call.request.headers.get("x-file-name", ""), errors="replace")
    made = await call.ctx.uploads.finishing.take_whole(call.who, call.chunks(), name)
    return _shown(call, *made)


def _shown(call: Call[Citizen], upload: Upload, created: bool) -> tuple[UploadView, int]:
    return UploadView.of(upload, call.ctx.uploads.finishing), 201 if created else 200


@uploads.add("GET", ONE, answer=UploadView, errors=(UploadUnknown,))
async def get_upload(call: Call[Citizen], upload_id: UUID) -> UploadView:
    """Show where an upload stands and what became of it."""
    upload = await call.ctx.uploads.look(call.who, upload_id)
    return UploadView.of(upload, call.ctx.uploads.finishing)


@uploads.add("HEAD", ONE, errors=FOUND)
async def get_offset(call: Call[Citizen], upload_id: UUID) -> tuple[None, dict[str, str]]:
    """Tell how many bytes of an upload last (tus)."""
    tus.check_version(call.request)
    upload = await call.ctx.uploads.find(call.who, upload_id)
    return None, tus.state_of(upload)


@uploads.add("PATCH", ONE, status=204, body=Binary((tus.PART,)), errors=WRITTEN, stream=True)
async def append(call: Call[Citizen], upload_id: UUID) -> tuple[None, dict[str, str]]:
    """Send the next bytes of an upload (tus); with the last one it becomes what it is for."""
    tus.check_version(call.request)
    await call.ctx.limiter.hit("upload_part", str(call.who.account_id))
    offset = tus.number(call.request, "upload-offset")
    upload = await call.ctx.uploads.find(call.who, upload_id)
    tus.check_part(call.request, offset, max(upload.size, offset))
    checksum = tus.checksum_of(call.request)
    after = await call.ctx.uploads.append(call.who, upload_id, offset, call.chunks(), checksum)
    return None, tus.state_of(after)


@uploads.add("DELETE", ONE, status=204, errors=FOUND)
async def end(call: Call[Citizen], upload_id: UUID) -> None:
    """Give an upload up (tus); a material that was made of it stays."""
    tus.check_version(call.request)
    await call.ctx.uploads.end(call.who, upload_id)


@uploads.add("POST", ONE, status=204, body=Binary((tus.PART,)), errors=WRITTEN, stream=True)
async def override(call: Call[Citizen], upload_id: UUID) -> tuple[None, dict[str, str]]:
    """Do what X-HTTP-Method-Override says (PATCH, HEAD, DELETE): wx.request knows no PATCH."""
    meant = call.request.headers.get("x-http-method-override", "").upper()
    if meant == "PATCH":
        return await append(call, upload_id)  # type: ignore[no-any-return]
    await _read_away(call)
    if meant == "HEAD":
        return await get_offset(call, upload_id)  # type: ignore[no-any-return]
    if meant == "DELETE":
        await end(call, upload_id)
        return None, {}
    raise Malformed


async def _read_away(call: Call[Citizen]) -> None:
    """Read a body that has nothing to say: the framework complains of one that was not read."""
    async for _ in call.chunks():
        pass
