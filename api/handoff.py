"""Hand-off: the back-office leases packages, fetches their materials, acknowledges."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sanic.response import HTTPResponse

from api.auth import PUBLIC, PULLING, READING
from api.call import Call
from api.files import send_file
from api.routes import Binary, Routes
from services.actors import Machine
from services.handoff import (
    Acknowledgement,
    DigestMismatch,
    Lease,
    LeasedPackage,
    LeaseLost,
    OpenPackage,
    PackageUnknown,
    ReceiptCodeWrong,
)
from services.materials import MaterialUnknown
from services.packages import FOLLOWING_SCHEMA, SCHEMA

handoff = Routes("handoff", "/backoffice/v1", PULLING)
ROUTES = (handoff,)


class LeaseBody(BaseModel):
    """How many packages at most, and for how many seconds."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(10, ge=1, le=50)
    seconds: int = Field(600, ge=30, le=3600)


class LeasedPackageView(BaseModel):
    """``body`` is JSON in a string: take its UTF-8 bytes, compare their SHA-256 with ``digest``,
    then read them by the schema ``package-v1`` (kind ACCEPTED) or ``package-v2`` (any other)."""

    id: UUID
    case_no: str
    seq: int
    kind: str
    digest: str
    body: str

    @classmethod
    def of(cls, package: LeasedPackage) -> "LeasedPackageView":
        return cls(**vars(package))


class LeaseView(BaseModel):
    """What was taken; with nothing to take, there is no token."""

    lease_token: str | None
    leased_until: str | None
    packages: list[LeasedPackageView]

    @classmethod
    def of(cls, lease: Lease) -> "LeaseView":
        return cls(
            lease_token=lease.token,
            leased_until=lease.until.isoformat() if lease.until else None,
            packages=[LeasedPackageView.of(package) for package in lease.packages],
        )


class AckBody(BaseModel):
    """The lease it was taken under, the digest of what arrived, and the code inside of it."""

    model_config = ConfigDict(extra="forbid")

    lease_token: str = Field(min_length=1, max_length=100)
    digest: str = Field(pattern="^[0-9a-fA-F]{64}$")
    receipt_code: str = Field(min_length=1, max_length=64)


class AckView(BaseModel):
    package_id: UUID
    status: Literal["ACKED"] = "ACKED"
    acked_at: str

    @classmethod
    def of(cls, given: Acknowledgement) -> "AckView":
        return cls(package_id=given.package_id, acked_at=given.acked_at.isoformat())


class OpenQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    status: Literal["open"] = "open"
    limit: int = Field(50, ge=1, le=100)
    cursor: UUID | None = None


class OpenPackageView(BaseModel):
    """``status`` is READY or LEASED; ``leases`` counts how often it was taken."""

    id: UUID
    case_no: str
    seq: int
    kind: str
    status: str
    leases: int
    leased_until: str | None
    created_at: str

    @classmethod
    def of(cls, package: OpenPackage) -> "OpenPackageView":
        until = package.leased_until
        return cls(
            id=package.id,
            case_no=package.case_no,
            seq=package.seq,
            kind=package.kind,
            status=package.status,
            leases=package.leases,
            leased_until=until.isoformat() if until else None,
            created_at=package.created_at.isoformat(),
        )


class OpenPackages(BaseModel):
    packages: list[OpenPackageView]
    next_cursor: UUID | None


@handoff.add("POST", "/packages/lease", body=LeaseBody, answer=LeaseView)
async def lease(call: Call[Machine]) -> LeaseView:
    """Take accepted cases of one's agency for a while, oldest first."""
    body = call.body(LeaseBody)
    taken = await call.ctx.handoff.lease(call.who, limit=body.limit, seconds=body.seconds)
    return LeaseView.of(taken)


@handoff.add("GET", "/packages", query=OpenQuery, answer=OpenPackages)
async def list_open(call: Call[Machine]) -> OpenPackages:
    """List the packages of one's agency that are not acknowledged."""
    query = call.query(OpenQuery)
    page, following = await call.ctx.handoff.open_packages(
        call.who, limit=query.limit, after=query.cursor
    )
    return OpenPackages(
        packages=[OpenPackageView.of(package) for package in page], next_cursor=following
    )


@handoff.add(
    "POST",
    "/packages/<package_id:uuid>/ack",
    body=AckBody,
    answer=AckView,
    errors=(PackageUnknown, DigestMismatch, ReceiptCodeWrong, LeaseLost),
)
async def acknowledge(call: Call[Machine], package_id: UUID) -> AckView:
    """Confirm that a package arrived whole; again is the same answer."""
    body = call.body(AckBody)
    given = await call.ctx.handoff.acknowledge(
        call.who, package_id, body.lease_token, body.digest, body.receipt_code
    )
    return AckView.of(given)


@handoff.add(
    "GET",
    "/packages/<package_id:uuid>/materials/<material_id:uuid>",
    surface=READING,
    answer=Binary(("image/jpeg", "image/png", "image/webp", "application/pdf"), partial=True),
    errors=(MaterialUnknown,),
    etag=True,
)
async def get_material(call: Call[Machine], package_id: UUID, material_id: UUID) -> HTTPResponse:
    """Download a material of a package: the bytes that its applicant uploaded."""
    file = await call.ctx.materials.open_for_machine(call.who, package_id, material_id)
    return await send_file(call.request, call.ctx.materials.files, file)


@handoff.add(
    "GET", "/schemas/package-v1", surface=PUBLIC, answer=Binary(("application/schema+json",))
)
async def get_schema(call: Call[None]) -> HTTPResponse:
    """Show the JSON Schema of a case's first package."""
    return HTTPResponse(SCHEMA, content_type="application/schema+json")


@handoff.add(
    "GET", "/schemas/package-v2", surface=PUBLIC, answer=Binary(("application/schema+json",))
)
async def get_following_schema(call: Call[None]) -> HTTPResponse:
    """Show the JSON Schema of a package that follows a case's first."""
    return HTTPResponse(FOLLOWING_SCHEMA, content_type="application/schema+json")
