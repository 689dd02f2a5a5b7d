"""What a package tells (移交包内容), part by part, as its schema names it."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from models.case import Case, CaseEvent, ClockInstance
from models.consent import Consent
from models.mandate import Mandate
from models.material import Material
from models.material_page import MaterialPage
from models.notice import Notice, ServiceConsent
from models.payment import Fee, PaymentOrder, Refund
from models.review import Correction
from models.rules.clock_table import ClockName
from models.rules.conditions import required_materials
from models.rules.events import Event
from models.rules.privacy import Purpose
from models.rules.states import PaymentStatus
from models.rules.texts import text_for
from models.withdrawal import Withdrawal
from services import verdicts
from services.corrections import shown_point
from services.items import PublishedItem
from services.orders import OrderStatus

# What was answered about messages or the vault is between the person and the hall.
CONSENTS = (
    *(Purpose.CASE_HANDLING, Purpose.MEDICAL, Purpose.FINANCIAL, Purpose.CHILD),
    *(Purpose.COURIER, Purpose.PAYMENT_CHANNEL),
)


def time_of(moment: datetime | None) -> str | None:
    """Return a moment as packages write it."""
    return None if moment is None else moment.isoformat()


def item_of(item: PublishedItem) -> dict[str, Any]:
    return {
        "item": {
            "code": item.code,
            "impl_code": item.impl_code,
            "name": item.name,
            "version": item.version,
        },
        "agency": {"name": item.agency, "uscc": item.agency_uscc},
    }


async def materials_of(
    case_id: UUID, item: PublishedItem, facts: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Return the current materials that are asked for, with their photos and how they came."""
    # What the answers in the end do not ask for stays here: nothing unneeded is handed over.
    asked = {
        each.code: each.name for each in required_materials(item.materials, facts) if each.asked
    }
    words = await verdicts.last_words(case_id)
    current = Material.filter(case_id=case_id, replaced_at=None, code__in=list(asked))
    found = await current.order_by("code")
    photos = await _photos([material.id for material in found])
    return [
        {
            "id": str(material.id),
            "code": material.code,
            "name": asked[material.code],
            "no": material.no,
            "sha256": material.sha256,
            "size": material.size,
            "mime": material.mime,
            "pages": material.pages,
            "photos": photos.get(material.id, []),
            "verdict": words.get(material.id),
            "supply": material.supply_mode,
            "trust": material.trust_level,
            "valid_until": _day(material.valid_until),
            "verification": {
                "result": material.verification,
                "source": material.verification_source,
                "at": time_of(material.verified_at),
            },
        }
        for material in found
    ]


async def _photos(materials: Sequence[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    found: dict[UUID, list[dict[str, Any]]] = {}
    for page in await MaterialPage.filter(material_id__in=list(materials)).order_by("no"):
        shown = {"no": page.no, "sha256": page.sha256, "size": page.size, "mime": page.mime}
        found.setdefault(page.material_id, []).append(shown)
    return found


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


async def corrections_of(case_id: UUID) -> list[dict[str, Any]]:
    found: Sequence[Correction] = await Correction.filter(case_id=case_id).order_by("round")
    return [
        {
            "round": correction.round,
            "issued_at": time_of(correction.issued_at),
            "opinion": correction.opinion,
            "items": [shown_point(point) for point in correction.items],
        }
        for correction in found
    ]


async def notices_of(case_id: UUID) -> list[dict[str, Any]]:
    found = await Notice.filter(case_id=case_id).order_by("issued_at", "id")
    return [
        {
            "kind": notice.kind,
            "number": notice.doc_no,
            "digest": notice.digest,
            "issued_at": time_of(notice.issued_at),
        }
        for notice in found
    ]


def authorisation_of(mandate: Mandate, holder: str) -> dict[str, Any]:
    """Return a power as the back-office has to know it: whose, for what, until when."""
    return {
        "kind": mandate.kind,
        "holder": holder,
        "scope": sorted(mandate.acts),
        "basis": mandate.basis,
        "since": time_of(mandate.valid_from),
        "until": time_of(mandate.valid_until),
    }


async def consents_of(case: Case) -> list[dict[str, Any]]:
    """Return what the applicant was shown for this case, and what they answered that stands."""
    shown = await Consent.filter(case_id=case.id)
    standing = await Consent.filter(
        account_id=case.account_id, case_id=None, superseded_at=None, purpose__in=list(CONSENTS)
    )
    return [
        {
            "purpose": consent.purpose,
            "version": consent.version,
            "answer": consent.answer,
            "at": time_of(consent.answered_at),
            "withdrawn_at": time_of(consent.withdrawn_at),
        }
        for consent in sorted([*shown, *standing], key=lambda each: (each.answered_at, each.id))
    ]


async def service_of(case_id: UUID) -> dict[str, Any] | None:
    """Return the consent to be served electronically (同意电子送达), if it stands."""
    found = await ServiceConsent.get_or_none(case_id=case_id, withdrawn_at=None)
    if found is None:
        return None
    return {"address": found.address, "agreed_at": time_of(found.given_at)}


async def clocks_of(case_id: UUID) -> dict[str, Any]:
    found = await ClockInstance.filter(case_id=case_id, stopped_at=None).order_by("due_at", "name")
    due = {clock.name: time_of(clock.due_at) for clock in found}
    running = [
        {
            "name": clock.name,
            "started_at": time_of(clock.started_at),
            "due_at": time_of(clock.due_at),
            "paused_at": time_of(clock.paused_at),
        }
        for clock in found
    ]
    return {
        "promised_due_at": due.get(ClockName.DECISION_PROMISED.value),
        "statutory_due_at": due.get(ClockName.DECISION_STATUTORY.value),
        "running": running,
    }


async def payment_of(case: Case) -> dict[str, Any]:
    """Return what is owed, what was paid by which order, and what went back."""
    fees = await Fee.filter(case_id=case.id).order_by("created_at", "id")
    paid = PaymentOrder.filter(case_id=case.id, status=OrderStatus.PAID.value)
    orders = await paid.order_by("paid_at", "id")
    refunds = await Refund.filter(case_id=case.id).order_by("created_at", "id")
    numbers = (
        {order.id: order.number for order in await PaymentOrder.filter(case_id=case.id)}
        if refunds
        else {}
    )
    return {
        "status": case.payment_status,
        "amount_fen": fees[-1].amount_fen if fees else None,
        "fees": [_fee(fee) for fee in fees],
        "settled": [_order(order) for order in orders],
        "refunds": [_refund(refund, numbers[refund.order_id]) for refund in refunds],
        "waived": case.payment_status == PaymentStatus.WAIVED.value,
    }


def _fee(fee: Fee) -> dict[str, Any]:
    same = {name: getattr(fee, name) for name in ("stage", "name", "basis", "amount_fen")}
    return {**same, "settled_at": time_of(fee.settled_at)}


def _order(order: PaymentOrder) -> dict[str, Any]:
    return {
        "order": order.number,
        "channel": order.channel,
        "amount_fen": order.amount_fen,
        "transaction": order.transaction_id,
        "paid_at": time_of(order.paid_at),
    }


def _refund(refund: Refund, order: str) -> dict[str, Any]:
    return {
        "number": refund.number,
        "order": order,
        "amount_fen": refund.amount_fen,
        "status": refund.status,
        "paid_at": time_of(refund.paid_at),
    }


def withdrawal_of(asked: Withdrawal | None) -> dict[str, Any] | None:
    if asked is None:
        return None
    return {"status": asked.status, "requested_at": time_of(asked.requested_at)}


def end_of(step: CaseEvent | None) -> dict[str, Any] | None:
    if step is None:
        return None
    reason = str(step.data.get("text") or text_for(Event(step.event)))
    return {"state": step.to_state, "reason": reason, "at": time_of(step.at)}
