"""The person behind an account, opened for as long as a use-case needs them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from models.database import rows
from models.rules import identity
from models.rules.calendar import day_of
from services.errors import Forbidden, Unauthenticated
from services.ports import Crypto

NATURAL_PERSON = "NATURAL_PERSON"
PERSON = """
SELECT a.phone_sealed, p.name_sealed, p.id_number_sealed
FROM accounts a LEFT JOIN persons p ON p.account_id = a.id WHERE a.id = $1"""


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
        """Return the person; raise ``RealNameRequired`` or ``IdNumberRequired``."""
        found = await rows(PERSON, [account_id])
        if not found:
            raise Unauthenticated
        if found[0]["name_sealed"] is None:
            raise RealNameRequired
        if found[0]["id_number_sealed"] is None:
            raise IdNumberRequired
        return self._open(account_id, **found[0])

    def _open(
        self,
        account_id: UUID,
        *,
        phone_sealed: bytes | None,
        name_sealed: bytes,
        id_number_sealed: bytes,
    ) -> Applicant:
        phone = None
        if phone_sealed is not None:
            phone = self.crypto.open(phone_sealed, "account.phone").decode()
        return Applicant(
            account_id=account_id,
            name=self.crypto.open(name_sealed, "person.name").decode(),
            id_number=self.crypto.open(id_number_sealed, "person.id_number").decode(),
            phone=phone,
        )


def facts_of(form: Mapping[str, Any], applicant_type: str, age: int | None) -> dict[str, Any]:
    """Return what the conditions of an item may ask about."""
    return {
        "form": dict(form),
        "applicant": {"type": applicant_type, "age": age},
        "agent": None,
    }
