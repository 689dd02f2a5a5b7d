"""Enterprises (法人和其他组织): bound by who represents them by law, and by nobody else."""

from dataclasses import dataclass
from uuid import UUID

import structlog

from models.account import Account
from models.database import Duplicate
from models.ids import uuid7
from models.mandate import Enterprise, Mandate
from models.rules.identity import UsccInvalid, organisation_type, read_uscc
from models.rules.mandates import MandateKind, MandateStatus
from models.unit import transaction
from services.actors import Citizen
from services.applicants import Applicant
from services.errors import FieldFault, Invalid
from services.mandate_rows import Wanted, write
from services.mandates import Mandates
from services.ports.registers import RegisterAnswer, Registers

LONGEST_NAME = 100

log = structlog.get_logger(__name__)


class CreditCodeRefused(Invalid):
    """Not a unified social credit code by our own rule (GB 32100)."""

    code = "uscc_invalid"
    sentence = "统一社会信用代码填写有误,请检查。"


class NotRepresentative(Invalid):
    """The register knows no such organisation, or another representative.

    One answer for both: who represents what is not for strangers to find out.
    """

    code = "not_legal_representative"
    sentence = "没有查到您是这家单位的法定代表人,请核对名称和统一社会信用代码,或到窗口办理。"


@dataclass(frozen=True)
class Enterprises:
    mandates: Mandates
    registers: Registers

    async def bind(self, who: Citizen, name: str, uscc: str) -> Enterprise:
        """Let the legal representative act for their organisation, which is made known by it.

        The former representative's power ends with the change of the register; the operators'
        seats stay for the new one to look through. Raises ``RealNameRequired``,
        ``CapacityMissing``, ``CreditCodeRefused``, ``NotRepresentative``, ``OutsideUnavailable``.
        """
        try:
            code = read_uscc(uscc)
        except UsccInvalid as error:
            fault = FieldFault("/uscc", CreditCodeRefused.sentence)
            raise CreditCodeRefused(faults=[fault]) from error
        name = name.strip()[:LONGEST_NAME]
        await self.mandates.check_grown_up(who.account_id)
        person = await self.mandates.applicants.get(who.account_id)
        answer = await self.registers.is_legal_representative(
            code, name, person.name, person.id_number
        )
        log.info("enterprise.checked", account=str(who.account_id), answer=answer.value)
        if answer is not RegisterAnswer.CONFIRMED:
            raise NotRepresentative
        try:
            return await self._bind(who, name, code, person)
        except Duplicate:
            # The same tap arrived twice: the other one made the account.
            return await self._bind(who, name, code, person)

    @transaction
    async def _bind(self, who: Citizen, name: str, code: str, person: Applicant) -> Enterprise:
        known = await Enterprise.get_or_none(uscc=code)
        enterprise = known or await self._create(name, code)
        # Two representatives at once take turns here.
        await Account.filter(id=enterprise.account_id).select_for_update().get()
        if enterprise.name != name:
            enterprise.name = name
            await enterprise.save(update_fields=["name"])
        former = await Mandate.get_or_none(
            principal_id=enterprise.account_id,
            kind=MandateKind.LEGAL_REPRESENTATIVE.value,
            status=MandateStatus.ACTIVE.value,
        )
        if former is None or former.agent_id != who.account_id:
            await self._succeed(who, enterprise.account_id, former, person)
        return enterprise

    async def _create(self, name: str, code: str) -> Enterprise:
        now = self.mandates.clock.now()
        account = await Account.create(id=uuid7(), kind="ENTERPRISE", created_at=now)
        return await Enterprise.create(
            account_id=account.id,
            name=name,
            uscc=code,
            org_type=organisation_type(code).value,
            verified_at=now,
        )

    async def _succeed(
        self, who: Citizen, account_id: UUID, former: Mandate | None, person: Applicant
    ) -> None:
        now, kind = self.mandates.clock.now(), MandateKind.LEGAL_REPRESENTATIVE
        if former is not None:
            why = "法定代表人已经变更"
            await self.mandates.close(former, MandateStatus.ENDED, who.account_id, why, now)
            await self.mandates.tell_ended(former, now)
        wanted = Wanted(
            kind,
            MandateStatus.ACTIVE,
            account_id,
            who.account_id,
            person.identity,
            kind.grantable,
            "市场主体登记核对一致",
        )
        mandate = await write(self.mandates.persons, wanted, who.account_id, now)
        await self.mandates.record(who.actor, "mandate.represent", mandate)
