"""网号、网证: a person shows who they are without telling their ID number.

国家网络身份认证公共服务管理办法: voluntary, as good as any other way, and who uses it is not asked
for a plain ID number unless a law needs one.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from models.account import Account, Person
from models.database import Duplicate
from models.rules.levels import Level
from models.unit import transaction
from services.actors import Citizen
from services.errors import Invalid, NotFound, Unauthenticated
from services.identities import read_name
from services.ports import NetCredentials, NetPerson, Passing
from services.profiles import Profile
from services.real_names import AlreadyVerified, IdentityInUse, RealNames

LIFE = timedelta(minutes=5)
KIND = "net.challenge"
TYPE = "NET_NUMBER"


class NetCredentialNotOffered(NotFound):
    """This installation has not joined the service."""

    code = "net_credential_not_offered"
    sentence = "这里还没有开通网证。请用其他方式核验身份。"


class ChallengeUnknown(Invalid):
    """The challenge is used, too old, or was given to somebody else."""

    code = "challenge_unknown"
    sentence = "出示网证已超时,请重新出示。"


@dataclass(frozen=True)
class NetChecks:
    passing: Passing
    checker: NetCredentials | None
    real_names: RealNames

    async def challenge(self, who: Citizen) -> str:
        """Return what the 网证 is to be shown for; raise ``NetCredentialNotOffered``."""
        if self.checker is None:
            raise NetCredentialNotOffered
        challenge = secrets.token_urlsafe(32)
        await self.passing.put(KIND, challenge, {"account": str(who.account_id)}, life=LIFE)
        return challenge

    async def verify(self, who: Citizen, challenge: str, assertion: str) -> Profile:
        """Take an assertion for a level-3 check of the account's person.

        Where the account has an ID number already, the platform says whether it is the same
        person's. Raises ``ChallengeUnknown``, ``LoginCodeInvalid``, ``AlreadyVerified``,
        ``IdentityInUse`` (with the offer to join), ``OutsideUnavailable`` or ``Unavailable``.
        """
        if self.checker is None:
            raise NetCredentialNotOffered
        kept = await self.passing.take(KIND, challenge)
        if kept is None or kept["account"] != str(who.account_id):
            raise ChallengeUnknown
        profiles = self.real_names.profiles
        person = await Person.get_or_none(account_id=who.account_id)
        number = None if person is None else profiles.number_of(person)
        found = await self.checker.check(assertion, challenge, number)
        if number is not None and not found.id_matched:
            raise AlreadyVerified
        try:
            return await self._become(who, found, number)
        except Duplicate as error:
            other = await Person.get(assertion_index__in=self._indexes(found))
            facts = await self.real_names.offer(who, other.account_id, Level.FACE)
            raise IdentityInUse(facts=facts) from error

    @transaction
    async def _become(self, who: Citizen, found: NetPerson, number: str | None) -> Profile:
        names, profiles = self.real_names, self.real_names.profiles
        account = await Account.select_for_update().get_or_none(id=who.account_id)
        if account is None or account.joined_id is not None:
            raise Unauthenticated
        current, *earlier = self._indexes(found)
        stands = {"assertion_type": TYPE, "assertion_index": current}
        if earlier and await _stands_elsewhere(account.id, earlier):
            raise Duplicate("persons_assertion_index")
        person = await Person.get_or_none(account_id=account.id)
        if person is None:
            await Person.create(
                account_id=account.id,
                name_sealed=names.crypto.seal(read_name(found.name).encode(), "person.name"),
                assertion_type=TYPE,
                assertion_index=current,
                verified_at=names.clock.now(),
            )
        elif profiles.number_of(person) != number:
            # Another request gave the account a number that was not compared.
            raise AlreadyVerified
        elif number is None and person.assertion_index not in (current, *earlier):
            raise AlreadyVerified
        else:
            await Person.filter(account_id=account.id).update(**stands)
        await names.rise(who, account, Level.FACE)
        return await profiles.of(account.id)

    def _indexes(self, found: NetPerson) -> list[str]:
        """Return the index of a 网号, and the one under the index key before if that is known."""
        indexes = self.real_names.crypto.indexes(found.number, "person.net_number")
        return [index.hex() for index in indexes]


async def _stands_elsewhere(account_id: UUID, earlier: Sequence[str]) -> bool:
    """Tell whether another person shows this 网号 under the index key before."""
    found = Person.filter(assertion_index__in=list(earlier))
    return await found.exclude(account_id=account_id).exists()
