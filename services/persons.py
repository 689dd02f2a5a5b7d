"""Persons by name and ID number: whose account it is, made where there is none yet.

Somebody without a phone has an account all the same, with no way in: others act for them.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from models.account import Account, Person
from models.ids import uuid7
from models.rules.levels import Level
from services.identities import Identity
from services.ports import Crypto


@dataclass(frozen=True)
class Persons:
    crypto: Crypto

    def index(self, id_number: str) -> str:
        """Return the blind index of an ID number."""
        return self.crypto.index(id_number, "person.id_number").hex()

    def indexes(self, id_number: str) -> list[str]:
        """Return every blind index by which an ID number may be found, the present one first."""
        return [each.hex() for each in self.crypto.indexes(id_number, "person.id_number")]

    def seal_name(self, name: str) -> bytes:
        return self.crypto.seal(name.encode(), "person.name")

    def name_of(self, sealed: bytes) -> str:
        return self.crypto.open(sealed, "person.name").decode()

    async def find(self, identity: Identity) -> UUID | None:
        """Return the account of a person of this name and number; another name is nobody."""
        person = await Person.get_or_none(id_number_index__in=self.indexes(identity.id_number))
        if person is None or self.name_of(person.name_sealed) != identity.name:
            return None
        return person.account_id

    async def find_or_make(self, identity: Identity, now: datetime) -> UUID:
        """Return the account of a person whom a register has just confirmed.

        In the caller's transaction; raises ``Duplicate`` when somebody else made it meanwhile.
        """
        known = await Person.get_or_none(id_number_index__in=self.indexes(identity.id_number))
        if known is not None:
            return known.account_id
        account = await Account.create(id=uuid7(), created_at=now, level=Level.TWO_FACTORS)
        number = self.crypto.seal(identity.id_number.encode(), "person.id_number")
        await Person.create(
            account_id=account.id,
            name_sealed=self.seal_name(identity.name),
            id_number_sealed=number,
            id_number_index=self.index(identity.id_number),
            verified_at=now,
        )
        return account.id
