"""Drafts of items (事项草稿): written by some, examined by the linter, published by another."""

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any
from uuid import UUID

from models.database import Duplicate
from models.ids import uuid7
from models.item import Item, ItemDraft, ItemVersion
from models.rules.calendar import day_of
from models.rules.events import Role
from models.rules.item_words import DraftStatus
from models.rules.lint import Finding, can_be_kept
from models.rules.simulation import Simulation
from models.rules.versions import digest_of, next_version
from models.staff import StaffMember
from models.unit import transaction
from services.actors import SYSTEM, Actor, Officer
from services.audit import Audit
from services.editors import acting, check_author, sees
from services.errors import Conflict, Invalid, NotFound, PreconditionFailed
from services.idempotency import Once
from services.item_checks import Examination, ItemChecks
from services.items import Items
from services.ports import Clock

IMPORTED = "import"  # the writer of what came from the common catalogue


class DraftUnknown(NotFound):
    """There is no such draft, or it is another department's."""

    code = "draft_unknown"
    sentence = "没有找到这份事项草稿。"


class DraftUnusable(Invalid):
    """A body without a code that says whose it is, or one that nobody could read."""

    code = "draft_unusable"
    sentence = "草稿要写业务办理项编码(33位)和实施机关;一份草稿的编码不能改。"


class DraftChanged(PreconditionFailed):
    """Somebody wrote in the draft since the caller looked at it."""

    code = "draft_changed"
    sentence = "草稿已经被改过,请重新打开,看过以后再操作。"


class DraftOutdated(Conflict):
    """The item was published anew since the draft was begun; ``facts`` say which is current."""

    code = "draft_outdated"
    sentence = "起草以后这个事项已经发布了新版本,请先和新版本核对。"


class DraftIsClosed(Conflict):
    """What was published or given up stays as it is; a change is a new draft."""

    code = "draft_is_closed"
    sentence = "这份草稿已经发布或者作废,要修改请新建草稿。"


@dataclass(frozen=True)
class Drafts:
    clock: Clock
    items: Items
    checks: ItemChecks
    audit: Audit

    async def create(self, who: Officer, body: Mapping[str, Any], key: str) -> ItemDraft:
        """Keep a new draft with what is wrong with it; the same key again gives the same draft.

        A draft may be wrong: it is told so at once, and refused only when it is to be published.
        Raises ``DraftUnusable``, ``ItemNotYours`` and ``KeyReused``.
        """
        once = Once.of(str(who.id), key, "draft.create", digest_of(body))
        return await self._create(who, body, once)

    async def start(self, who: Officer, code: str, key: str) -> ItemDraft:
        """Begin the next version of an item from its current one; raise ``ItemUnknown``."""
        now = await self.items.current(code)
        today = day_of(self.clock.now()).isoformat()
        body = {
            **deepcopy(dict(now.body)),
            "version": next_version(now.version),
            "valid_from": today,
        }
        return await self._create(who, body, Once.of(str(who.id), key, "draft.start", code))

    async def bring_in(self, body: Mapping[str, Any]) -> ItemDraft:
        """Keep what the common catalogue says, untouched (要素一致); a supervisor publishes it.

        The same again is the same draft.
        """
        check_usable(body)
        once = Once.of(IMPORTED, digest_of(body), "draft.import")
        return await self._keep(SYSTEM, IMPORTED, await self.checks.examine(body), once)

    async def _create(self, who: Officer, body: Mapping[str, Any], once: Once) -> ItemDraft:
        check_usable(body)
        await check_author(who, body)
        found = await self.checks.examine(body)
        try:
            return await self._keep(acting(who), str(who.id), found, once)
        except Duplicate:  # two at the same moment: the other one was first
            return await self._keep(acting(who), str(who.id), found, once)

    @transaction
    async def _keep(self, actor: Actor, writer: str, found: Examination, once: Once) -> ItemDraft:
        answered = await once.answered()
        if answered is not None:
            return await ItemDraft.get(id=answered["draft_id"])
        now = self.clock.now()
        draft = ItemDraft(id=uuid7(), code=found.body["code"], revision=0, writers=[])
        draft.created_by, draft.created_at = writer, now
        draft.based_on = await current_version(draft.code)
        self._write(draft, writer, found)
        await draft.save(force_create=True)
        await once.answer({"draft_id": str(draft.id)}, self.clock)
        await self._record(actor, "item_draft.create", draft)
        return draft

    async def replace(
        self,
        who: Officer,
        draft_id: UUID,
        body: Mapping[str, Any],
        *,
        revision: int,
        based_on: str | None = None,
    ) -> ItemDraft:
        """Write a draft anew, if nobody else did since ``revision``.

        ``based_on`` says which published version it was compared with, if another than before.
        Raises ``DraftUnknown``, ``DraftUnusable``, ``DraftChanged``, ``DraftIsClosed``,
        ``DraftOutdated`` and ``ItemNotYours``.
        """
        draft = await self.get(who, draft_id)
        check_usable(body)
        await check_author(who, body)
        if body["code"] != draft.code:
            raise DraftUnusable
        found = await self.checks.examine(body)
        return await self._replace(who, draft_id, found, revision, based_on)

    @transaction
    async def _replace(
        self, who: Officer, draft_id: UUID, found: Examination, revision: int, based_on: str | None
    ) -> ItemDraft:
        draft = await hold(who, draft_id)
        if draft.revision == revision + 1 and draft.digest == digest_of(found.body):
            return draft  # the same request again
        check_open(draft, revision)
        if based_on is not None:
            await check_current(draft.code, based_on)
            draft.based_on = based_on
        self._write(draft, str(who.id), found)
        await draft.save()
        await self._record(acting(who), "item_draft.write", draft)
        return draft

    @transaction
    async def discard(self, who: Officer, draft_id: UUID, *, revision: int) -> None:
        """Give a draft up; it stays to be looked at."""
        draft = await hold(who, draft_id)
        if draft.status == DraftStatus.DISCARDED:
            return
        check_open(draft, revision)
        draft.status, draft.updated_at = DraftStatus.DISCARDED, self.clock.now()
        await draft.save()
        await self._record(acting(who), "item_draft.discard", draft)

    async def get(self, who: Officer, draft_id: UUID) -> ItemDraft:
        """Return a draft; raise ``DraftUnknown``."""
        return _seen(who, await ItemDraft.get_or_none(id=draft_id))

    async def list(
        self,
        who: Officer,
        *,
        status: str | None,
        code: str | None = None,
        limit: int,
        before: UUID | None,
    ) -> tuple[Sequence[ItemDraft], UUID | None]:
        """Return the drafts that concern somebody, newest first, and where the next page begins."""
        found = ItemDraft.all()
        if Role.SUPERVISOR not in who.roles:
            found = found.filter(agency=who.unit)
        asked = {"status": status, "code": code, "id__lt": before}
        found = found.filter(**{name: value for name, value in asked.items() if value is not None})
        page = await found.order_by("-id").limit(limit + 1)
        return page[:limit], page[limit - 1].id if len(page) > limit else None

    async def simulate(self, who: Officer, draft_id: UUID, start: date | None) -> Simulation:
        """Run synthetic applicants through a draft; raise ``ItemRefused`` if it cannot be read."""
        draft = await self.get(who, draft_id)
        return await self.checks.simulate(draft.body, start)

    async def _record(self, actor: Actor, action: str, draft: ItemDraft) -> None:
        facts = {"item": draft.code, "revision": draft.revision, "digest": draft.digest}
        await self.audit.record(actor, action, "item_draft", draft.id, facts)

    def _write(self, draft: ItemDraft, writer: str, found: Examination) -> None:
        draft.body, draft.digest = dict(found.body), digest_of(found.body)
        draft.agency = found.body["agency"]
        draft.findings = [as_data(finding) for finding in found.findings]
        draft.writers = [*dict.fromkeys([*draft.writers, writer])]
        draft.revision, draft.updated_at = draft.revision + 1, self.clock.now()


async def names_of(writers: Iterable[str]) -> Mapping[str, str]:
    """Return the names of those who wrote or published, by what a draft knows them as."""
    people = {writer for writer in writers if writer != IMPORTED}
    found = await StaffMember.filter(id__in=sorted(people)).values_list("id", "name")
    return {IMPORTED: "事项库导入", **{str(id_): str(name) for id_, name in found}}


async def current_version(code: str) -> str | None:
    """Return the number of the version that applications are filed under; None for none."""
    item = await Item.get_or_none(code=code)
    version = item and await ItemVersion.get_or_none(id=item.current_version_id)
    return version.version if version else None


async def check_current(code: str, version: str | None) -> None:
    """Raise ``DraftOutdated`` when another version is current than the caller knows."""
    now = await current_version(code)
    if now != version:
        raise DraftOutdated(facts={"current_version": now})


def check_usable(body: Mapping[str, Any]) -> None:
    """Raise ``DraftUnusable`` for what could not even be kept under its item."""
    if not can_be_kept(body):
        raise DraftUnusable


def _seen(who: Officer, draft: ItemDraft | None) -> ItemDraft:
    if draft is None or not sees(who, draft.agency):
        raise DraftUnknown
    return draft


async def hold(who: Officer, draft_id: UUID) -> ItemDraft:
    """Return a draft with its row held; raise ``DraftUnknown``."""
    return _seen(who, await ItemDraft.filter(id=draft_id).select_for_update().first())


def check_open(draft: ItemDraft, revision: int) -> None:
    """Raise ``DraftIsClosed``, or ``DraftChanged`` if the caller knows another revision."""
    if draft.status != DraftStatus.DRAFT:
        raise DraftIsClosed
    if draft.revision != revision:
        raise DraftChanged


def as_data(finding: Finding) -> dict[str, Any]:
    return {**asdict(finding), "severity": finding.severity.value}
