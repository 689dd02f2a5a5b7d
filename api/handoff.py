"""Hand-off: the back-office leases packages, fetches their materials, acknowledges."""

from datetime import UTC
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.auth import PULLING
from api.call import Call
from api.routes import Routes
from models.rules.handoff import ReturnCode
from models.rules.states import HandoffStatus
from services.actors import Machine
from services.handoff import (
    Acknowledgement,
    DigestMismatch,
    Lease,
    LeasedPackage,
    LeaseLost,
    PackageUnknown,
    ReceiptCodeWrong,
)
from services.handoff_lists import Listed, PackageFilter

handoff = Routes("handoff", "/backoffice/v1", PULLING)
ROUTES = (handoff,)


class LeaseBody(BaseModel):
    """How many packages at most, and for how many seconds."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(10, ge=1, le=50)
    seconds: int = Field(600, ge=30, le=3600)


class LeasedPackageView(BaseModel):
    """``body`` is JSON in a string: take its UTF-8 bytes, compare their SHA-256 with ``digest``,
    then read them by the schema that their ``schema`` names (``package-v3``; older packages ``v1``
    and ``v2``). ``signature``: a detached JWS (ES256) over the same bytes. ``leases`` above 1: it
    was taken before."""

    id: UUID
    case_no: str
    seq: int
    kind: str
    digest: str
    signature: str | None
    leases: int
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
        at = given.acked_at.astimezone(UTC)
        return cls(package_id=given.package_id, acked_at=at.isoformat())


class TokenBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    lease_token: str = Field(min_length=1, max_length=100)


class ExtendBody(TokenBody):
    """For how many seconds from now; one lease lasts four hours at most."""

    seconds: int = Field(600, ge=30, le=3600)


class ExtendedView(BaseModel):
    package_id: UUID
    leased_until: str


class ReturnBody(TokenBody):
    """Why it cannot be taken, technically; ``text`` is for the operator, without personal data."""

    code: ReturnCode
    text: str = Field("", max_length=300)


class ReturnedView(BaseModel):
    package_id: UUID
    status: Literal["READY"] = "READY"


class OpenQuery(BaseModel):
    """``returned``: came back at least once; ``late``: past the hour by which it was to be taken
    over. ``case_no``, ``kind``: only these."""

    model_config = ConfigDict(extra="forbid")

    status: Literal["open", "READY", "LEASED"] = "open"
    kind: str | None = Field(None, max_length=24)
    case_no: str | None = Field(None, max_length=50)
    returned: bool | None = None
    late: bool | None = None
    limit: int = Field(50, ge=1, le=100)
    cursor: UUID | None = None

    def filter(self) -> PackageFilter:
        status = None if self.status == "open" else HandoffStatus(self.status)
        return PackageFilter(
            status=status,
            kind=self.kind,
            case_no=self.case_no,
            returned=self.returned,
            late=self.late,
        )


class OpenPackageView(BaseModel):
    """``status`` is READY or LEASED; ``leases`` counts how often it was taken, ``returns`` how
    often it came back, with the last reason; ``pull_by``: until when it is to be acknowledged."""

    id: UUID
    case_no: str
    seq: int
    kind: str
    item_code: str
    status: str
    leases: int
    leased_until: str | None
    returns: int
    return_code: str | None
    return_text: str | None
    pull_by: str | None
    created_at: str

    @classmethod
    def of(cls, package: Listed) -> "OpenPackageView":
        until, by = package.leased_until, package.pull_by
        same = {name: getattr(package, name) for name in cls.model_fields}
        return cls(
            **{
                **same,
                "leased_until": until.isoformat() if until else None,
                "pull_by": by.isoformat() if by else None,
                "created_at": package.created_at.isoformat(),
            }
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
        call.who, limit=query.limit, after=query.cursor, wanted=query.filter()
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
    "POST",
    "/packages/<package_id:uuid>/extend",
    body=ExtendBody,
    answer=ExtendedView,
    errors=(PackageUnknown, LeaseLost),
)
async def extend(call: Call[Machine], package_id: UUID) -> ExtendedView:
    """Hold a leased package longer, under the same token."""
    body = call.body(ExtendBody)
    until = await call.ctx.handoff.extend(call.who, package_id, body.lease_token, body.seconds)
    return ExtendedView(package_id=package_id, leased_until=until.isoformat())


@handoff.add(
    "POST",
    "/packages/<package_id:uuid>/return",
    body=ReturnBody,
    answer=ReturnedView,
    errors=(PackageUnknown, LeaseLost),
)
async def give_back(call: Call[Machine], package_id: UUID) -> ReturnedView:
    """Give a package back for a technical reason: it is served again."""
    body = call.body(ReturnBody)
    await call.ctx.handoff.give_back(call.who, package_id, body.lease_token, body.code, body.text)
    return ReturnedView(package_id=package_id)
