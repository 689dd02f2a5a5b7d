"""Facts of the notices of how a case ends."""

from typing import Any

from models.credit import CreditEvent, OriginalCheck
from models.delivery import Delivery
from models.material import ResultDocument
from models.payment import Fee
from models.rules.credit import Behaviour
from models.rules.documents.closing import CAUSES
from models.rules.documents.facts import Defect
from models.rules.documents.words import moment_text
from models.rules.events import Event
from models.rules.originals import Finding
from models.rules.refunds import refund_at
from models.rules.states import DeliveryMethod, FeeStage, State
from services.documents.intake import originals as originals_of
from services.documents.step import Step
from services.original_lists import lacking


async def approval(step: Step) -> dict[str, Any]:
    """Return the decision's number and what it gives."""
    owes = step.item.fee_stage is FeeStage.AFTER_DECISION and not await _settled(step)
    return {
        "texts": {
            "document_no": step.text("document_no"),
            "result": _result(step),
            "owes": "yes" if owes else "",
        }
    }


async def rejection(step: Step) -> dict[str, Any]:
    """Return the decision's number and reasons (行政许可法38)."""
    return {
        "texts": {
            "document_no": step.text("document_no"),
            "reason": step.text("reason"),
            "remedy": "决定书",
        }
    }


async def ready(step: Step) -> dict[str, Any]:
    """Return how and where the result comes, or which originals to bring."""
    delivery = await Delivery.get_or_none(case_id=step.case_id).select_related("window")
    if step.happened is Event.REVIEW_COMPLETE:
        return {"originals": await originals_of(step)}
    texts: dict[str, str] = {}
    if step.happened is Event.POST_HANDOVER and delivery is not None:
        texts["waybill"] = delivery.waybill or ""
    elif delivery is not None and delivery.method == DeliveryMethod.POST.value:
        texts["by_post"] = "yes"
    if step.happened is Event.POST_RETURNED or not texts:
        texts["pickup"] = "yes"
    window = None if delivery is None else delivery.window
    if window is not None:
        texts |= {"place": window.name, "address": window.address, "hours": window.hours}
        texts["phone"] = window.phone
    return {"texts": texts}


async def delivery(step: Step) -> dict[str, Any]:
    """Return what was served, how, and when it counts as served."""
    document = (
        await ResultDocument.filter(case_id=step.case_id, created_at__lte=step.at)
        .order_by("-created_at", "-id")
        .first()
    )
    sent = await Delivery.get_or_none(case_id=step.case_id)
    served = step.case.served_at
    return {
        "texts": {
            "result": _result(step),
            "result_digest": "" if document is None else document.sha256,
            "waybill": "" if sent is None else sent.waybill or "",
            "served": "" if served is None else moment_text(served),
        }
    }


async def originals(step: Step) -> dict[str, Any]:
    """Return what the check of the originals found wanting."""
    check = (
        await OriginalCheck.filter(case_id=step.case_id, at__lte=step.at).order_by("-at").first()
    )
    if check is None:
        return {}
    names = step.names()
    return {
        "corrections": tuple(_wanting(each, names) for each in lacking(check.items)),
        "texts": {"opinion": check.opinion},
    }


def _wanting(item: dict[str, Any], names: dict[str, str]) -> Defect:
    code = str(item["code"])
    return Defect(
        name=str(item.get("name") or names.get(code, code)),
        reason=Finding(item["finding"]).zh,
        requirement=str(item.get("note") or "请带原件来"),
    )


async def credit(step: Step) -> dict[str, Any]:
    """Return what is proposed to be recorded, by what right, on what evidence."""
    proposed = (
        await CreditEvent.filter(case_id=step.case_id, proposed_at__lte=step.at)
        .order_by("-proposed_at")
        .first()
    )
    texts = {"cause": CAUSES.get(step.happened, "")}
    if proposed is None:
        return {"texts": texts}
    behaviour = Behaviour(proposed.behaviour).zh
    texts |= {"behaviour": behaviour, "credit_basis": proposed.basis}
    return {"texts": texts, "statements": tuple(proposed.evidence)}


async def withdrawal(step: Step) -> dict[str, Any]:
    """Return whether something that was paid comes back, by the item's own rule."""
    comes_back = refund_at(step.item.body["fee"], State.WITHDRAWN) is not None
    return {"texts": {"refund": "yes" if comes_back and await _settled(step) else ""}}


async def _settled(step: Step) -> bool:
    return await Fee.exists(case_id=step.case_id, settled_at__isnull=False, amount_fen__gt=0)


def _result(step: Step) -> str:
    return str((step.item.body.get("result") or {}).get("name") or "")
