"""Publication of items: a draft becomes the version that applications are filed under."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson
import structlog

from models.database import rows
from models.item import Item, ItemDraft, ItemVersion
from models.rules import numbers
from models.rules.calendar import day_of
from models.rules.events import Role
from models.rules.item_words import DraftStatus
from models.rules.lint import kinds
from models.rules.states import State
from models.rules.versions import version_key
from models.unit import transaction
from services.actors import Officer
from services.drafts import Drafts, as_data, check_current, check_open, hold
from services.editors import acting
from services.errors import Conflict, Forbidden, NotFound
from services.item_checks import Examination
from services.items import ItemUnknown, PublishedItem, VersionNotNewer

log = structlog.get_logger("zhangban.items")


class DraftNeedsAnother(Forbidden):
    """A supervisor publishes, and never what they wrote in themselves (起草和发布分开)."""

    code = "draft_needs_another"
    sentence = "事项要由监察人员发布,并且不能是起草或修改过它的人。"


class NotValidYet(Conflict):
    """Whoever applies today applies under what holds today."""

    code = "not_valid_yet"
    sentence = "还没有到生效日期,到那一天再发布。"


class VersionUnknown(NotFound):
    """The item has no such version."""

    code = "item_version_unknown"
    sentence = "没有找到这个版本。"


@dataclass(frozen=True)
class Version:
    """A published version; ``open_cases`` are those that are still handled under it.

    ``published_by`` is None for what came with the installation.
    """

    version: str
    digest: str
    published_at: datetime
    published_by: str | None
    writers: Sequence[str]
    current: bool
    open_cases: int


VERSIONS = """
SELECT v.version, v.digest, v.published_at, v.id = i.current_version_id AS current,
  d.published_by, coalesce(d.writers::jsonb, '[]') AS writers,
  (SELECT count(*) FROM cases c
   WHERE c.item_version_id = v.id AND c.state <> ALL ($2::text[])) AS open_cases
FROM items i
JOIN item_versions v ON v.item_id = i.id
LEFT JOIN item_drafts d ON d.code = i.code AND d.digest = v.digest AND d.status = 'PUBLISHED'
WHERE i.code = $1
"""


@dataclass(frozen=True)
class Publications:
    drafts: Drafts

    async def versions(self, code: str) -> Sequence[Version]:
        """Return the versions of an item, newest first; raise ``ItemUnknown``."""
        if not numbers.is_handling_code(code):
            raise ItemUnknown
        closed = [state.value for state in State if state.closed]
        found = [
            Version(**{**row, "writers": orjson.loads(row["writers"])})
            for row in await rows(VERSIONS, [code, closed])
        ]
        if not found:
            raise ItemUnknown
        return sorted(found, key=lambda each: version_key(each.version), reverse=True)

    async def version(self, code: str, version: str) -> PublishedItem:
        """Return one version of an item, current or not; raise ``VersionUnknown``."""
        named = numbers.is_handling_code(code) and kinds.version(version)
        found = named and await ItemVersion.get_or_none(item__code=code, version=version)
        if not found:
            raise VersionUnknown
        return await self.drafts.items.version(found.id)

    async def base_of(self, draft: ItemDraft) -> Mapping[str, Any] | None:
        """Return the published body that a draft starts from; None for a new item."""
        if draft.based_on is None:
            return None
        return (await self.version(draft.code, draft.based_on)).body

    async def publish(self, who: Officer, draft_id: UUID, *, revision: int) -> ItemDraft:
        """Publish a draft for the applications of today and after; open cases keep their version.

        Raises ``DraftNeedsAnother``, ``DraftChanged``, ``DraftIsClosed``, ``DraftOutdated``,
        ``ItemRefused``, ``NotValidYet`` or ``VersionNotNewer``.
        """
        draft = await self.drafts.get(who, draft_id)
        _check_publisher(who, draft)
        if draft.published_by == str(who.id) and draft.revision == revision:
            return draft  # the same request again
        check_open(draft, revision)
        # Examined again: the rules, the calendar or the region's policy may have changed.
        found = await self.drafts.checks.check(draft.body)
        return await self._publish(who, draft_id, found, revision)

    @transaction
    async def _publish(
        self, who: Officer, draft_id: UUID, found: Examination, revision: int
    ) -> ItemDraft:
        draft = await hold(who, draft_id)
        _check_publisher(who, draft)
        check_open(draft, revision)
        now = self.drafts.clock.now()
        if date.fromisoformat(found.body["valid_from"]) > day_of(now):
            raise NotValidYet
        await _check_next(draft)
        await self.drafts.items.put(found)
        draft.findings = [as_data(finding) for finding in found.findings]
        draft.status, draft.published_by = DraftStatus.PUBLISHED, str(who.id)
        draft.updated_at = draft.published_at = now
        await draft.save()
        facts = {"version": found.body["version"], "digest": draft.digest, "draft": str(draft.id)}
        await self.drafts.audit.record(acting(who), "item.publish", "item", draft.code, facts)
        log.info("item.published", item=draft.code, version=found.body["version"])
        return draft


def _check_publisher(who: Officer, draft: ItemDraft) -> None:
    if Role.SUPERVISOR not in who.roles or str(who.id) in draft.writers:
        raise DraftNeedsAnother


async def _check_next(draft: ItemDraft) -> None:
    """Hold the item's row: of two that are published at once, the second looks again."""
    await Item.filter(code=draft.code).select_for_update().first()
    await check_current(draft.code, draft.based_on)
    new = version_key(draft.body["version"])
    known = await ItemVersion.filter(item__code=draft.code).values_list("version", flat=True)
    if any(version_key(str(version)) >= new for version in known):
        raise VersionNotNewer
