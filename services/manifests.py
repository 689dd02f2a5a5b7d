"""Manifests (归档清单): everything that is kept of a case, each document with its digest.

青神方案2018: application materials, acceptance and decision documents, certificates, receipts and
the hand-overs within the house. What may still change, such as whether a notice was read, is left
out: the same case gives the same manifest.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any
from uuid import UUID

from models.case import Case, CaseEvent
from models.credit import OriginalCheck
from models.delivery import Delivery
from models.handoff import BackofficeEvent, HandoffPackage
from models.inquiry import Inquiry
from models.material import Material, ResultDocument
from models.material_page import MaterialPage
from models.notice import Notice
from models.payment import Fee, FiscalBill, PaymentOrder
from models.promise import InlineFix, ShortfallItem, SignedPromise
from models.review import Correction, CorrectionOverride, Verdict
from models.rules.notices import NoticeKind
from models.withdrawal import Withdrawal
from services import filings
from services.files import EXTENSIONS
from services.items import PublishedItem
from services.packages import canonical, sha256_of

SCHEMA = "1"
APPLICATION = "application.json"
PERMANENT = "永久"
VERIFY_LATER = "先办后验"

# What is kept of each kind of row: the columns, and what they are ordered by.
_CASE = (
    *("case_no", "applicant_type", "accept_mode", "verify_later_mark", "decision", "visits"),
    *("payment_status", "shortfall_status", "handoff_status", "round", "backoffice_seq"),
    *("submitted_at", "received_at", "accepted_at", "decided_at", "served_at", "closed_at"),
    "audit_head",
)
_MATERIAL = (
    *("code", "no", "sha256", "size", "mime", "pages", "verification", "verification_source"),
    *("verified_at", "created_at", "replaced_at"),
)
_NOTICE = ("kind", "seq", "edition", "doc_no", "issued_at", "digest", "signature", "served_via")
_RESULT = ("sha256", "size", "mime", "source", "created_at")
_PACKAGE = ("id", "seq", "kind", "schema_version", "digest", "status", "acked_at", "acked_by")
_LISTS: Mapping[str, tuple[Any, str, Sequence[str]]] = MappingProxyType(
    {
        "events": (
            CaseEvent,
            "seq",
            (
                *("seq", "at", "row", "event", "from_state", "to_state"),
                *("actor_role", "actor_id", "unit", "data", "hash"),
            ),
        ),
        "verdicts": (
            Verdict,
            "at",
            ("round", "code", "verdict", "reason_code", "comment", "reviewer_id", "at"),
        ),
        "corrections": (
            Correction,
            "round",
            ("round", "items", "opinion", "issued_by_id", "issued_at", "override_reason"),
        ),
        "overrides": (CorrectionOverride, "round", ("round", "reason", "granted_by", "granted_at")),
        "inline_fixes": (InlineFix, "opened_at", ("names", "note", "opened_by", "fixed_at")),
        "shortfalls": (
            ShortfallItem,
            "code",
            ("code", "name", "status", "due_on", "confirmed_by", "confirmed_at", "fulfilled_at"),
        ),
        "promises": (
            SignedPromise,
            "signed_at",
            ("kind", "template_version", "statements", "digest", "signed_at", "withdrawn_at"),
        ),
        "original_checks": (
            OriginalCheck,
            "at",
            (
                *("outcome", "items", "identity_matched", "evidence", "by_post", "opinion", "at"),
                *("officer_id", "second_officer_id", "second_opinion", "confirmed_at"),
            ),
        ),
        "withdrawals": (
            Withdrawal,
            "requested_at",
            ("status", "answer", "requested_at", "answered_at"),
        ),
        # What was answered went into a hand-off package, which is kept.
        "inquiries": (Inquiry, "seq", ("seq", "question", "asked_at", "answered_at")),
        "backoffice_events": (
            BackofficeEvent,
            "seq",
            (
                *("seq", "source", "event_id", "type", "body_digest", "occurred_at", "received_at"),
                *("fate", "code"),
            ),
        ),
        "fees": (Fee, "created_at", ("stage", "name", "basis", "amount_fen", "settled_at")),
        "payments": (
            PaymentOrder,
            "created_at",
            ("number", "amount_fen", "status", "transaction_id", "paid_at"),
        ),
        "fiscal_bills": (
            FiscalBill,
            "issued_at",
            ("kind", "code", "number", "check_code", "amount_fen", "issued_at"),
        ),
        "deliveries": (
            Delivery,
            "id",
            ("method", "status", "waybill", "posted_at", "signed_at", "receipt_passed_at"),
        ),
    }
)


@dataclass(frozen=True)
class Entry:
    """A file of the package: its ``path`` there, and its ``key`` in the store if it is there."""

    path: str
    sha256: str
    key: str | None = None

    def shown(self) -> dict[str, Any]:
        return {"path": self.path, "sha256": self.sha256, "key": self.key}


@dataclass(frozen=True)
class Manifest:
    """What is kept of a case; ``application`` is person and form as canonical JSON."""

    body: Mapping[str, Any]
    entries: Sequence[Entry]
    application: bytes

    @property
    def digest(self) -> str:
        """Return the SHA-256 of the manifest's canonical JSON, which is what is signed."""
        return sha256_of(canonical(self.body))


async def of_case(
    case: Case, item: PublishedItem, application: bytes, *, retention: str
) -> Manifest:
    """Put together what is kept of a closed case.

    ``retention`` is the 保管期限 of a case without the permanent mark.
    """
    filed = await filings.of_case(case)
    every = await Material.filter(case_id=case.id).order_by("code", "no")
    materials = [each for each in every if filed.holds(each)]
    notices = await Notice.filter(case_id=case.id).order_by("seq", "kind", "edition")
    results = await ResultDocument.filter(case_id=case.id).order_by("created_at", "id")
    packages = await HandoffPackage.filter(case_id=case.id).order_by("seq")
    entries = [
        Entry(APPLICATION, sha256_of(application)),
        *(_of_material(each) for each in materials),
        *await _pages(materials),
        *(entry for each in notices if (entry := _of_notice(each)) is not None),
        *(_of_result(number, each) for number, each in enumerate(results, start=1)),
        *(Entry(package_path(each.seq), each.digest) for each in packages),
    ]
    names = {spec["code"]: spec["name"] for spec in item.materials}
    body = {
        "schema": SCHEMA,
        "case": await _case(case, item),
        "marks": [VERIFY_LATER] if case.verify_later_mark else [],
        "retention": PERMANENT if case.verify_later_mark else retention,
        "files": [entry.shown() for entry in entries],
        "materials": [{**_row(m, _MATERIAL), "name": names.get(m.code)} for m in materials],
        "notices": [{**_row(n, _NOTICE), "title": NoticeKind[n.kind].zh} for n in notices],
        "results": [_row(each, _RESULT) for each in results],
        "handoff": [_row(each, _PACKAGE) for each in packages],
        **await _lists(case.id),
    }
    return Manifest(body, entries, application)


def package_path(seq: int) -> str:
    """Return where a hand-off package is in the archive package."""
    return f"handoff/{seq}.json"


async def _case(case: Case, item: PublishedItem) -> dict[str, Any]:
    parent = None if case.parent_id is None else await Case.get(id=case.parent_id)
    children = await Case.filter(parent_id=case.id).order_by("case_no")
    return {
        **_row(case, _CASE),
        "state": case.state.value,
        "parent": None if parent is None else parent.case_no,
        "children": [child.case_no for child in children],
        "item": {
            "code": item.code,
            "impl_code": item.impl_code,
            "name": item.name,
            "version": item.version,
            "digest": item.digest,
        },
        "agency": {"name": item.agency, "uscc": item.agency_uscc},
    }


async def _lists(case_id: UUID) -> dict[str, Any]:
    return {
        name: [_row(row, columns) for row in await model.filter(case_id=case_id).order_by(order)]
        for name, (model, order, columns) in _LISTS.items()
    }


def _row(row: object, columns: Iterable[str]) -> dict[str, Any]:
    return {column: _plain(getattr(row, column)) for column in columns}


def _plain(value: Any) -> Any:
    if isinstance(value, date):  # a time of day is a date too
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def _of_material(material: Material) -> Entry:
    path = f"materials/{material.code}-{material.no}{EXTENSIONS.get(material.mime, '')}"
    return Entry(path, material.sha256, material.original_key)


async def _pages(materials: Sequence[Material]) -> list[Entry]:
    """Return the photos as they came: the document made of them is no evidence alone."""
    ids = [each.id for each in materials]
    found = MaterialPage.filter(material_id__in=ids).order_by("material_id", "no")
    return [
        Entry(
            f"materials/{page.material.code}-{page.material.no}/{page.no:02}"
            f"{EXTENSIONS.get(page.mime, '')}",
            page.sha256,
            page.original_key,
        )
        for page in await found.select_related("material")
    ]


def _of_notice(notice: Notice) -> Entry | None:
    if notice.file_key is None or notice.digest is None:
        return None
    path = f"notices/{notice.seq}-{notice.kind}-{notice.edition}.pdf"
    return Entry(path, notice.digest, notice.file_key)


def _of_result(number: int, document: ResultDocument) -> Entry:
    path = f"results/{number}{EXTENSIONS.get(document.mime, '')}"
    return Entry(path, document.sha256, document.key)
