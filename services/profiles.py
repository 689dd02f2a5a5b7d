"""An account as its owner sees it."""

from dataclasses import dataclass
from uuid import UUID

from models.account import Account, Person
from models.rules.identity import mask_name, mask_phone
from services.errors import Unauthenticated
from services.ports import Crypto
from services.sessions import Grant


@dataclass(frozen=True)
class Profile:
    """Name and phone are masked already."""

    id: UUID
    level: int
    name: str | None
    phone: str | None
    elder_mode: bool


@dataclass(frozen=True)
class SignedIn:
    grant: Grant
    profile: Profile


@dataclass(frozen=True)
class Profiles:
    crypto: Crypto

    async def of(self, account_id: UUID) -> Profile:
        """Return the profile; raise ``Unauthenticated`` for an account that is gone."""
        account = await Account.get_or_none(id=account_id).select_related("person")
        if account is None or account.joined_id is not None or account.closed_at is not None:
            raise Unauthenticated
        person, sealed = account.person, account.phone_sealed
        phone = None if sealed is None else self.crypto.open(sealed, "account.phone").decode()
        return Profile(
            id=account.id,
            level=account.level,
            name=None if person is None else mask_name(self.name_of(person)),
            phone=None if phone is None else mask_phone(phone),
            elder_mode=account.elder_mode,
        )

    def name_of(self, person: Person) -> str:
        return self.crypto.open(person.name_sealed, "person.name").decode()

    def number_of(self, person: Person) -> str | None:
        """Return the ID number; None while only an assertion (网号/网证) stands for it."""
        sealed = person.id_number_sealed
        return None if sealed is None else self.crypto.open(sealed, "person.id_number").decode()
