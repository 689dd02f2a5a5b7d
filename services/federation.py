"""A unified identity (统一身份认证): it says who is there and how surely, and that is believed.

Its name and number are a real-name check of the level that it states.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import structlog

from models.account import Account
from models.rules.levels import Level
from models.rules.ways import Way
from services.actors import Citizen
from services.entrances import Caller
from services.identities import Identity, IdNumberRefused, NameRefused
from services.ports import FederatedPerson
from services.profiles import SignedIn
from services.real_names import AlreadyVerified, IdentityInUse, RealNames
from services.ways import OwnWay, Ways

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Federation:
    ways: Ways
    real_names: RealNames

    async def enter(self, found: FederatedPerson, device: str) -> SignedIn:
        """Let a person in, into the account that is theirs already if it is certain enough.

        A level-3 identity of a person whom we know is as good as their face: it opens their
        account, for the same person coming by two ways is not two people. A weaker one opens an
        account of its own, which can be joined.
        """
        identity = self._identity(found)
        home = None
        if identity is not None and found.level >= Level.FACE:
            home = await self._home(identity)
        signed_in = await self.ways.entrances.enter(_caller(found), device, home=home)
        if identity is None:
            return signed_in
        who = Citizen(signed_in.grant.account_id, signed_in.grant.session_id)
        try:
            profile = await self.real_names.settle(who, identity, Level(found.level))
        except (AlreadyVerified, IdentityInUse) as problem:
            # They are in all the same; the real-name check will tell them, and offer to join.
            log.warning("oidc.identity_differs", account=str(who.account_id), code=problem.code)
            return signed_in
        return replace(signed_in, profile=profile)

    async def link(self, who: Citizen, found: FederatedPerson) -> Sequence[OwnWay]:
        """Add the identity to the asker's account.

        Raises ``AlreadyVerified`` for another person's, ``IdentityInUse`` or ``WayInUse``.
        """
        identity = self._identity(found)
        if identity is not None:
            # First: an account that cannot be this person's gets no way in for them.
            await self.real_names.settle(who, identity, Level(found.level))
        return await self.ways.attach(who, _caller(found))

    def _identity(self, found: FederatedPerson) -> Identity | None:
        if found.name is None or found.id_number is None:
            return None
        try:
            return self.real_names.read_identity(found.name, found.id_number)
        except (IdNumberRefused, NameRefused) as problem:
            log.warning("oidc.identity_unreadable", code=problem.code)
            return None

    async def _home(self, identity: Identity) -> UUID | None:
        account_id = await self.real_names.persons.find(identity)
        if account_id is None:
            return None
        account = await Account.get(id=account_id)
        return None if account.joined_id else account.id


def _caller(found: FederatedPerson) -> Caller:
    return Caller(Way.OIDC, found.issuer, found.subject)
