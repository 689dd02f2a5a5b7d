"""The catalogue: published item versions as values, listing, search, publishing."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

from jsonschema.protocols import Validator

from models.database import rows
from models.item import Item, ItemVersion
from models.rules import joint, numbers
from models.rules.calendar import Limit, Unit
from models.rules.clock_table import CLOCKS, ClockName
from models.rules.events import Role, acceptor_role
from models.rules.states import FeeStage
from models.rules.timeouts import Policy
from models.rules.versions import digest_of, version_key
from models.unit import transaction
from services.errors import Conflict, Invalid, NotFound
from services.item_checks import Examination, ItemChecks, refused
from services.ports import Clock
from services.schemas import form_validator


class ItemUnknown(NotFound):
    """There is no such service item."""

    code = "item_unknown"
    sentence = "没有找到这个事项。"


class VersionNotNewer(Conflict):
    """A version is published once, and after the ones before it."""

    code = "version_not_newer"
    sentence = "版本号要比已经发布的大。"


class CursorInvalid(Invalid):
    """A page cursor that we did not make."""

    code = "cursor_invalid"
    sentence = "翻页位置不正确,请从第一页重新查看。"


@dataclass(frozen=True)
class PublishedItem:
    """A published version of an item; ``body`` is the catalogue's data and never changes."""

    version_id: UUID
    item_id: UUID
    version: str
    digest: str
    body: Mapping[str, Any]

    @property
    def code(self) -> str:
        return str(self.body["code"])

    @property
    def impl_code(self) -> str:
        return str(self.body["impl_code"])

    @property
    def name(self) -> str:
        return str(self.body["name"])

    @property
    def agency(self) -> str:
        return str(self.body["agency"])

    @property
    def agency_uscc(self) -> str:
        return str(self.body["agency_uscc"])

    @property
    def materials(self) -> Sequence[Mapping[str, Any]]:
        found: Sequence[Mapping[str, Any]] = self.body["materials"]
        return found

    @property
    def form_schema(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.body["form_schema"]
        return found

    @property
    def real_name_level(self) -> int:
        """How surely who files it must be known (实名等级); by default the first level."""
        return int(self.body.get("real_name_level", 1))

    @property
    def acceptor(self) -> Role:
        """Who accepts: the window or the department (``acceptance.actor``)."""
        return acceptor_role(self.body["acceptance"]["actor"])

    @property
    def townships_accept(self) -> bool:
        """Tell whether a township's window takes applications for this item."""
        at_township = self.body["acceptance"]["actor"] == "TOWNSHIP_WINDOW"
        return at_township or bool(self.body["flags"].get("township_acceptance"))

    @property
    def deems_accepted(self) -> bool:
        """Whether silence is acceptance in this item (行政许可法32(四))."""
        return bool(self.body["acceptance"]["deemed_acceptance"])

    @property
    def shortfall_expiry(self) -> Policy:
        """What happens when a promised material does not come (安阳条例24; elsewhere 终止)."""
        return Policy(self.body["acceptance"]["shortfall_expiry"])

    @property
    def fee_stage(self) -> FeeStage:
        return FeeStage(self.body["fee"]["stage"])

    @property
    def joint_items(self) -> Sequence[Mapping[str, Any]]:
        """The children of a joint item (联办件), one per department; none for any other."""
        found: Sequence[Mapping[str, Any]] = self.body.get("joint_items", ())
        return found

    @property
    def external(self) -> Mapping[str, str] | None:
        """Where an item is filed that is not filed here: ``system`` and ``url``."""
        found: Mapping[str, str] | None = self.body.get("external")
        return found

    @cached_property
    def form(self) -> Validator:
        return form_validator(self.form_schema)

    def limit(self, clock: ClockName) -> Limit | None:
        """Return how long a clock runs in this item; None when it does not run at all."""
        acceptance = self.body["acceptance"]
        limits = self.body["limits"]
        if clock is ClockName.NOTIFY_5WD and acceptance["legal_clock_start"] != "ON_SUBMIT":
            return None
        if self.joint_items and clock in joint.OF_DEPARTMENTS:
            return None
        own: dict[ClockName, Limit | None] = {
            ClockName.PRE_REVIEW_SLA: _working(acceptance.get("pre_review_sla_wd")),
            ClockName.NOTIFY_5WD: _working(acceptance.get("notify_deadline_wd")),
            ClockName.CORRECTION: _working(acceptance.get("correction_deadline_wd")),
            ClockName.DECISION_PROMISED: _limit(limits.get("promised")),
            ClockName.DECISION_STATUTORY: _limit(limits.get("statutory")),
            ClockName.EXTENSION: _limit(limits.get("extension")),
            ClockName.SERVE_10WD: _limit(limits.get("serve")),
        }
        limit = own.get(clock) or CLOCKS[clock].default
        return limit if limit is not None and limit.exists else None

    def counts_from_receipt(self, clock: ClockName) -> bool:
        """Tell whether a decision limit of this item counts from receipt, not acceptance."""
        key = "promised" if clock is ClockName.DECISION_PROMISED else "statutory"
        return bool(self.body["limits"][key].get("clock_start") == "ON_RECEIVED")


def _working(days: int | None) -> Limit | None:
    return None if days is None else Limit(days, Unit.WORKING_DAY)


def _limit(data: Mapping[str, Any] | None) -> Limit | None:
    return None if data is None else Limit.of(data)


@dataclass(frozen=True)
class Page:
    items: Sequence[PublishedItem]
    next_cursor: str | None


class Items:
    """Reads the catalogue; a version never changes, so each is read once.

    It is also the only way into the catalogue, and nothing that the linter refuses passes.
    """

    def __init__(self, clock: Clock, checks: ItemChecks) -> None:
        self._clock = clock
        self._checks = checks
        self._versions: dict[UUID, PublishedItem] = {}

    async def version(self, version_id: UUID) -> PublishedItem:
        """Return a published version, current or not."""
        if version_id not in self._versions:
            found = await ItemVersion.get_or_none(id=version_id)
            if found is None:
                raise ItemUnknown
            self._versions[version_id] = _published(found)
        return self._versions[version_id]

    async def current(self, code: str) -> PublishedItem:
        """Return the version of an item that new applications are filed under."""
        item = await Item.get_or_none(code=code) if numbers.is_handling_code(code) else None
        if item is None or item.current_version_id is None:
            raise ItemUnknown
        return await self.version(item.current_version_id)

    async def published(self) -> int:
        """Return how many items can be applied for."""
        return await Item.filter(current_version_id__isnull=False).count()

    async def search(
        self,
        *,
        text: str,
        applicant_type: str | None,
        limit: int,
        cursor: str | None,
        tag: str | None = None,
    ) -> Page:
        """List current items by code, filtered by words in name or agency, and by a label."""
        after = _decode(cursor) if cursor else ""
        pattern = "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        found = await rows(
            "SELECT i.code, i.current_version_id FROM items i"
            " JOIN item_versions v ON v.id = i.current_version_id"
            " WHERE i.code > $1 AND (i.name ILIKE $2 OR i.agency ILIKE $2)"
            " AND ($3::text IS NULL OR v.body::jsonb -> 'applicant_types' ? $3)"
            " AND ($5::text IS NULL OR v.body::jsonb -> 'tags' ? $5)"
            " ORDER BY i.code LIMIT $4",
            [after, pattern, applicant_type, limit + 1, tag],
        )
        page = [await self.version(row["current_version_id"]) for row in found[:limit]]
        more = len(found) > limit
        return Page(page, _encode(page[-1].code) if more else None)

    async def publish(self, body: Mapping[str, Any]) -> bool:
        """Examine a body and publish it; raise ``ItemRefused``, and what ``put`` raises."""
        return await self.put(await self._checks.check(body))

    @transaction
    async def put(self, found: Examination) -> bool:
        """Publish an examined body as its item's current version; False if nothing changed.

        Open cases keep the version they were filed under. An unchanged body, and one that is
        older than what is current (a seed after a later version), change nothing. Raises
        ``ItemRefused``, and ``VersionNotNewer`` for another body under a known version.
        """
        if found.refusals:
            raise refused(found.refusals)
        body = found.body
        digest = digest_of(body)
        item = await Item.filter(code=body["code"]).select_for_update().first()
        if item is not None and await _is_behind(body, item):
            return False
        if item is None:
            item = Item(code=body["code"])
        item.impl_code = body["impl_code"]
        item.name = body["name"]
        item.agency = body["agency"]
        item.agency_uscc = body["agency_uscc"]
        await item.save()
        version = await ItemVersion.get_or_none(item_id=item.id, digest=digest)
        if version is not None and item.current_version_id == version.id:
            return False
        if version is None:
            if await ItemVersion.exists(item_id=item.id, version=str(body["version"])):
                raise VersionNotNewer
            version = await ItemVersion.create(
                item_id=item.id,
                version=str(body["version"]),
                digest=digest,
                body=dict(body),
                published_at=self._clock.now(),
            )
        item.current_version_id = version.id
        await item.save(update_fields=["current_version_id"])
        return True


async def _is_behind(body: Mapping[str, Any], item: Item) -> bool:
    current = await ItemVersion.get_or_none(id=item.current_version_id)
    return current is not None and version_key(str(body["version"])) < version_key(current.version)


def _published(row: ItemVersion) -> PublishedItem:
    return PublishedItem(row.id, row.item_id, row.version, row.digest, row.body)


def _encode(code: str) -> str:
    return base64.urlsafe_b64encode(code.encode()).decode().rstrip("=")


def _decode(cursor: str) -> str:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        code = base64.b64decode(padded, altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        raise CursorInvalid from error
    if not numbers.is_handling_code(code):
        raise CursorInvalid
    return code
