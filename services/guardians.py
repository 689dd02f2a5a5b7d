"""Guardians (监护人): who acts for a child until it is 18, as a register or a window has seen."""

from dataclasses import dataclass
from datetime import datetime, time
from uuid import UUID

import structlog

from models.account import Account
from models.database import Duplicate
from models.mandate import Mandate
from models.rules.calendar import SHANGHAI, day_of
from models.rules.identity import age_on, birth_date, full_age_on
from models.rules.mandates import FULL_AGE, MandateKind, MandateStatus
from models.unit import transaction
from services.actors import Actor, Citizen
from services.applicants import Applicant
from services.errors import FieldFault, Invalid
from services.identities import Identity
from services.mandate_rows import Wanted, write
from services.mandates import Mandates
from services.ports.registers import RegisterAnswer, Registers

log = structlog.get_logger(__name__)


class NotGuardian(Invalid):
    """The register does not say so; one answer for what it denies and what it does not know."""

    code = "not_guardian"
    sentence = "没有查到您是这位未成年人的监护人,请带户口簿、出生证明或判决书到窗口办理。"


class WardGrownUp(Invalid):
    """Who is 18 acts alone, unless a court says otherwise, which a window looks at."""

    code = "ward_grown_up"
    sentence = "对方已满18周岁,不需要监护人代办。需要的话,可以由本人授权。"


@dataclass(frozen=True)
class Guardians:
    mandates: Mandates
    registers: Registers

    async def bind(self, who: Citizen, ward: Identity) -> Mandate:
        """Let a guardian act for a child; again changes nothing.

        Raises ``RealNameRequired``, ``CapacityMissing``, ``WardGrownUp``, ``NotGuardian`` or
        ``OutsideUnavailable``.
        """
        self.check_ward(ward)
        await self.mandates.check_grown_up(who.account_id)
        guardian = await self.mandates.applicants.get(who.account_id)
        answer = await self.registers.is_guardian(
            guardian.name, guardian.id_number, ward.name, ward.id_number
        )
        log.info("guardian.checked", account=str(who.account_id), answer=answer.value)
        if answer is not RegisterAnswer.CONFIRMED:
            raise NotGuardian
        return await self.bound(who.actor, guardian, ward, "户籍登记核对一致")

    def check_ward(self, ward: Identity) -> None:
        """Raise ``WardGrownUp`` for who is of age."""
        today = day_of(self.mandates.clock.now())
        if age_on(birth_date(ward.id_number), today) >= FULL_AGE:
            raise WardGrownUp(faults=[FieldFault("/id_number", WardGrownUp.sentence)])

    async def bound(self, actor: Actor, guardian: Applicant, ward: Identity, basis: str) -> Mandate:
        """Record what was seen (``basis``) and by whom; the ward's account is made with it."""
        try:
            return await self._bound(actor, guardian, ward, basis)
        except Duplicate:
            # Somebody else made the ward known, or bound it, at this moment.
            return await self._bound(actor, guardian, ward, basis)

    @transaction
    async def _bound(
        self, actor: Actor, guardian: Applicant, ward: Identity, basis: str
    ) -> Mandate:
        now, persons = self.mandates.clock.now(), self.mandates.persons
        ward_id = await persons.find_or_make(ward, now)
        await Account.filter(id=ward_id).select_for_update().get()
        known = await Mandate.get_or_none(
            principal_id=ward_id,
            agent_id=guardian.account_id,
            kind=MandateKind.GUARDIAN.value,
            status=MandateStatus.ACTIVE.value,
        )
        if known is not None:
            return known
        kind, status = MandateKind.GUARDIAN, MandateStatus.ACTIVE
        until, agent = _of_age(ward), guardian.identity
        wanted = Wanted(
            kind, status, ward_id, guardian.account_id, agent, kind.grantable, basis, until
        )
        mandate = await write(persons, wanted, _by(actor, guardian.account_id), now)
        await self.mandates.record(actor, "mandate.guard", mandate)
        return mandate


def _by(actor: Actor, guardian_id: UUID) -> UUID:
    return guardian_id if actor.id is None else UUID(actor.id)


def _of_age(ward: Identity) -> datetime:
    """Return the start of the day on which a ward is of age, in China."""
    return datetime.combine(full_age_on(ward.id_number, FULL_AGE), time.min, SHANGHAI)
