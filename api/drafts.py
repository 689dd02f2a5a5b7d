"""Drafts of items: for the department whose item it is, and for supervisors."""

from datetime import date
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.auth import EDITOR
from api.call import Call
from api.draft_views import DraftList, DraftSummary, DraftView, names_in, view_of
from api.routes import Routes
from api.simulations import SimulationView
from models.rules.item_words import DraftStatus
from services.actors import Officer
from services.drafts import (
    DraftChanged,
    DraftIsClosed,
    DraftOutdated,
    DraftUnknown,
    DraftUnusable,
)
from services.editors import ItemNotYours
from services.idempotency import KeyReused
from services.item_checks import ItemRefused
from services.items import ItemUnknown, VersionNotNewer
from services.publications import DraftNeedsAnother, NotValidYet

drafts = Routes("item-drafts", "/staff/v1/item-drafts", EDITOR)
ROUTES = (drafts,)

DRAFT = "/<draft_id:uuid>"
REVISION = Field(ge=1, le=2**31 - 1, strict=True, description="as the caller knows the draft")


class NewDraft(BaseModel):
    """Either ``code``, to begin from the item's current version, or a whole ``body``."""

    model_config = ConfigDict(extra="forbid")

    code: str | None = Field(None, max_length=40)
    body: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> "NewDraft":
        if (self.code is None) is (self.body is None):
            raise ValueError("either code or body")
        return self


class DraftBody(BaseModel):
    """``body`` is an item as in the catalogue; it may still be wrong.

    ``based_on``: the published version that the draft was compared with, where that is another
    one than before.
    """

    model_config = ConfigDict(extra="forbid")

    body: dict[str, Any]
    revision: int = REVISION
    based_on: str | None = Field(None, max_length=20)


class RevisionBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    revision: int = REVISION


class SimulationBody(BaseModel):
    """``start``: the day on which the synthetic applicants file; today by default."""

    model_config = ConfigDict(extra="forbid")

    start: date | None = Field(None, ge=date(2020, 1, 1), le=date(2100, 1, 1))


class DraftsQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    status: DraftStatus | None = None
    code: str | None = Field(None, max_length=40)
    limit: int = Field(20, ge=1, le=100)
    cursor: UUID | None = None


@drafts.add(
    "POST",
    "",
    status=201,
    body=NewDraft,
    answer=DraftView,
    errors=(ItemUnknown, DraftUnusable, ItemNotYours, KeyReused),
    idempotent=True,
)
async def create_draft(call: Call[Officer]) -> DraftView:
    """Keep a new draft, from the current version or from a body, and tell what is wrong with it."""
    new, key = call.body(NewDraft), call.idempotency_key
    if new.body is not None:
        draft = await call.ctx.drafts.create(call.who, new.body, key)
    else:
        draft = await call.ctx.drafts.start(call.who, str(new.code), key)
    return await view_of(call, draft)


@drafts.add("GET", "", query=DraftsQuery, answer=DraftList)
async def list_drafts(call: Call[Officer]) -> DraftList:
    """List the drafts of one's department, or for a supervisor all of them."""
    query = call.query(DraftsQuery)
    page, following = await call.ctx.drafts.list(
        call.who, status=query.status, code=query.code, limit=query.limit, before=query.cursor
    )
    names = await names_in(page)
    return DraftList(
        drafts=[DraftSummary.of(draft, names) for draft in page], next_cursor=following
    )


@drafts.add("GET", DRAFT, answer=DraftView, errors=(DraftUnknown,))
async def get_draft(call: Call[Officer], draft_id: UUID) -> DraftView:
    """Show a draft with its body, findings and changes."""
    return await view_of(call, await call.ctx.drafts.get(call.who, draft_id))


@drafts.add(
    "PUT",
    DRAFT,
    body=DraftBody,
    answer=DraftView,
    errors=(
        DraftUnknown,
        DraftUnusable,
        ItemNotYours,
        DraftIsClosed,
        DraftOutdated,
        DraftChanged,
    ),
)
async def replace_draft(call: Call[Officer], draft_id: UUID) -> DraftView:
    """Write a draft anew, if nobody else did meanwhile."""
    sent = call.body(DraftBody)
    draft = await call.ctx.drafts.replace(
        call.who, draft_id, sent.body, revision=sent.revision, based_on=sent.based_on
    )
    return await view_of(call, draft)


@drafts.add(
    "POST",
    f"{DRAFT}/discard",
    status=204,
    body=RevisionBody,
    errors=(DraftUnknown, DraftIsClosed, DraftChanged),
)
async def discard_draft(call: Call[Officer], draft_id: UUID) -> None:
    """Give a draft up; it is kept, and nobody can publish it."""
    await call.ctx.drafts.discard(call.who, draft_id, revision=call.body(RevisionBody).revision)


@drafts.add(
    "POST",
    f"{DRAFT}/simulation",
    body=SimulationBody,
    answer=SimulationView,
    errors=(DraftUnknown, ItemRefused),
)
async def simulate_draft(call: Call[Officer], draft_id: UUID) -> SimulationView:
    """Run synthetic applicants through every branch and flavour of a draft."""
    start = call.body(SimulationBody).start
    return SimulationView.of(await call.ctx.drafts.simulate(call.who, draft_id, start))


@drafts.add(
    "POST",
    f"{DRAFT}/publication",
    body=RevisionBody,
    answer=DraftView,
    errors=(
        DraftUnknown,
        DraftNeedsAnother,
        DraftIsClosed,
        DraftChanged,
        DraftOutdated,
        ItemRefused,
        NotValidYet,
        VersionNotNewer,
    ),
)
async def publish_draft(call: Call[Officer], draft_id: UUID) -> DraftView:
    """Publish a draft that others wrote; open cases keep their version."""
    revision = call.body(RevisionBody).revision
    draft = await call.ctx.publications.publish(call.who, draft_id, revision=revision)
    return await view_of(call, draft)
