"""Mandates given at the window: a person without a phone signs there, and the officer sees it."""

from dataclasses import dataclass

from models.database import Duplicate
from models.mandate import Mandate
from models.rules.mandates import MandateKind, is_lasting, may_be_given
from models.unit import transaction
from services.actors import Officer
from services.errors import FieldFault
from services.guardians import Guardians
from services.identities import Identity
from services.mandate_terms import MandateRefused, Offer
from services.mandates import Mandates
from services.ports import RealNameChecker, RealNameVerdict
from services.proxies import PrincipalNotFound, ProxyUnknown


@dataclass(frozen=True)
class CounterMandates:
    mandates: Mandates
    guardians: Guardians
    realname: RealNameChecker

    async def give(
        self, officer: Officer, principal: Identity, offer: Offer, basis: str
    ) -> Mandate:
        """Record what a person gave at the window; the agent takes it on their own phone.

        ``basis`` says what the officer saw. Raises ``MandateRefused``, ``PrincipalNotFound``,
        ``ItemUnknown``, ``AgentRefused`` or ``OutsideUnavailable``.
        """
        own = principal.id_number == offer.agent.id_number
        if own or not may_be_given(MandateKind.AGENT, offer.acts, None) or offer.case_id:
            raise MandateRefused
        if not is_lasting(self.mandates.clock.now(), offer.until):
            raise MandateRefused(faults=[FieldFault("/until", "授权最长一年,结束的时间要在以后。")])
        await self._confirm(principal)
        try:
            return await self._give(officer, principal, offer, basis)
        except Duplicate:
            # Somebody else made the principal known at this moment.
            return await self._give(officer, principal, offer, basis)

    @transaction
    async def _give(
        self, officer: Officer, principal: Identity, offer: Offer, basis: str
    ) -> Mandate:
        now = self.mandates.clock.now()
        principal_id = await self.mandates.persons.find_or_make(principal, now)
        await self.mandates.check_grown_up(principal_id)
        return await self.mandates.create(
            officer.anyhow, principal_id, MandateKind.AGENT, offer, basis=basis
        )

    async def guard(
        self, officer: Officer, guardian: Identity, ward: Identity, basis: str
    ) -> Mandate:
        """Record a guardian whose papers the window has seen (户口簿, 出生证明, 判决书).

        Raises ``WardGrownUp``, ``ProxyUnknown`` for a guardian without a real-named account,
        ``PrincipalNotFound`` or ``OutsideUnavailable``.
        """
        self.guardians.check_ward(ward)
        await self._confirm(ward)
        account_id = await self.mandates.persons.find(guardian)
        if account_id is None:
            raise ProxyUnknown
        await self.mandates.check_grown_up(account_id)
        applicant = await self.mandates.applicants.get(account_id)
        return await self.guardians.bound(officer.anyhow, applicant, ward, basis)

    async def _confirm(self, person: Identity) -> None:
        verdict = await self.realname.check(person.name, person.id_number)
        if verdict is not RealNameVerdict.MATCH:
            raise PrincipalNotFound
