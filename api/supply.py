"""Where materials come from: the vault, earlier cases, certificates; and how that is shown."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sanic.response import HTTPResponse

from api.auth import CITIZEN
from api.call import Call
from api.files import send_file
from api.materials import FILE, SLOT, UPLOAD_REFUSALS, MaterialView
from api.routes import Routes
from services.actors import Citizen
from services.applicants import RealNameRequired
from services.certificates import (
    CertificateNotFound,
    CertificateNotOffered,
    CertificateOver,
    LibraryDown,
)
from services.materials import Upload
from services.quarantine import KEPT_IN
from services.vault import Entry, EntryUnknown, MaterialOver, NotReusable

supply = Routes("materials", "/v1", CITIZEN)
ROUTES = (supply,)

ENTRY = "/me/materials/<entry_id:uuid>"


class EntryView(BaseModel):
    """A filed material that was kept for its owner; ``trust``: A (best) to D."""

    id: UUID
    kind: str
    name: str
    trust: str
    verification: str
    case_no: str
    item_name: str
    filed_at: str
    valid_until: str | None
    expired: bool
    last_used_at: str | None
    mime: str
    size: int
    pages: int

    @classmethod
    def of(cls, entry: Entry) -> "EntryView":
        material = entry.material
        return cls(
            id=material.id,
            kind=entry.kind,
            name=entry.name,
            trust=material.trust_level,
            verification=material.verification,
            case_no=entry.case_no,
            item_name=entry.item_name,
            filed_at=entry.filed_at.isoformat(),
            valid_until=material.valid_until.isoformat() if material.valid_until else None,
            expired=entry.expired,
            last_used_at=entry.last_used_at.isoformat() if entry.last_used_at else None,
            mime=material.mime,
            size=material.size,
            pages=material.pages,
        )


class EntryList(BaseModel):
    entries: list[EntryView]


class Chosen(BaseModel):
    """``material_id``: an entry of the vault, or a material of an earlier case."""

    model_config = ConfigDict(extra="forbid")

    material_id: UUID


class Looked(BaseModel):
    """``number``: of the certificate; null finds it by the applicant's name and number."""

    model_config = ConfigDict(extra="forbid")

    number: str | None = Field(None, min_length=1, max_length=60, pattern=r"^[^\x00-\x1f]+$")


@supply.add("GET", "/me/materials", answer=EntryList)
async def list_entries(call: Call[Citizen]) -> EntryList:
    """List what is kept of one's own filed materials; nothing without the consent to it."""
    found = await call.ctx.vault.list(call.who)
    return EntryList(entries=[EntryView.of(each) for each in found])


@supply.add("DELETE", ENTRY, status=204, errors=(EntryUnknown,))
async def forget_entry(call: Call[Citizen], entry_id: UUID) -> None:
    """Take one material out of the vault; the case that it was filed in keeps it."""
    await call.ctx.vault.forget(call.who, entry_id)


@supply.add("GET", f"{ENTRY}/content", answer=FILE, errors=(EntryUnknown, *KEPT_IN), etag=True)
async def get_entry(call: Call[Citizen], entry_id: UUID) -> HTTPResponse:
    """Download what is kept, with a watermark that says what it may be used for."""
    file = await call.ctx.working_copies.of_vault(call.who, entry_id)
    return await send_file(call.request, call.ctx.materials.files, file)


@supply.add(
    "POST",
    f"{SLOT}/reuse",
    status=201,
    body=Chosen,
    answer=MaterialView,
    errors=(*UPLOAD_REFUSALS, NotReusable, MaterialOver),
)
async def reuse(call: Call[Citizen], case_id: UUID, code: str) -> tuple[MaterialView, int]:
    """Use a filed material of the same applicant again; the same one again answers 200."""
    await call.ctx.limiter.hit("upload", str(call.who.account_id))
    chosen = call.body(Chosen).material_id
    return _shown(await call.ctx.vault.reuse(call.who, case_id, code, chosen))


@supply.add(
    "POST",
    f"{SLOT}/certificate",
    status=201,
    body=Looked,
    answer=MaterialView,
    errors=(
        *UPLOAD_REFUSALS,
        RealNameRequired,
        CertificateNotOffered,
        CertificateNotFound,
        CertificateOver,
        LibraryDown,
    ),
)
async def look_up(call: Call[Citizen], case_id: UUID, code: str) -> tuple[MaterialView, int]:
    """Let the e-certificate library supply a material; what it knows already answers 200."""
    number = call.body(Looked).number
    await call.ctx.cases.get(call.who, case_id)
    await call.ctx.limiter.hit("certificate", str(call.who.account_id))
    return _shown(await call.ctx.certificates.fetch(call.who, case_id, code, _plain(number)))


def _plain(number: str | None) -> str | None:
    """Return a typed number as libraries have it: without blanks around, letters large."""
    return None if number is None else number.strip().upper() or None


def _shown(upload: Upload) -> tuple[MaterialView, int]:
    return MaterialView.of(upload.held), 201 if upload.created else 200
