"""What lies sealed, column by column, and what is found by a blind index: one list for all keys.

Whoever adds such a column adds it here; a test compares the list with the models.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services import (
    addresses,
    archive,
    certificates,
    counter,
    credit,
    forms,
    issuing,
    materials,
    packages,
    readings,
    second_looks,
    stored_files,
    wake_ups,
)
from services.events import parking
from services.finishing import KEY_PURPOSE, NAME_PURPOSE
from services.numbering import lookup_value
from services.ports import Crypto
from services.second_factor import SECRET_PURPOSE

PHONE, NAME, ID_NUMBER, LOOKUP = "account.phone", "person.name", "person.id_number", "case.lookup"
LOGIN_PHONE, FACE_TOKEN = "login.phone", "face.token"
WISH, ANSWER, EXPORT = "personal_request.wish", "personal_request.answer", "personal_request.export"


@dataclass(frozen=True)
class Sealed:
    """A column of sealed bytes; ``key`` is the table's primary key, a UUID."""

    table: str
    column: str
    purpose: str
    key: str = "id"

    @property
    def name(self) -> str:
        return f"{self.table}.{self.column}"


SEALED = (
    Sealed("accounts", "phone_sealed", PHONE),
    Sealed("persons", "name_sealed", NAME, "account_id"),
    Sealed("persons", "id_number_sealed", ID_NUMBER, "account_id"),
    Sealed("login_identities", "sealed", LOGIN_PHONE),
    Sealed("face_checks", "token_sealed", FACE_TOKEN),
    Sealed("face_checks", "name_sealed", NAME),
    Sealed("face_checks", "id_number_sealed", ID_NUMBER),
    Sealed("staff_members", "totp_sealed", SECRET_PURPOSE),
    Sealed("case_forms", "sealed", forms.PURPOSE, "case_id"),
    Sealed("case_forms", "filed_sealed", forms.PURPOSE, "case_id"),
    Sealed("materials", "name_sealed", materials.PURPOSE),
    Sealed("material_readings", "sealed", readings.PURPOSE, "material_id"),
    Sealed("certificate_queries", "number_sealed", certificates.NUMBER_PURPOSE),
    Sealed("certificate_queries", "answer_sealed", certificates.ANSWER_PURPOSE),
    Sealed("finding_answers", "reason_sealed", second_looks.PURPOSE),
    Sealed("notices", "content_sealed", issuing.PURPOSE),
    Sealed("handoff_packages", "sealed", packages.PURPOSE),
    Sealed("backoffice_events", "sealed", parking.PURPOSE),
    Sealed("handoff_wake_ups", "secret_sealed", wake_ups.SECRET_PURPOSE),
    Sealed("backoffice_clients", "contact_sealed", wake_ups.CONTACT_PURPOSE),
    Sealed("inquiries", "answer_sealed", packages.ANSWER_PURPOSE),
    Sealed("deliveries", "address_sealed", addresses.PURPOSE),
    Sealed("deliveries", "pickup_code_sealed", counter.CODE_PURPOSE),
    Sealed("credit_events", "objection_sealed", credit.PURPOSE),
    Sealed("archive_packages", "application_sealed", archive.PURPOSE),
    Sealed("mandates", "agent_name_sealed", NAME),
    Sealed("personal_requests", "wish_sealed", WISH),
    Sealed("personal_requests", "answer_sealed", ANSWER),
    Sealed("personal_requests", "export_sealed", EXPORT),
    Sealed("co_applicants", "name_sealed", NAME),
    Sealed("co_applicants", "id_number_sealed", ID_NUMBER),
    Sealed("stored_files", "key_sealed", stored_files.PURPOSE),
    Sealed("material_pages", "name_sealed", materials.PURPOSE),
    Sealed("uploads", "name_sealed", NAME_PURPOSE),
    Sealed("uploads", "key_sealed", KEY_PURPOSE),
)


@dataclass(frozen=True)
class Indexed:
    """A column by which equal values are found unread.

    ``source`` reads a window of rows after $1, at most $2: their ``key``, the ``stored`` index
    (hex), the ``sealed`` value of ``sealed_for`` and the ``code`` that belongs to it, if any.
    """

    table: str
    column: str
    purpose: str
    sealed_for: str
    source: str
    key: str = "id"

    @property
    def name(self) -> str:
        return f"{self.table}.{self.column}"

    def value(self, crypto: Crypto, row: Mapping[str, Any]) -> str:
        """Return what the index is made of; raise ``ValueError`` when it cannot be opened."""
        # An organisation's code is no secret, and lies open.
        plain = row.get("plain") or crypto.open(row["sealed"], self.sealed_for).decode()
        return plain if row["code"] is None else lookup_value(row["code"], plain)


INDEXED = (
    Indexed(
        "accounts",
        "phone_index",
        PHONE,
        PHONE,
        "SELECT id AS key, phone_index AS stored, phone_sealed AS sealed, NULL AS code"
        " FROM accounts WHERE id > $1 AND phone_index IS NOT NULL ORDER BY id LIMIT $2",
    ),
    Indexed(
        "persons",
        "id_number_index",
        ID_NUMBER,
        ID_NUMBER,
        "SELECT account_id AS key, id_number_index AS stored, id_number_sealed AS sealed,"
        " NULL AS code FROM persons WHERE account_id > $1 AND id_number_index NOT LIKE 'closed:%'"
        " AND id_number_sealed IS NOT NULL"
        " ORDER BY account_id LIMIT $2",
        key="account_id",
    ),
    Indexed(
        "cases",
        "lookup_index",
        LOOKUP,
        ID_NUMBER,
        "SELECT c.id AS key, c.lookup_index AS stored, p.id_number_sealed AS sealed,"
        " c.query_code AS code, e.uscc AS plain FROM cases c"
        " LEFT JOIN persons p ON p.account_id = c.account_id"
        " LEFT JOIN enterprises e ON e.account_id = c.account_id"
        " WHERE c.id > $1 AND c.lookup_index IS NOT NULL"
        " AND (p.id_number_sealed IS NOT NULL OR e.uscc IS NOT NULL) ORDER BY c.id LIMIT $2",
    ),
    # Whoever is not known yet cannot be indexed anew: the former key finds them till they come.
    Indexed(
        "mandates",
        "agent_index",
        ID_NUMBER,
        ID_NUMBER,
        "SELECT m.id AS key, m.agent_index AS stored, p.id_number_sealed AS sealed, NULL AS code"
        " FROM mandates m JOIN persons p ON p.account_id = m.agent_id"
        " WHERE m.id > $1 ORDER BY m.id LIMIT $2",
    ),
    Indexed(
        "imported_cases",
        "id_number_index",
        ID_NUMBER,
        ID_NUMBER,
        "SELECT i.case_id AS key, i.id_number_index AS stored, p.id_number_sealed AS sealed,"
        " NULL AS code FROM imported_cases i JOIN cases c ON c.id = i.case_id"
        " JOIN persons p ON p.account_id = c.account_id"
        " WHERE i.case_id > $1 ORDER BY i.case_id LIMIT $2",
        key="case_id",
    ),
    Indexed(
        "co_applicants",
        "id_number_index",
        ID_NUMBER,
        ID_NUMBER,
        "SELECT id AS key, id_number_index AS stored, id_number_sealed AS sealed, NULL AS code"
        " FROM co_applicants WHERE id > $1 ORDER BY id LIMIT $2",
    ),
)
