"""The person behind an account, opened for as long as a use-case needs them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from models.account import Account, Person
from models.rules import identity
from models.rules.calendar import day_of
from services.errors import Forbidden, Unauthenticated
from services.ports import Crypto

NATURAL_PERSON = "NATURAL_PERSON"


class RealNameRequired(Forbidden):
    """The act needs a real-name check first."""

    code = "real_name_required"
    sentence = "请先完成实名认证。"


@dataclass(frozen=True)
class Applicant:
    """A real-named natural person. ``repr`` shows the account only."""

    account_id: UUID
    name: str
    id_number: str
    phone: str | None

    def __repr__(self) -> str:
        return f"Applicant({self.account_id})"

    @property
    def birth_date(self) -> date:
        return identity.birth_date(self.id_number)

    def age_at(self, moment: datetime) -> int:
        return identity.age_on(self.birth_date, day_of(moment))


@dataclass(frozen=True)
class Applicants:
    crypto: Crypto

    async def get(self, account_id: UUID) -> Applicant:
        """Return the person; raise ``RealNameRequired`` when nobody was checked yet."""
        account = await Account.get_or_none(id=account_id).select_related("person")
        if account is None:
            raise Unauthenticated
        if account.person is None:
            raise RealNameRequired
        return self._open(account, account.person)

    def _open(self, account: Account, person: Person) -> Applicant:
        phone = account.phone_sealed
        return Applicant(
            account_id=account.id,
            name=self.crypto.open(person.name_sealed, "person.name").decode(),
            id_number=self.crypto.open(person.id_number_sealed, "person.id_number").decode(),
            phone=None if phone is None else self.crypto.open(phone, "account.phone").decode(),
        )


def facts_of(form: Mapping[str, Any], applicant_type: str, age: int | None) -> dict[str, Any]:
    """Return what the conditions of an item may ask about."""
    return {
        "form": dict(form),
        "applicant": {"type": applicant_type, "age": age},
        "agent": None,
    }
