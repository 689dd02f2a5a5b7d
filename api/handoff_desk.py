"""The hand-off as a supervisor sees it: every package, its history, and sending it again."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.auth import SUPERVISOR
from api.call import Call
from api.handoff import OpenPackageView
from api.routes import Routes
from models.rules.events import Role
from models.rules.states import HandoffStatus
from services.actors import Officer
from services.handoff import PackageUnknown
from services.handoff_desk import Happening, PackageArchived, ResendReasonMissing, Shown
from services.handoff_lists import Listed, PackageFilter

desk = Routes("handoff", "/staff/v1/handoff", SUPERVISOR)
ROUTES = (desk,)


class PackageQuery(BaseModel):
    """``open``: nobody has acknowledged it; ``returned``: it came back; ``late``: past its hour."""

    model_config = ConfigDict(extra="forbid")

    status: Literal["open", "READY", "LEASED", "ACKED"] = "open"
    agency_uscc: str | None = Field(None, max_length=18)
    kind: str | None = Field(None, max_length=24)
    case_no: str | None = Field(None, max_length=50)
    returned: bool | None = None
    late: bool | None = None
    limit: int = Field(50, ge=1, le=100)
    cursor: UUID | None = None

    def filter(self) -> PackageFilter:
        status = None if self.status == "open" else HandoffStatus(self.status)
        named = ("agency_uscc", "kind", "case_no", "returned", "late")
        return PackageFilter(status=status, **{name: getattr(self, name) for name in named})


class PackageView(OpenPackageView):
    """``leased_by`` and ``acked_by`` are systems of the back-office."""

    agency_uscc: str
    digest: str
    leased_by: str | None
    acked_at: str | None
    acked_by: str | None

    @classmethod
    def of(cls, package: Listed) -> "PackageView":
        found = {name: getattr(package, name) for name in cls.model_fields}
        return cls(**{name: _text(value) for name, value in found.items()})


class PackageList(BaseModel):
    packages: list[PackageView]
    next_cursor: UUID | None


class HappeningView(BaseModel):
    """``act``: LEASED, EXTENDED, RETURNED, ACKED, RESENT, ESCALATED; ``until``: the lease's end."""

    at: str
    act: str
    by: str | None
    code: str | None
    text: str | None
    until: str | None

    @classmethod
    def of(cls, happening: Happening) -> "HappeningView":
        return cls(**{name: _text(value) for name, value in vars(happening).items()})


class ShownView(BaseModel):
    package: PackageView
    history: list[HappeningView]

    @classmethod
    def of(cls, shown: Shown) -> "ShownView":
        history = [HappeningView.of(each) for each in shown.history]
        return cls(package=PackageView.of(shown.package), history=history)


class ResendBody(BaseModel):
    """``reason`` is needed for a package that was acknowledged."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field("", max_length=300)


def _text(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value


@desk.add("GET", "", query=PackageQuery, answer=PackageList)
async def list_packages(call: Call[Officer]) -> PackageList:
    """List packages of all agencies, oldest first."""
    query = call.query(PackageQuery)
    page = await call.ctx.handoff_desk.list(query.filter(), limit=query.limit, after=query.cursor)
    return PackageList(
        packages=[PackageView.of(each) for each in page.packages], next_cursor=page.following
    )


@desk.add("GET", "/<package_id:uuid>", answer=ShownView, errors=(PackageUnknown,))
async def show_package(call: Call[Officer], package_id: UUID) -> ShownView:
    """Show a package and everything that happened to it, without what is in it."""
    return ShownView.of(await call.ctx.handoff_desk.show(package_id))


@desk.add(
    "POST",
    "/<package_id:uuid>/resend",
    status=204,
    body=ResendBody,
    errors=(PackageUnknown, ResendReasonMissing, PackageArchived),
)
async def resend(call: Call[Officer], package_id: UUID) -> None:
    """Make a package ready again: the same id and the same bytes, counted anew."""
    body = call.body(ResendBody)
    actor = call.who.acting_as(Role.SUPERVISOR)
    await call.ctx.handoff_desk.resend(actor, package_id, body.reason)
