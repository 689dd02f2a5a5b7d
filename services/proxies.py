"""代办员: township people who act, free of charge, for who has no phone (新乡方案2018).

What they start rests on the principal's own signature, on paper or given at a window: somebody
else than the 代办员 looks at it before it holds.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from models.account import Account
from models.database import Duplicate
from models.mandate import Mandate, ProxyAgent
from models.rules.mandates import Act, MandateKind, MandateStatus, is_lasting, may_be_given
from models.unit import transaction
from services.actors import Citizen, Officer
from services.announcements import tell_account
from services.applicants import Applicant
from services.errors import Conflict, FieldFault, Forbidden, Invalid, NotFound
from services.files import ServedFile
from services.identities import Identity
from services.items import PublishedItem
from services.mandate_rows import Wanted, write
from services.mandate_terms import MandateRefused, MandateSettled, MandateUnknown
from services.mandates import Mandates
from services.ports import MaterialFiles, RealNameChecker, RealNameVerdict
from services.quarantine import check_taken

PROVEN = "代办授权已经核对,可以办理"
REFUSED = "代办授权没有通过核对"
MAX_BYTES = 10 * 1024 * 1024
FORMATS = ("jpg", "png", "pdf")


class NotProxyAgent(Forbidden):
    """Only who a township appointed starts a case for somebody without a phone."""

    code = "not_proxy_agent"
    sentence = "您不是登记在册的代办员。"


class PrincipalNotFound(Invalid):
    """The register has no such person."""

    code = "principal_not_confirmed"
    sentence = "姓名和身份证号对不上,请核对委托人的身份证。"


class ProofMissing(Conflict):
    """There is no signature to look at yet."""

    code = "mandate_proof_missing"
    sentence = "还没有上传委托人签字的授权书。"


class ProxyUnknown(NotFound):
    """No such account, or nobody's with a real name."""

    code = "proxy_agent_unknown"
    sentence = "没有找到这个人的实名账号。"


@dataclass(frozen=True, repr=False)
class Errand:
    """What somebody without a phone lets a 代办员 do: one item, for a time."""

    principal: Identity
    acts: frozenset[Act]
    item_code: str
    until: datetime


@dataclass(frozen=True)
class Proxies:
    mandates: Mandates
    realname: RealNameChecker
    files: MaterialFiles

    @transaction
    async def appoint(self, officer: Officer, person: Identity, unit: str) -> ProxyAgent:
        """Register a person as 代办员 of a township; again renews it. Raises ``ProxyUnknown``."""
        account_id = await self.mandates.persons.find(person)
        if account_id is None:
            raise ProxyUnknown
        now = self.mandates.clock.now()
        known = await ProxyAgent.get_or_none(account_id=account_id)
        row = known or ProxyAgent(account_id=account_id)
        row.update_from_dict(
            {"unit": unit, "appointed_by": officer.id, "appointed_at": now, "ended_at": None}
        )
        await row.save(force_create=known is None)
        audit = self.mandates.audit
        await audit.record(officer.anyhow, "proxy.appoint", "account", account_id, {"unit": unit})
        return row

    @transaction
    async def dismiss(self, officer: Officer, account_id: UUID) -> None:
        """End an appointment and every mandate that rests on it; raise ``ProxyUnknown``."""
        row = await ProxyAgent.filter(account_id=account_id, ended_at=None).get_or_none()
        if row is None:
            raise ProxyUnknown
        now = self.mandates.clock.now()
        await ProxyAgent.filter(account_id=account_id).update(ended_at=now)
        held = Mandate.filter(agent_id=account_id, kind=MandateKind.PROXY.value)
        waiting = [MandateStatus.ACTIVE.value, MandateStatus.UNPROVEN.value]
        for mandate in await held.filter(status__in=waiting).select_for_update():
            why = "代办员不再任职"
            await self.mandates.close(mandate, MandateStatus.ENDED, officer.id, why, now)
            await self.mandates.tell_ended(mandate, now)
        await self.mandates.audit.record(officer.anyhow, "proxy.dismiss", "account", account_id)

    async def start(self, who: Citizen, errand: Errand) -> Mandate:
        """Ask for a mandate in somebody's name; it holds once a window has seen the signature.

        Raises ``NotProxyAgent``, ``RealNameRequired``, ``MandateRefused``, ``ItemUnknown``,
        ``PrincipalNotFound`` or ``OutsideUnavailable``.
        """
        agent = await self._agent(who)
        item = await self.mandates.items.current(errand.item_code)
        self._check(agent, item, errand)
        verdict = await self.realname.check(errand.principal.name, errand.principal.id_number)
        if verdict is not RealNameVerdict.MATCH:
            raise PrincipalNotFound
        try:
            return await self._start(who, agent, item, errand)
        except Duplicate:
            # Somebody else made the principal known at this moment.
            return await self._start(who, agent, item, errand)

    async def _agent(self, who: Citizen) -> Applicant:
        if not await ProxyAgent.exists(account_id=who.account_id, ended_at=None):
            raise NotProxyAgent
        return await self.mandates.applicants.get(who.account_id)

    def _check(self, agent: Applicant, item: PublishedItem, errand: Errand) -> None:
        own = agent.id_number == errand.principal.id_number
        if own or not may_be_given(MandateKind.PROXY, errand.acts, None):
            raise MandateRefused
        if not item.body["flags"]["agent_allowed"]:
            raise MandateRefused("这个事项必须由本人办理,不能代办。")
        if not is_lasting(self.mandates.clock.now(), errand.until):
            raise MandateRefused(faults=[FieldFault("/until", "授权最长一年,结束的时间要在以后。")])

    @transaction
    async def _start(
        self, who: Citizen, agent: Applicant, item: PublishedItem, errand: Errand
    ) -> Mandate:
        now, persons = self.mandates.clock.now(), self.mandates.persons
        principal_id = await persons.find_or_make(errand.principal, now)
        await Account.filter(id=principal_id).select_for_update().get()
        waiting = await Mandate.get_or_none(
            principal_id=principal_id,
            agent_id=who.account_id,
            item_id=item.item_id,
            kind=MandateKind.PROXY.value,
            status=MandateStatus.UNPROVEN.value,
        )
        if waiting is not None:
            return waiting
        wanted = Wanted(
            MandateKind.PROXY,
            MandateStatus.UNPROVEN,
            principal_id,
            who.account_id,
            agent.identity,
            errand.acts,
            "代办员登记,待窗口核对签字",
            until=errand.until,
            item_id=item.item_id,
        )
        mandate = await write(persons, wanted, who.account_id, now)
        await self.mandates.record(who.actor, "mandate.start", mandate)
        return mandate

    async def put_proof(
        self, who: Citizen, mandate_id: UUID, chunks: AsyncIterator[bytes]
    ) -> Mandate:
        """Take in the scan of the signed letter of authority; raise ``MandateUnknown`` and more."""
        await self._unproven(mandate_id, who)
        taken = await self.files.take_in(chunks, max_bytes=MAX_BYTES, formats=FORMATS)
        proof = {
            "key": taken.working.key,
            "original": taken.original.key,
            "sha256": taken.working.sha256,
            "size": taken.working.size,
            "mime": taken.working.mime,
        }
        return await self._keep_proof(who, mandate_id, proof)

    @transaction
    async def _keep_proof(
        self, who: Citizen, mandate_id: UUID, proof: dict[str, object]
    ) -> Mandate:
        mandate = await self._unproven(mandate_id, who)
        mandate.proof = proof
        await mandate.save(update_fields=["proof"])
        await check_taken(str(proof["key"]), str(proof["original"]))
        return mandate

    async def _unproven(self, mandate_id: UUID, who: Citizen) -> Mandate:
        mandate = await Mandate.get_or_none(id=mandate_id, agent_id=who.account_id)
        if mandate is None:
            raise MandateUnknown
        if mandate.status != MandateStatus.UNPROVEN:
            raise MandateSettled
        return mandate

    @transaction
    async def judge(
        self, officer: Officer, mandate_id: UUID, *, seen: bool, basis: str, in_person: bool
    ) -> Mandate:
        """Say whether the principal's own signature was seen, on the scan or at the window.

        Raises ``MandateUnknown``, ``MandateSettled``, or ``ProofMissing`` when there is neither.
        """
        found = Mandate.filter(id=mandate_id, kind=MandateKind.PROXY.value)
        mandate = await found.select_for_update().get_or_none()
        if mandate is None:
            raise MandateUnknown
        if mandate.status != MandateStatus.UNPROVEN:
            raise MandateSettled
        if seen and mandate.proof is None and not in_person:
            raise ProofMissing
        now = self.mandates.clock.now()
        mandate.basis, mandate.proven_by = basis, officer.id
        if seen:
            mandate.status, mandate.accepted_at = MandateStatus.ACTIVE.value, now
            await mandate.save(update_fields=["status", "accepted_at", "basis", "proven_by"])
        else:
            await mandate.save(update_fields=["basis", "proven_by"])
            why = "窗口核对没有通过"
            await self.mandates.close(mandate, MandateStatus.DECLINED, officer.id, why, now)
        await self.mandates.record(officer.anyhow, "mandate.judge", mandate)
        for account_id in (mandate.principal_id, mandate.agent_id):
            if account_id is not None:
                words, key = PROVEN if seen else REFUSED, f"judged:{mandate.id}:{account_id}"
                await tell_account(self.mandates.jobs, account_id, words, now, key=key)
        return mandate

    async def waiting(self) -> list[Mandate]:
        """Return what waits for a window, the oldest first."""
        found = Mandate.filter(status=MandateStatus.UNPROVEN.value)
        return await found.order_by("created_at", "id").limit(100)

    async def open_proof(self, officer: Officer, mandate_id: UUID) -> ServedFile:
        """Return the scan to look at, on the record; raise ``MandateUnknown``."""
        mandate = await Mandate.get_or_none(id=mandate_id, kind=MandateKind.PROXY.value)
        if mandate is None or mandate.proof is None:
            raise MandateUnknown
        audit, proof = self.mandates.audit, mandate.proof
        await audit.read(officer.anyhow, "mandate.read", "mandate", mandate_id)
        return ServedFile(
            proof["key"], proof["sha256"], proof["size"], proof["mime"], "letter-of-authority"
        )
