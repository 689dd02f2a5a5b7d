"""Materials: what is asked for, uploads, and the files for those who may read them."""

from urllib.parse import unquote
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sanic.response import HTTPResponse

from api.auth import CITIZEN, STAFF
from api.call import Call
from api.files import send_file
from api.findings import LookView
from api.routes import Binary, Routes
from api.sources import SourceView
from services.access import CaseUnknown
from services.actors import Citizen, Officer
from services.approvals import ApprovalNeeded
from services.cases import NotEditable
from services.errors import (
    Malformed,
    MaterialInfected,
    MaterialTypeRefused,
    MaterialUnreadable,
    TooLarge,
)
from services.lacking import MaterialNotPromised, PromiseExpired
from services.materials import MaterialNotInCorrection, MaterialUnknown, Upload
from services.quarantine import KEPT_IN
from services.slots import Held, Slot

materials = Routes("materials", "/v1", CITIZEN)
reading = Routes("materials", "/staff/v1/materials", STAFF)
ROUTES = (materials, reading)

PICTURES = ("image/jpeg", "image/png", "image/webp", "image/heic", "image/heif")
KINDS = (*PICTURES, "application/pdf", "application/ofd")
FILE = Binary(KINDS, partial=True)
SLOT = "/cases/<case_id:uuid>/materials/<code:str>"
REFUSALS = (CaseUnknown, NotEditable, MaterialUnknown, MaterialNotInCorrection)
UPLOAD_REFUSALS = (
    *REFUSALS,
    MaterialNotPromised,
    PromiseExpired,
    Malformed,
    TooLarge,
    MaterialTypeRefused,
    MaterialUnreadable,
    MaterialInfected,
)


class ContentQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    original: bool = False


class MaterialView(BaseModel):
    """One version of a material; mime, size (bytes) and sha256 are of the file as it came.

    ``verification``: NONE, DB_MATCHED (数据库核对一致) or ORIGINAL_SEEN (经核对与原件一致).
    ``scan``: UNSCANNED (no scanner is configured), PENDING (nobody can download the file as it
    came until it was looked through; a picture's copies are shown), CLEAN, INFECTED or MADE (we
    made it ourselves); of several photos the worst of theirs.
    ``supply_mode``: UPLOAD, REUSE, E_CERT, CERT_NUMBER or DATA_SHARED; ``trust``: A (best) to D;
    ``origin``: the earlier version whose bytes these are.
    """

    id: UUID
    code: str
    no: int
    name: str
    mime: str
    size: int
    sha256: str
    pages: int
    width: int | None
    height: int | None
    thumbnail: bool
    created_at: str
    verification: str
    verification_source: str | None
    verified_at: str | None
    scan: str
    supply_mode: str
    trust: str
    origin: UUID | None
    valid_until: str | None

    @classmethod
    def of(cls, held: Held) -> "MaterialView":
        material = held.material
        return cls(
            id=material.id,
            code=material.code,
            no=material.no,
            name=held.name,
            mime=material.mime,
            size=material.size,
            sha256=material.sha256,
            pages=material.pages,
            width=material.width,
            height=material.height,
            thumbnail=material.thumbnail_key is not None,
            created_at=material.created_at.isoformat(),
            verification=material.verification,
            verification_source=material.verification_source,
            verified_at=material.verified_at.isoformat() if material.verified_at else None,
            scan=held.scan.value,
            supply_mode=material.supply_mode,
            trust=material.trust_level,
            origin=material.origin_id,
            valid_until=material.valid_until.isoformat() if material.valid_until else None,
        )


class SlotView(BaseModel):
    """A material that the item names; ``upload`` false: the form makes it, no file is needed.

    ``check``: what the automatic check says of the current version; null: none is due.
    ``sources``: where it could come from, the least trouble first; none while it cannot change.
    """

    code: str
    name: str
    required: bool
    asked: bool
    upload: bool
    why: str
    note: str | None
    formats: list[str]
    max_size_mb: int
    state: str
    reason: str | None
    comment: str | None
    page: int | None
    current: MaterialView | None
    check: LookView | None
    sources: list[SourceView]

    @classmethod
    def of(cls, slot: Slot, sources: list[SourceView]) -> "SlotView":
        requirement = slot.requirement
        return cls(
            code=requirement.code,
            name=requirement.name,
            required=requirement.required,
            asked=requirement.asked,
            upload=requirement.upload,
            why=requirement.why.value,
            note=slot.spec.get("note"),
            formats=slot.spec["formats"],
            max_size_mb=slot.spec["max_size_mb"],
            state=slot.state.value,
            reason=slot.reason,
            comment=slot.comment,
            page=slot.page,
            current=MaterialView.of(slot.current) if slot.current else None,
            check=LookView.of(slot.look),
            sources=sources,
        )


class SlotList(BaseModel):
    slots: list[SlotView]


@materials.add("GET", "/cases/<case_id:uuid>/materials", answer=SlotList, errors=(CaseUnknown,))
async def list_slots(call: Call[Citizen], case_id: UUID) -> SlotList:
    """List what the item asks for, what there is of it and where the rest could come from."""
    slots = await call.ctx.materials.slots(call.who, case_id)
    sources = await call.ctx.sources.of_case(call.who, case_id)
    views = []
    for slot in slots:
        code = slot.requirement.code
        found = [SourceView.of(each, case_id, code) for each in sources.get(code, ())]
        views.append(SlotView.of(slot, found))
    return SlotList(slots=views)


@materials.add(
    "POST",
    SLOT,
    status=201,
    body=Binary(("multipart/form-data",)),
    answer=MaterialView,
    errors=UPLOAD_REFUSALS,
    stream=True,
)
async def upload_form(call: Call[Citizen], case_id: UUID, code: str) -> tuple[MaterialView, int]:
    """Upload a material as the part "file" of a form; the same bytes again answer 200."""
    await call.ctx.limiter.hit("upload", str(call.who.account_id))
    content_type = call.request.headers.get("content-type", "")
    async with call.ctx.multipart.one_file(call.chunks(), content_type) as part:
        upload = await call.ctx.materials.upload(call.who, case_id, code, part.chunks, part.name)
    return _shown(upload)


@materials.add(
    "PUT",
    SLOT,
    status=201,
    body=Binary(("application/octet-stream", *KINDS)),
    answer=MaterialView,
    errors=UPLOAD_REFUSALS,
    stream=True,
)
async def upload_raw(call: Call[Citizen], case_id: UUID, code: str) -> tuple[MaterialView, int]:
    """Upload a material as the body; X-File-Name (percent-encoded) is what its owner calls it."""
    await call.ctx.limiter.hit("upload", str(call.who.account_id))
    name = unquote(call.request.headers.get("x-file-name", ""), errors="replace")
    upload = await call.ctx.materials.upload(call.who, case_id, code, call.chunks(), name)
    return _shown(upload)


def _shown(upload: Upload) -> tuple[MaterialView, int]:
    return MaterialView.of(upload.held), 201 if upload.created else 200


@materials.add("DELETE", SLOT, status=204, errors=REFUSALS)
async def remove(call: Call[Citizen], case_id: UUID, code: str) -> None:
    """Take a material out of the application."""
    await call.ctx.materials.remove(call.who, case_id, code)


@materials.add(
    "GET",
    "/materials/<material_id:uuid>/content",
    answer=FILE,
    errors=(MaterialUnknown, *KEPT_IN),
    etag=True,
)
async def get_content(call: Call[Citizen], material_id: UUID) -> HTTPResponse:
    """Download one's own material: the copy without metadata."""
    file = await call.ctx.materials.open_content(call.who, material_id)
    return await send_file(call.request, call.ctx.materials.files, file)


@materials.add(
    "GET",
    "/materials/<material_id:uuid>/thumbnail",
    answer=Binary(("image/jpeg",), partial=True),
    errors=(MaterialUnknown, *KEPT_IN),
    etag=True,
)
async def get_thumbnail(call: Call[Citizen], material_id: UUID) -> HTTPResponse:
    """Download the small picture of one's own material; a PDF has none."""
    file = await call.ctx.materials.open_thumbnail(call.who, material_id)
    return await send_file(call.request, call.ctx.materials.files, file)


@reading.add(
    "GET",
    "/<material_id:uuid>/content",
    query=ContentQuery,
    answer=FILE,
    errors=(MaterialUnknown, ApprovalNeeded, *KEPT_IN),
    etag=True,
)
async def get_for_staff(call: Call[Officer], material_id: UUID) -> HTTPResponse:
    """Download a material of a submitted case, watermarked; original=1: the bytes as they came."""
    if call.query(ContentQuery).original:
        file = await call.ctx.materials.open_for_staff(call.who, material_id, original=True)
    else:
        file = await call.ctx.working_copies.for_staff(call.who, material_id)
    return await send_file(call.request, call.ctx.materials.files, file)
