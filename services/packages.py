"""Packages (移交包): what an accepted case carries to the back-office, fixed byte for byte.

The first tells everything, what follows it only what is new (services/contents.py). The digest is
the SHA-256 of the body exactly as it is sent, and the body holds a receipt code that only who
opened it knows: the two together prove that it arrived whole.
"""

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.case import Case, CaseEvent
from models.handoff import HandoffPackage
from models.ids import uuid7
from models.inquiry import Inquiry
from models.mandate import Mandate
from models.rules.clocks import handover_due_at
from models.schemas import DIRECTORY
from models.withdrawal import Withdrawal
from services import contents
from services.applicants import Applicant, Applicants, facts_of
from services.calendars import Calendars
from services.contents import time_of
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
PAYMENT = "PAYMENT"
SCHEMA_VERSION = "3"
# Packages of the first two versions are still read: they are sent as they were made.
SCHEMAS = {
    version: (DIRECTORY / f"handoff_package_v{version}.json").read_bytes()
    for version in ("1", "2", SCHEMA_VERSION)
}


def canonical(body: Mapping[str, Any]) -> bytes:
    """Return the bytes that are sent: UTF-8 JSON, keys sorted, no blanks."""
    text = json.dumps(
        body, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
    )
    return text.encode()


def sha256_of(value: str | bytes) -> str:
    """Return the SHA-256 (hex) of bytes, or of a text's UTF-8."""
    return hashlib.sha256(value.encode() if isinstance(value, str) else value).hexdigest()


def detached(token: str) -> str:
    """Return a compact JWS without its payload, which travels beside it (RFC 7515, appendix F)."""
    header, _, signature = token.split(".")
    return f"{header}..{signature}"


@dataclass(frozen=True)
class Packages:
    clock: Clock
    crypto: Crypto
    forms: Forms
    applicants: Applicants
    calendars: Calendars

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
        about, which step ``ended`` the case, or (PAYMENT) what is known of the money now.
        """
        package_id = uuid7()
        earlier = await HandoffPackage.filter(case_id=case.id).order_by("seq")
        if kind == ACCEPTED:
            content = await self._content(case, item)
        else:
            content = {
                **contents.item_of(item),
                "materials": await self._news(case, item, earlier) if kind == SUPPLEMENT else [],
                "shortfall_status": case.shortfall_status,
                "answers": [self._answer(each) for each in answers],
                "withdrawal": contents.withdrawal_of(withdrawal),
                "ended": contents.end_of(ended),
                "payment": await contents.payment_of(case) if kind == PAYMENT else None,
            }
        receipt_code = secrets.token_hex(16)
        body = canonical(
            {
                "schema": SCHEMA_VERSION,
                "package_id": str(package_id),
                "case_no": case.case_no,
                "seq": len(earlier) + 1,
                "kind": kind,
                "receipt_code": receipt_code,
                **content,
            }
        )
        now = self.clock.now()
        return await HandoffPackage.create(
            id=package_id,
            case_id=case.id,
            seq=len(earlier) + 1,
            kind=kind,
            agency_uscc=item.agency_uscc,
            item_code=item.code,
            schema_version=SCHEMA_VERSION,
            sealed=self.crypto.seal(body, PURPOSE),
            digest=sha256_of(body),
            receipt_digest=sha256_of(receipt_code),
            signature=detached(self.crypto.sign(body)),
            pull_by=handover_due_at(now, await self.calendars.current()),
            created_at=now,
        )

    async def payment_changed(self, case: Case, item: PublishedItem) -> HandoffPackage | None:
        """Tell the back-office that a fee was paid, or that money went back, after acceptance.

        In the caller's transaction, with the case's row held, once the rows of the payment say
        so. None before the acceptance: its own package will tell.
        """
        if not await HandoffPackage.exists(case_id=case.id, kind=ACCEPTED):
            return None
        return await self.create(case, item, PAYMENT)

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
        materials = await contents.materials_of(case.id, item, facts)
        return [each for each in materials if each["id"] not in told]

    async def _filed(self, case: Case) -> tuple[Applicant, Form, Mapping[str, Any]]:
        """Return who applied, with which form, and the facts that conditions ask about."""
        applicant = await self.applicants.get(case.account_id)
        form = await self.forms.read_filed(case.id)
        age = applicant.age_at(self.clock.now())
        return applicant, form, facts_of(form.values, case, age)

    async def _mandate(self, case: Case) -> tuple[Mandate, str] | None:
        """Return the power by which it was filed for the applicant, and its holder's name."""
        if case.mandate_id is None:
            return None
        # By the mandate, not by the account: an agent may have closed theirs meanwhile.
        mandate = await Mandate.get(id=case.mandate_id)
        return mandate, self.crypto.open(mandate.agent_name_sealed, "person.name").decode()

    def _answer(self, inquiry: Inquiry) -> dict[str, Any]:
        sealed = inquiry.answer_sealed or b""
        return {
            "seq": inquiry.seq,
            "question": inquiry.question,
            "answer": self.crypto.open(sealed, ANSWER_PURPOSE).decode(),
            "answered_at": time_of(inquiry.answered_at),
        }

    async def _content(self, case: Case, item: PublishedItem) -> dict[str, Any]:
        applicant, form, facts = await self._filed(case)
        power = await self._mandate(case)
        return {
            **contents.item_of(item),
            "applicant": {
                "type": case.applicant_type,
                "name": applicant.name,
                "id_type": applicant.id_type,
                "id_number": applicant.id_number,
                "phone": applicant.phone,
            },
            "filed_by": None if power is None else {"kind": power[0].kind, "name": power[1]},
            "form": dict(form.values),
            "materials": await contents.materials_of(case.id, item, facts),
            "corrections": await contents.corrections_of(case.id),
            "notices": await contents.notices_of(case.id),
            "authorisations": [] if power is None else [contents.authorisation_of(*power)],
            "consents": await contents.consents_of(case),
            "electronic_service": await contents.service_of(case.id),
            "times": {
                "received_at": time_of(case.received_at),
                "accepted_at": time_of(case.accepted_at),
            },
            "clocks": await contents.clocks_of(case.id),
            "payment": await contents.payment_of(case),
        }
