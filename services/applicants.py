"""The applicant behind an account, person or organisation, opened for one use-case."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from models.case import Case
from models.database import rows
from models.rules import identity
from models.rules.calendar import day_of
from models.rules.item_words import ApplicantType
from models.rules.mandates import AGENTS
from services.errors import Forbidden, Unauthenticated
from services.identities import Identity
from services.ports import Crypto

NATURAL_PERSON = ApplicantType.NATURAL_PERSON.value
RESIDENT_ID, CREDIT_CODE = "RESIDENT_ID", "USCC"
WHO = """
SELECT a.phone_sealed, p.name_sealed, p.id_number_sealed, e.name, e.uscc, e.org_type
FROM accounts a LEFT JOIN persons p ON p.account_id = a.id
LEFT JOIN enterprises e ON e.account_id = a.id WHERE a.id = $1"""


class RealNameRequired(Forbidden):
    """The act needs a real-name check first."""

    code = "real_name_required"
    sentence = "请先完成实名认证。"


class IdNumberRequired(RealNameRequired):
    """Who showed a 网证 has not told their ID number, which this act needs by law."""

    code = "id_number_required"
    sentence = "办理这个事项依法需要身份证号码,请在实名认证里补充。填写的内容都保存着。"


@dataclass(frozen=True)
class Applicant:
    """A real-named person or a verified organisation. ``repr`` shows the account only.

    ``id_number`` is a person's ID number or an organisation's 统一社会信用代码 (``id_type``).
    """

    account_id: UUID
    name: str
    id_number: str
    phone: str | None
    type: str = NATURAL_PERSON

    def __repr__(self) -> str:
        return f"Applicant({self.account_id})"

    @property
    def identity(self) -> Identity:
        return Identity(self.name, self.id_number)

    @property
    def is_person(self) -> bool:
        return self.type == NATURAL_PERSON

    @property
    def id_type(self) -> str:
        return RESIDENT_ID if self.is_person else CREDIT_CODE

    def age_at(self, moment: datetime) -> int | None:
        """Return full years; None for an organisation."""
        if not self.is_person:
            return None
        return identity.age_on(identity.birth_date(self.id_number), day_of(moment))


@dataclass(frozen=True)
class Applicants:
    crypto: Crypto

    async def get(self, account_id: UUID) -> Applicant:
        """Return whose account it is; raise ``RealNameRequired`` or ``IdNumberRequired``."""
        found = await rows(WHO, [account_id])
        if not found:
            raise Unauthenticated
        who = found[0]
        phone = None
        if who["phone_sealed"] is not None:
            phone = self.crypto.open(who["phone_sealed"], "account.phone").decode()
        if who["uscc"] is not None:
            return Applicant(account_id, who["name"], who["uscc"], phone, who["org_type"])
        if who["name_sealed"] is None:
            raise RealNameRequired
        if who["id_number_sealed"] is None:
            raise IdNumberRequired
        return Applicant(
            account_id=account_id,
            name=self.crypto.open(who["name_sealed"], "person.name").decode(),
            id_number=self.crypto.open(who["id_number_sealed"], "person.id_number").decode(),
            phone=phone,
        )

    async def name_of(self, account_id: UUID) -> str:
        """Return the name of whose account it is; raise ``RealNameRequired``."""
        found = await rows(WHO, [account_id])
        if not found:
            raise Unauthenticated
        if found[0]["uscc"] is not None:
            return str(found[0]["name"])
        if found[0]["name_sealed"] is None:
            raise RealNameRequired
        return self.crypto.open(found[0]["name_sealed"], "person.name").decode()

    async def type_of(self, account_id: UUID) -> str:
        """Return what kind of applicant an account is, checked or not yet."""
        found = await rows(WHO, [account_id])
        if not found:
            raise Unauthenticated
        return str(found[0]["org_type"] or NATURAL_PERSON)


def facts_of(form: Mapping[str, Any], case: Case, age: int | None) -> dict[str, Any]:
    """Return what the conditions of an item may ask about."""
    return {
        "form": dict(form),
        "applicant": {"type": case.applicant_type, "age": age},
        "agent": {"kind": case.mandate_kind} if case.mandate_kind in AGENTS else None,
    }
