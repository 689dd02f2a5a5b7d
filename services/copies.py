"""A copy of everything about a person (查阅、复制, 个人信息保护法45): plain JSON, by table."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import orjson

from models.database import rows
from services.ports import Crypto
from services.sealed import SEALED

# Whose rows are a person's own, by the column that says so.
BY_ACCOUNT: Mapping[str, str] = {
    "accounts": "id",
    "persons": "account_id",
    "wechat_identities": "account_id",
    "login_identities": "account_id",
    "face_checks": "account_id",
    "sessions": "account_id",
    "consents": "account_id",
    "personal_requests": "account_id",
    "credit_events": "account_id",
    "enterprises": "account_id",
    "proxy_agents": "account_id",
    "vault_entries": "account_id",
    "cases": "account_id",
}
BY_CASE = (
    *("case_forms", "case_events", "clock_instances", "materials", "verdicts", "corrections"),
    *("shortfall_items", "signed_promises", "inline_fixes", "original_checks", "inquiries"),
    *(
        "withdrawals",
        "fees",
        "fee_waivers",
        "payment_orders",
        "refunds",
        "fiscal_bills",
        "deliveries",
        "result_documents",
        "result_declarations",
        "fee_assessments",
        "notices",
    ),
    *("messages", "service_consents", "ratings", "archive_packages", "certificate_queries"),
)
# What a machine read of a person's materials, and what was said to that.
BY_MATERIAL = ("material_readings", "finding_answers")
# Reasons why a table that names an account or a case is no part of a copy.
LEFT_OUT: Mapping[str, str] = {
    "handoff_packages": "the same application again, as it was handed over",
    "backoffice_events": "digests of what case_events tells",
    "imported_cases": "where a case came from; cases tells the rest",
    "monitor_alerts": "about offices, not about the person",
    "correction_overrides": "between officers; its effect stands in corrections",
    "co_applicants": "other people's names and numbers",
    "mandates": "other people's names; each side sees its own mandates in the app",
    "file_approvals": "between officers; audit_log tells who looked",
    "join_offers": "a question that is answered within minutes",
    "uploads": "files on their way, gone after a day; what became of them is in materials",
    "payment_events": "what the channel said, word for word; payment_orders tells it",
    "payment_differences": "about the channel's books; payment_orders and refunds tell the money",
    "refund_events": "what the channel said, word for word; refunds tells it",
}
# Keys, digests and who of the staff it was: nothing about the person.
HIDDEN = (
    *("_index", "_digest", "_key", "_by", "_by_id", "_head", "hash", "signature", "signer"),
    *("officer_id", "actor_id", "reviewer_id", "export_sealed"),
)
ACCESSES = """
SELECT jsonb_build_object('at', at, 'who', actor_role, 'what', action, 'case', object_id)::text
  AS row FROM audit_log
WHERE object_type = 'case' AND object_id = ANY($1::text[]) ORDER BY seq"""
PURPOSES = {(each.table, each.column): each.purpose for each in SEALED}


async def of_account(crypto: Crypto, account_id: UUID) -> bytes:
    """Return a copy of everything about a person as UTF-8 JSON, sealed columns opened."""
    found: dict[str, Any] = {}
    for table, column in BY_ACCOUNT.items():
        found[table] = await _read(crypto, table, f"{column} = $1", account_id)
    ids = [UUID(row["id"]) for row in found["cases"]]
    for table in BY_CASE:
        found[table] = await _read(crypto, table, "case_id = ANY($1::uuid[])", ids)
    of_theirs = "material_id IN (SELECT id FROM materials WHERE case_id = ANY($1::uuid[]))"
    for table in BY_MATERIAL:
        found[table] = await _read(crypto, table, of_theirs, ids)
    seen = await rows(ACCESSES, [[str(case_id) for case_id in ids]])
    found["accesses"] = [orjson.loads(row["row"]) for row in seen]
    return orjson.dumps(found, option=orjson.OPT_INDENT_2)


async def _read(crypto: Crypto, table: str, condition: str, value: Any) -> Sequence[dict[str, Any]]:
    # Names of the lists above, never anybody's input.
    sql = f"SELECT to_jsonb(t)::text AS row FROM {table} t WHERE t.{condition} ORDER BY 1"  # noqa: S608
    return [_shown(crypto, table, orjson.loads(row["row"])) for row in await rows(sql, [value])]


def _shown(crypto: Crypto, table: str, row: Mapping[str, Any]) -> dict[str, Any]:
    shown = {}
    for name, value in row.items():
        purpose = PURPOSES.get((table, name))
        if name.endswith(HIDDEN):
            continue
        if purpose is None or value is None:
            shown[name] = _without_staff(value)
        else:
            sealed = bytes.fromhex(value.removeprefix("\\x"))
            plain = _opened(crypto.open(sealed, purpose))
            shown["content" if name == "sealed" else name.removesuffix("_sealed")] = plain
    return shown


def _opened(plain: bytes) -> Any:
    text = plain.decode()
    try:
        return orjson.loads(text) if text[:1] in "{[" else text
    except orjson.JSONDecodeError:
        return text


def _without_staff(value: Any) -> Any:
    """Return what a step kept, without the ids of officers in it."""
    if isinstance(value, list):
        return [_without_staff(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {k: _without_staff(each) for k, each in value.items() if not k.endswith(HIDDEN)}
