"""Facts of the notices up to acceptance."""

from typing import Any

from models.material import Material
from models.payment import Fee
from models.promise import ShortfallItem, SignedPromise
from models.review import Correction
from models.rules.documents.facts import Defect, Promised, Received
from models.rules.documents.words import moment_text
from models.rules.events import Event
from models.rules.flavours import ShortfallStage
from models.rules.reasons import DefectReason, RefusalReason
from models.rules.states import AcceptMode
from models.rules.timeouts import Policy
from services.cases import Opened
from services.documents.step import Step
from services.original_lists import still_to_see

IF_LATE = {Policy.WITHDRAWN_DEEMED: "withdrawn_if_late", Policy.TERMINATE: "terminated_if_late"}


async def receipt(step: Step) -> dict[str, Any]:
    """Return the materials that had arrived; for promised ones, those that were promised."""
    names = step.names()
    found = Material.filter(case_id=step.case_id, created_at__lte=step.at)
    current = {each.code: each for each in await found.order_by("no")}
    if step.happened is Event.SHORTFALL_FULFIL:
        promised = {each.code for each in await ShortfallItem.filter(case_id=step.case_id)}
        current = {code: each for code, each in current.items() if code in promised}
    gone = {
        code
        for code, each in current.items()
        if each.replaced_at is not None and each.replaced_at <= step.at
    }
    return {
        "materials": tuple(
            Received(names.get(code, code), each.pages)
            for code, each in sorted(current.items())
            if code not in gone
        )
    }


async def correction(step: Step) -> dict[str, Any]:
    """Return the points of the notice that the step issued."""
    notice = (
        await Correction.filter(case_id=step.case_id, issued_at__lte=step.at)
        .order_by("-round")
        .first()
    )
    expiry = step.item.body["acceptance"].get("correction_expiry")
    return {
        "corrections": tuple(_defect(point) for point in notice.items) if notice else (),
        "texts": {
            "opinion": notice.opinion if notice else "",
            "withdrawn_if_late": "yes" if expiry == Policy.WITHDRAWN_DEEMED.value else "",
        },
    }


def _defect(point: dict[str, Any]) -> Defect:
    reason = DefectReason[point["reason_code"]].zh
    name = point.get("name") or point.get("material_code") or point.get("field") or ""
    return Defect(str(name), reason, str(point.get("requirement") or ""))


async def refusal(step: Step) -> dict[str, Any]:
    """Return why acceptance was refused, and where to go instead."""
    code = step.text("reason_code")
    missing = [str(line).partition(":") for line in step.data.get("items") or ()]
    return {
        "corrections": tuple(Defect(name, reason, "") for name, _, reason in missing),
        "texts": {
            "reason": RefusalReason[code].zh if code else "",
            "explanation": step.text("explanation"),
            "redirect": step.text("redirect_agency"),
            "incomplete": "yes" if missing else "",
            "remedy": "这份通知书",
        },
    }


async def acceptance(step: Step) -> dict[str, Any]:
    """Return what an accepted application costs and which originals it will need."""
    fee = await Fee.filter(case_id=step.case_id).order_by("-created_at").first()
    later = step.case.accept_mode == AcceptMode.VERIFY_LATER.value
    found: dict[str, Any] = {"originals": await originals(step) if later else ()}
    if fee is not None and fee.settled_at is None:
        found["amount_fen"] = fee.amount_fen
        found["texts"] = {"fee_basis": fee.basis}
    elif not step.item.body["fee"]["charged"] and not step.item.joint_items:
        # What the departments of a joint case charge, each of them tells.
        found["texts"] = {"free": "yes"}
    return found


async def originals(step: Step) -> tuple[str, ...]:
    """Return the originals that a person still has to show, as the officer's list has them."""
    form = await step.cases.forms.read_filed(step.case_id)
    wanted = await still_to_see(step.cases, Opened(step.case, step.item, form))
    return tuple(each.name for each in wanted)


async def originals_to_bring(step: Step) -> dict[str, Any]:
    """Return the originals for the window: those that the item names, or all that were filed."""
    names, held = step.names(), await step.cases.materials(step.case_id)
    filed = tuple(names[code] for code in sorted(held) if code in names)
    return {"originals": await originals(step) or filed}


async def shortfall(step: Step) -> dict[str, Any]:
    """Return what was promised, until when, and what happens otherwise."""
    stages = (ShortfallStage.PROMISED, ShortfallStage.FULFILLED, ShortfallStage.OVERDUE)
    items = ShortfallItem.filter(case_id=step.case_id, status__in=[each.value for each in stages])
    policy = step.item.shortfall_expiry
    found = await _promise(step, "SHORTFALL")
    found["promised"] = tuple(
        Promised(each.name or step.names().get(each.code, each.code), each.due_on)
        for each in await items.order_by("code")
        if each.due_on is not None
    )
    late = IF_LATE.get(policy)  # ALERT ends nothing: the office is told, and the case goes on
    found["texts"] = {**found.get("texts", {}), **({late: "yes"} if late else {})}
    return found


async def commitment(step: Step) -> dict[str, Any]:
    """Return the promise that was signed."""
    return await _promise(step, "COMMITMENT")


async def _promise(step: Step, kind: str) -> dict[str, Any]:
    signed = (
        await SignedPromise.filter(case_id=step.case_id, kind=kind, signed_at__lte=step.at)
        .order_by("-signed_at")
        .first()
    )
    if signed is None:
        return {}
    return {
        "statements": tuple(signed.statements),
        "texts": {"signed": moment_text(signed.signed_at), "signed_digest": signed.digest},
    }
