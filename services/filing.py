"""Filing (申请): what keeps a draft from becoming an application (T01), and how it gets over it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from models.case import Case
from models.database import rows
from models.material import Material
from models.rules.states import AcceptMode, State
from models.rules.units import UnitKind
from models.staff import Window
from models.unit import transaction
from services import consents, promises, saved
from services.actors import Citizen
from services.cases import Cases, FiledElsewhere, NotEditable, Opened
from services.commitments import wording_of
from services.errors import Conflict, FieldFault, Invalid
from services.items import PublishedItem
from services.promises import PromiseKind

# A second application of the same person waits behind the first, so that only one gets through.
QUEUE = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"
HINDRANCES = """
SELECT (SELECT current_version_id FROM items WHERE id = $1) AS current,
  (SELECT case_no FROM cases WHERE account_id = $2 AND item_id = $1 AND id <> $3
     AND submitted_at IS NOT NULL AND decided_at IS NULL AND closed_at IS NULL
   ORDER BY id DESC LIMIT 1) AS open_case_no"""
# 数据库核对一致: what the real-name check confirmed of the applicant is noted on the way, and once
# that they were told what their data is used for (个人信息保护法17, 35).
PRESENT = """
WITH matched AS (
  UPDATE materials m SET verification = 'DB_MATCHED', verification_source = $3,
    verified_at = p.verified_at
  FROM persons p WHERE p.account_id = $4 AND m.case_id = $1 AND m.code = ANY($2::text[])
    AND m.replaced_at IS NULL AND m.trust_level <> 'A'
), noted AS (
  INSERT INTO consents
    (id, account_id, case_id, purpose, version, kind, answer, digest, answered_at)
  VALUES ($5, $4, $1, $6, $7, $8, 'SHOWN', $9, $10) ON CONFLICT DO NOTHING
)
SELECT code, blocked FROM materials WHERE case_id = $1 AND replaced_at IS NULL"""
REGISTER = "实名认证:姓名和身份证号与人口信息核对一致"
ID_CARD = "居民身份证"


class ItemVersionOutdated(Conflict):
    """The draft was begun under an older version of the item, or the item is no longer offered."""

    code = "item_version_outdated"
    sentence = "办事指南已经更新。请把这份草稿换到新版,看一看再提交。"


class CaseOpenAlready(Conflict):
    """The applicant has an undecided application for the same item; its number is told."""

    code = "case_open_already"
    sentence = "这个事项您已经有一件正在办,不用重复提交。确实要另办一件的,请选“再办一件”。"


class CaseOpenOnly(CaseOpenAlready):
    """The item takes one application of a person at a time (``flags.one_open_case``)."""

    code = "case_open_only"
    sentence = "这个事项一次只能办一件。您已经有一件正在办,请等办完再申请。"


class MaterialsBlocked(Invalid):
    """The machine could not read what has to be read; each fault names a material."""

    code = "materials_blocked"
    sentence = "有材料看不清楚或者传错了。请按提示重新上传,也可以申请人工复核。"


class WindowNotOffered(Invalid):
    """There is no such window, or it does not take this item."""

    code = "window_not_offered"
    sentence = "这个事项不能在所选的窗口办理,请另选一个窗口。"


@dataclass(frozen=True)
class Hindrances:
    """What stands in a draft's way: ``outdated`` is about the item's version, ``open_case_no``
    names an undecided application of the same person for the same item."""

    outdated: bool
    open_case_no: str | None


async def hindrances(case: Case) -> Hindrances:
    """Return what stands in the way of submitting a draft."""
    [found] = await rows(HINDRANCES, [case.item_id, case.account_id, case.id])
    return Hindrances(found["current"] != case.item_version_id, found["open_case_no"])


async def queue_up(case: Case) -> Hindrances:
    """Wait for any other submission of the same person for the same item, then look.

    In the caller's transaction, with the draft's row held. Raises ``ItemVersionOutdated``.
    """
    await rows(QUEUE, [f"case.submit:{case.account_id}:{case.item_id}"])
    found = await hindrances(case)
    if found.outdated:
        raise ItemVersionOutdated
    return found


def check_alone(found: Hindrances, item: PublishedItem, *, another: bool) -> None:
    """Check that no application is doubled.

    Raises ``CaseOpenAlready`` (unless ``another`` is wanted) or, where the item takes but one,
    ``CaseOpenOnly``.
    """
    if found.open_case_no is None:
        return
    facts = {"open_case_no": found.open_case_no}
    if item.body["flags"].get("one_open_case"):
        raise CaseOpenOnly(facts=facts)
    if not another:
        raise CaseOpenAlready(facts=facts)


async def check_window(item: PublishedItem, window_id: str | None) -> None:
    """Check where an application is handed in; raise ``WindowNotOffered``.

    The county's hall takes everything, a township's window what the item leaves to townships,
    an agency's own window the agency's items.
    """
    if window_id is None:
        return
    window = await Window.get_or_none(id=window_id).select_related("unit")
    if window is None:
        raise WindowNotOffered
    match window.unit.kind:
        case UnitKind.COUNTY_CENTER:
            offered = True
        case UnitKind.TOWNSHIP:
            offered = item.townships_accept
        case UnitKind.AGENCY:
            offered = window.unit.uscc == item.agency_uscc
    if not offered:
        raise WindowNotOffered


async def present(opened: Opened, now: datetime) -> set[str]:
    """Return the codes of a case's uploads; what the register knows of its applicant is noted,
    and what can be used again is kept.

    In the caller's transaction, with the case's row held. Raises ``MaterialsBlocked``.
    """
    own = [each["code"] for each in opened.item.materials if _is_own_card(each)]
    values = [opened.case.id, own, REGISTER, opened.case.account_id]
    found = await rows(PRESENT, [*values, *consents.notice_shown(now)])
    names = {each["code"]: each["name"] for each in opened.item.materials}
    blocked = sorted(row["code"] for row in found if row["blocked"])
    if blocked:
        raise MaterialsBlocked(
            faults=[FieldFault(f"/materials/{code}", names[code]) for code in blocked]
        )
    await saved.keep(opened, now)
    return {row["code"] for row in found}


def _is_own_card(material: Mapping[str, Any]) -> bool:
    """Tell whether a material is the applicant's own ID card (``holder``), nobody else's."""
    return material.get("e_certificate_type") == ID_CARD and material.get("holder") == "APPLICANT"


@dataclass(frozen=True)
class Renewals:
    cases: Cases

    @transaction
    async def renew(self, who: Citizen, case_id: UUID) -> Opened:
        """Move a draft to the item's current version; one that is there already stays as it is.

        What the new version still asks for is kept: answers that fit and materials on its list.
        Raises ``CaseUnknown``, ``NotEditable``, ``FiledElsewhere`` or ``ItemUnknown``.
        """
        case = await self.cases.locked(who, case_id)
        if case.state is not State.DRAFT:
            raise NotEditable
        old = await self.cases.items.version(case.item_version_id)
        new = await self.cases.items.current(old.code)
        if new.external is not None:
            raise FiledElsewhere
        form = await self.cases.forms.refit(case.id, new)
        if new.version_id != old.version_id:
            changes = await self._move(case, old, new)
            await case.update_from_dict(changes).save(update_fields=list(changes))
        return Opened(case, new, form)

    async def _move(self, case: Case, old: PublishedItem, new: PublishedItem) -> dict[str, Any]:
        now = self.cases.clock.now()
        listed = [material["code"] for material in new.materials]
        gone = Material.filter(case_id=case.id, replaced_at=None, code__not_in=listed)
        await gone.update(replaced_at=now)
        mode = AcceptMode(case.wanted_mode)
        if mode is AcceptMode.COMMITMENT and not _same_promise(old, new):
            # Nobody is held to words that they have not read.
            await promises.take_back(case.id, PromiseKind.COMMITMENT, now)
            mode = AcceptMode.NORMAL
        return {"item_version_id": new.version_id, "wanted_mode": mode.value, "updated_at": now}


def _same_promise(old: PublishedItem, new: PublishedItem) -> bool:
    if "commitment" not in new.body:
        return False
    return wording_of(old).digest == wording_of(new).digest
