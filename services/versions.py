"""Versions of a material that no upload brought: the same bytes again, or what a register gave."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from models.ids import uuid7
from models.material import Material
from models.material_page import MaterialPage
from models.rules.supply import SupplyMode, TrustLevel
from services.marks import Mark
from services.quarantine import check_taken

FILE = (
    *("name_sealed", "original_key", "sha256", "mime", "size"),
    *("working_key", "working_sha256", "working_mime", "working_size"),
    *("thumbnail_key", "thumbnail_size", "pages", "width", "height"),
)
# A page has no pages of its own.
PAGE = ("no", *(name for name in FILE if name != "pages"))


@dataclass(frozen=True)
class Supply:
    """How a version comes, and what is known of it from the start."""

    mode: SupplyMode
    trust: TrustLevel
    valid_until: date | None = None
    origin_id: UUID | None = None
    mark: Mark = Mark.NONE
    mark_source: str | None = None
    marked_at: datetime | None = None

    @property
    def columns(self) -> dict[str, Any]:
        return {
            "supply_mode": self.mode.value,
            "trust_level": self.trust.value,
            "valid_until": self.valid_until,
            "origin_id": self.origin_id,
            "verification": self.mark.value,
            "verification_source": self.mark_source,
            "verified_at": self.marked_at,
        }


async def put(
    case_id: UUID, code: str, file: Mapping[str, Any], supply: Supply, now: datetime
) -> tuple[Material, bool]:
    """Make bytes that are stored already the current version of a material.

    In the caller's transaction, with the case's row held. The bytes that are there already, as
    well trusted, stay as they are: then the second value is False.
    """
    newest = await Material.filter(case_id=case_id, code=code).order_by("-no").first()
    if newest is not None and newest.replaced_at is None:
        if newest.sha256 == file["sha256"] and newest.trust_level <= supply.trust:
            return newest, False
        newest.replaced_at = now
        await newest.save(update_fields=["replaced_at"])
    made = await Material.create(
        id=uuid7(),
        case_id=case_id,
        code=code,
        no=1 if newest is None else newest.no + 1,
        created_at=now,
        **{name: file[name] for name in FILE},
        **supply.columns,
    )
    return made, True


async def copy_pages(origin: Material, made: Material) -> None:
    """Let a version that is the same photos again have the same pages.

    Raises ``MaterialInfected``: the document made of them is ours, a virus is in the photos.
    """
    pages = await MaterialPage.filter(material_id=origin.id).order_by("no")
    for page in pages:
        columns = {name: getattr(page, name) for name in PAGE}
        await MaterialPage.create(id=uuid7(), material_id=made.id, **columns)
    if pages:
        await check_taken(*(page.original_key for page in pages))


def file_of(material: Material) -> dict[str, Any]:
    """Return the columns that say where a version's bytes are."""
    return {name: getattr(material, name) for name in FILE}
