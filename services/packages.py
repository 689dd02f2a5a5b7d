"""Packages (移交包): what an accepted case carries to the back-office, fixed byte for byte.

The first tells everything; what follows it tells only what is new, by a schema of its own. The
digest is the SHA-256 of the body exactly as it is sent, and the body holds a receipt code
that only who opened it knows: the two together prove that it arrived whole.
"""

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from models.case import Case, CaseEvent, ClockInstance
from models.handoff import HandoffPackage
from models.ids import uuid7
from models.inquiry import Inquiry
from models.mandate import Mandate
from models.material import Material
from models.payment import Fee
from models.review import Correction
from models.rules.clock_table import ClockName
from models.rules.conditions import required_materials
from models.rules.events import Event
from models.rules.texts import text_for
from models.schemas import DIRECTORY
from models.withdrawal import Withdrawal
from services import verdicts
from services.applicants import Applicant, Applicants, facts_of
from services.corrections import shown_point
from services.forms import Form, Forms
from services.items import PublishedItem
from services.ports import Clock, Crypto

PURPOSE = "handoff.package"
ANSWER_PURPOSE = "inquiry.answer"
ACCEPTED = "ACCEPTED"
SUPPLEMENT = "SUPPLEMENT"
ENDED = "ENDED"
# Only these list materials; what a person wants or has ended brings none.
WITH_MATERIALS = (ACCEPTED, SUPPLEMENT)
SCHEMA_VERSION, FOLLOWING_VERSION = "1", "2"
SCHEMA = (DIRECTORY / "handoff_package_v1.json").read_bytes()
FOLLOWING_SCHEMA = (DIRECTORY / "handoff_package_v2.json").read_bytes()


def canonical(body: Mapping[str, Any]) -> bytes:
    """Return the bytes that are sent: UTF-8 JSON, keys sorted, no blanks."""
    text = json.dumps(
        body, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
    )
    return text.encode()


def sha256_of(value: str | bytes) -> str:
    """Return the SHA-256 (hex) of bytes, or of a text's UTF-8."""
    return hashlib.sha256(value.encode() if isinstance(value, str) else value).hexdigest()


@dataclass(frozen=True)
class Packages:
    clock: Clock
    crypto: Crypto
    forms: Forms
    applicants: Applicants

    async def create(
        self,
        case: Case,
        item: PublishedItem,
        kind: str = ACCEPTED,
        *,
        answers: Sequence[Inquiry] = (),
        withdrawal: Withdrawal | None = None,
        ended: CaseEvent | None = None,
    ) -> HandoffPackage:
        """Make the case's next package in the caller's transaction; the case's row is held.

        ACCEPTED is the whole application, SUPPLEMENT lists the materials that no package of the
        case had before. Any other kind tells the ``answers`` given now, the ``withdrawal`` it is
        about, or which step ``ended`` the case.
        """
        package_id = uuid7()
        earlier = await HandoffPackage.filter(case_id=case.id).order_by("seq")
        if kind == ACCEPTED:
            version, content = SCHEMA_VERSION, await self._content(case, item)
        else:
            news = await self._news(case, item, earlier) if kind == SUPPLEMENT else []
            version, content = FOLLOWING_VERSION, {**_item(item), "materials": news}
            content["shortfall_status"] = case.shortfall_status
            content["answers"] = [self._answer(each) for each in answers]
            content["withdrawal"] = _withdrawal(withdrawal)
            content["ended"] = _ended(ended)
        receipt_code = secrets.token_hex(16)
        body = canonical(
            {
                "schema": version,
                "package_id": str(package_id),
                "case_no": case.case_no,
                "seq": len(earlier) + 1,
                "kind": kind,
                "receipt_code": receipt_code,
                **content,
            }
        )
        return await HandoffPackage.create(
            id=package_id,
            case_id=case.id,
            seq=len(earlier) + 1,
            kind=kind,
            agency_uscc=item.agency_uscc,
            schema_version=version,
            sealed=self.crypto.seal(body, PURPOSE),
            digest=sha256_of(body),
            receipt_digest=sha256_of(receipt_code),
            created_at=self.clock.now(),
        )

    async def _news(
        self, case: Case, item: PublishedItem, earlier: Sequence[HandoffPackage]
    ) -> list[dict[str, Any]]:
        """Return the materials that the back-office does not know of yet."""
        told = {
            listed["id"]
            for package in earlier
            if package.kind in WITH_MATERIALS
            for listed in json.loads(self.crypto.open(package.sealed, PURPOSE))["materials"]
        }
        _, _, facts = await self._filed(case)
        materials = await _materials(case.id, item, facts)
        return [each for each in materials if each["id"] not in told]

    async def _filed(self, case: Case) -> tuple[Applicant, Form, Mapping[str, Any]]:
        """Return who applied, with which form, and the facts that conditions ask about."""
        applicant = await self.applicants.get(case.account_id)
        form = await self.forms.read(case.id)
        age = applicant.age_at(self.clock.now())
        return applicant, form, facts_of(form.values, case, age)

    async def _filed_by(self, case: Case) -> dict[str, Any] | None:
        """Return who filed it for the applicant, by which power; None for the applicant."""
        if case.mandate_id is None:
            return None
        # By the mandate, not by the account: an agent may have closed theirs meanwhile.
        mandate = await Mandate.get(id=case.mandate_id)
        name = self.crypto.open(mandate.agent_name_sealed, "person.name").decode()
        return {"kind": mandate.kind, "name": name}

    def _answer(self, inquiry: Inquiry) -> dict[str, Any]:
        sealed = inquiry.answer_sealed or b""
        return {
            "seq": inquiry.seq,
            "question": inquiry.question,
            "answer": self.crypto.open(sealed, ANSWER_PURPOSE).decode(),
            "answered_at": _time(inquiry.answered_at),
        }

    async def _content(self, case: Case, item: PublishedItem) -> dict[str, Any]:
        applicant, form, facts = await self._filed(case)
        return {
            **_item(item),
            "applicant": {
                "type": case.applicant_type,
                "name": applicant.name,
                "id_type": applicant.id_type,
                "id_number": applicant.id_number,
                "phone": applicant.phone,
            },
            "filed_by": await self._filed_by(case),
            "form": dict(form.values),
            "materials": await _materials(case.id, item, facts),
            "corrections": await _corrections(case.id),
            "times": {
                "received_at": _time(case.received_at),
                "accepted_at": _time(case.accepted_at),
            },
            "clocks": await _clocks(case.id),
            "payment": await _payment(case),
        }


def _item(item: PublishedItem) -> dict[str, Any]:
    return {
        "item": {
            "code": item.code,
            "impl_code": item.impl_code,
            "name": item.name,
            "version": item.version,
        },
        "agency": {"name": item.agency, "uscc": item.agency_uscc},
    }


async def _materials(
    case_id: UUID, item: PublishedItem, facts: Mapping[str, Any]
) -> list[dict[str, Any]]:
    # What the answers in the end do not ask for stays here: nothing unneeded is handed over.
    asked = {
        each.code: each.name for each in required_materials(item.materials, facts) if each.asked
    }
    words = await verdicts.last_words(case_id)
    current = Material.filter(case_id=case_id, replaced_at=None, code__in=list(asked))
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
            "verdict": words.get(material.id),
        }
        for material in await current.order_by("code")
    ]


async def _corrections(case_id: UUID) -> list[dict[str, Any]]:
    found: Sequence[Correction] = await Correction.filter(case_id=case_id).order_by("round")
    return [
        {
            "round": correction.round,
            "issued_at": _time(correction.issued_at),
            "opinion": correction.opinion,
            "items": [shown_point(point) for point in correction.items],
        }
        for correction in found
    ]


async def _clocks(case_id: UUID) -> dict[str, Any]:
    found = await ClockInstance.filter(case_id=case_id, stopped_at=None)
    due = {clock.name: _time(clock.due_at) for clock in found}
    return {
        "promised_due_at": due.get(ClockName.DECISION_PROMISED.value),
        "statutory_due_at": due.get(ClockName.DECISION_STATUTORY.value),
    }


async def _payment(case: Case) -> dict[str, Any]:
    fee = await Fee.filter(case_id=case.id).order_by("-created_at").first()
    return {
        "status": case.payment_status,
        "amount_fen": None if fee is None else fee.amount_fen,
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _withdrawal(asked: Withdrawal | None) -> dict[str, Any] | None:
    if asked is None:
        return None
    return {"status": asked.status, "requested_at": _time(asked.requested_at)}


def _ended(step: CaseEvent | None) -> dict[str, Any] | None:
    if step is None:
        return None
    reason = str(step.data.get("text") or text_for(Event(step.event)))
    return {"state": step.to_state, "reason": reason, "at": _time(step.at)}
