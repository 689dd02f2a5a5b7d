"""Facts of the notices while a case is handled."""

from typing import Any

from models.payment import Fee, PaymentOrder
from models.rules.documents.closing import CAUSES
from models.rules.documents.facts import Charge
from models.rules.documents.words import moment_text
from models.rules.events import Event
from services.documents.step import Step

# Who came with what was false cannot simply come again (行政许可法78).
NOT_AGAIN = frozenset({Event.IDENTITY_MISMATCH_OR_FALSE, Event.TERMINATE})


async def fee(step: Step) -> dict[str, Any]:
    """Return what is owed, for what, by what right, and how it was found."""
    owed = await Fee.filter(case_id=step.case_id).order_by("-created_at").first()
    if owed is None:
        return {}
    return {
        "amount_fen": owed.amount_fen,
        "charges": tuple(Charge(str(line["text"]), line["amount_fen"]) for line in owed.breakdown),
        "texts": {"fee_name": owed.name, "fee_basis": owed.basis},
    }


async def paid(step: Step) -> dict[str, Any]:
    """Return what was paid and under which number."""
    found = await fee(step)
    order = (
        await PaymentOrder.filter(case_id=step.case_id, paid_at__isnull=False)
        .order_by("-paid_at")
        .first()
    )
    if order is not None and order.paid_at is not None:
        found["texts"] = {
            **found.get("texts", {}),
            "paid": moment_text(order.paid_at),
            "order_no": order.number,
        }
    return found


async def termination(step: Step) -> dict[str, Any]:
    """Return why a case ended without a decision, and which day was the last."""
    return {
        "texts": {
            "cause": CAUSES.get(step.happened, ""),
            "reason": step.text("explanation") or step.text("reason"),
            "ended": step.day("due_on"),
            "again": "" if step.happened in NOT_AGAIN else "yes",
            "remedy": "这份告知书",
        }
    }


async def special(step: Step) -> dict[str, Any]:
    """Return which procedure is done and how long it is to take (行政许可法45)."""
    days, procedure = step.text("planned_days"), step.text("procedure")
    reason = step.text("reason")
    return {
        "texts": {
            "procedure": procedure,
            # The clocks keep the procedure as their reason.
            "reason": "" if reason == procedure else reason,
            "planned": f"{days}天" if days.isdigit() else days,
            "planned_until": step.day("planned_until"),
        }
    }


async def extension(step: Step) -> dict[str, Any]:
    """Return who let the limit be extended, and why (行政许可法42)."""
    return {"texts": {"approver": step.text("approver"), "reason": step.text("reason")}}
