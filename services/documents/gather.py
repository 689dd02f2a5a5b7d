"""All the facts of one document."""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any

from models.notice import Notice
from models.rules.calendar import day_of
from models.rules.documents.all import TEMPLATES
from models.rules.documents.facts import Facts
from models.rules.notices import NoticeKind
from models.rules.states import AcceptMode
from services.documents import handling, intake, results
from services.documents.step import PERMIT, Step, deadlines, place

Part = Callable[[Step], Awaitable[dict[str, Any]]]
K = NoticeKind

# What a kind says beyond what every document says: fields of ``Facts``.
PARTS: Mapping[NoticeKind, Part] = MappingProxyType(
    {
        K.N01: intake.receipt,
        K.N02: intake.correction,
        K.N03: intake.refusal,
        K.N04: intake.acceptance,
        K.N05: intake.shortfall,
        K.N06: intake.commitment,
        K.N08: intake.originals_to_bring,
        K.N09: handling.fee,
        K.N10: handling.paid,
        K.N11: handling.termination,
        K.N12: handling.termination,
        K.N13: handling.special,
        K.N14: handling.extension,
        K.N15: results.approval,
        K.N16: results.rejection,
        K.N17: results.ready,
        K.N18: results.delivery,
        K.N19: results.originals,
        K.N20: results.credit,
        K.N21: results.withdrawal,
    }
)


async def facts_of(step: Step, applicant: str) -> Facts:
    """Return what a document of a step says, from what is in the database now."""
    case, item = step.case, step.item
    template = TEMPLATES[step.kind]
    part = PARTS.get(step.kind)
    own = {} if part is None else await part(step)
    texts = {**place(step), **await _replaced(step.notice), **own.pop("texts", {})}
    texts["query_code"] = case.query_code or ""
    texts["silence"] = "yes" if item.deems_accepted else ""
    guide = item.body.get("guide") or {}
    return Facts(
        event=step.happened,
        at=step.at,
        dated=day_of(step.notice.issued_at),
        item=item.name,
        permit=item.body.get("item_type") == PERMIT,
        item_basis="、".join(guide.get("basis") or ()),
        organ=item.agency,
        case_no=case.case_no or "",
        applicant=applicant,
        received_at=case.received_at,
        accepted_at=case.accepted_at,
        mode=None if case.accept_mode is None else AcceptMode(case.accept_mode),
        deadlines=await deadlines(step, template.clocks),
        texts=texts,
        **own,
    )


async def _replaced(notice: Notice) -> dict[str, str]:
    if notice.supersedes_id is None:
        return {}
    old = await Notice.get(id=notice.supersedes_id)
    title = TEMPLATES[NoticeKind(old.kind)].title
    number = f"{old.doc_no}《{title}》" if old.doc_no else f"原来的《{title}》"
    return {"replaced": number, "replaced_why": str((notice.data or {}).get("reason") or "")}
