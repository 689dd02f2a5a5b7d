"""Drafts of items as they are shown."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from api.call import Call
from api.simulations import FindingView
from models.item import ItemDraft
from models.rules.item_changes import changes
from models.rules.item_words import DraftStatus
from services.actors import Officer
from services.drafts import names_of


class DraftSummary(BaseModel):
    """``writers`` are all who wrote in it; somebody else publishes it."""

    id: UUID
    code: str
    name: str | None
    agency: str
    version: str | None
    based_on: str | None
    revision: int
    status: DraftStatus
    writers: list[str]
    refusals: int
    warnings: int
    updated_at: str
    published_by: str | None
    published_at: str | None

    @classmethod
    def of(cls, draft: ItemDraft, names: Mapping[str, str]) -> "DraftSummary":
        return cls(**_summary(draft, names))


class ChangeView(BaseModel):
    """One place that differs from the version that the draft is based on."""

    pointer: str
    before: Any
    after: Any


class DraftView(DraftSummary):
    """A draft with its body, everything that was found, and what it changes."""

    findings: list[FindingView]
    changes: list[ChangeView]
    body: dict[str, Any]


class DraftList(BaseModel):
    drafts: list[DraftSummary]
    next_cursor: UUID | None


def _summary(draft: ItemDraft, names: Mapping[str, str]) -> dict[str, Any]:
    kinds = [finding["severity"] for finding in draft.findings]
    return {
        "id": draft.id,
        "code": draft.code,
        "name": _text(draft.body.get("name")),
        "agency": draft.agency,
        "version": _text(draft.body.get("version")),
        "based_on": draft.based_on,
        "revision": draft.revision,
        "status": draft.status,
        "writers": [names.get(writer, "") for writer in draft.writers],
        "refusals": kinds.count("REFUSES"),
        "warnings": kinds.count("WARNS"),
        "updated_at": draft.updated_at.isoformat(),
        "published_by": names.get(draft.published_by) if draft.published_by else None,
        "published_at": draft.published_at.isoformat() if draft.published_at else None,
    }


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


async def names_in(drafts: Iterable[ItemDraft]) -> Mapping[str, str]:
    found = list(drafts)
    publishers = [draft.published_by for draft in found if draft.published_by]
    return await names_of([*publishers, *(name for draft in found for name in draft.writers)])


async def view_of(call: Call[Officer], draft: ItemDraft) -> DraftView:
    base = await call.ctx.publications.base_of(draft)
    differs = changes(base, draft.body) if base is not None else ()
    return DraftView(
        **_summary(draft, await names_in([draft])),
        findings=[FindingView(**finding) for finding in draft.findings],
        changes=[
            ChangeView(pointer=each.pointer, before=each.before, after=each.after)
            for each in differs
        ],
        body=draft.body,
    )
