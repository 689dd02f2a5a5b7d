"""Mandates (授权委托): given by a principal, taken by an agent, ended by either, told to both."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from uuid import UUID

from models.account import Account
from models.case import Case
from models.item import Item
from models.mandate import Mandate
from models.rules.mandates import (
    OPEN,
    Act,
    Capacity,
    MandateKind,
    MandateStatus,
    capacity_at,
    is_lasting,
    may_be_given,
)
from models.unit import transaction
from services import access
from services.access import CaseUnknown, PrincipalUnknown
from services.actors import Actor, Citizen
from services.announcements import tell_account
from services.applicants import Applicants, RealNameRequired
from services.audit import Audit
from services.cases import AgentRefused
from services.errors import FieldFault
from services.idempotency import Once
from services.items import Items
from services.mandate_rows import Wanted, write
from services.mandate_terms import (
    CapacityMissing,
    Listed,
    MandateRefused,
    MandateSettled,
    MandatesTooMany,
    MandateUnknown,
    Offer,
    Principal,
)
from services.persons import Persons
from services.ports import Clock, Jobs

OFFERED = "有人请您代办,请查看授权"
TAKEN = "您给出的授权已被接受"
DECLINED = "您给出的授权没有被接受"
ENDED = "一项授权已经结束"
MOST_OPEN = 50
GONE = "已注销"


@dataclass(frozen=True)
class Mandates:
    clock: Clock
    applicants: Applicants
    items: Items
    jobs: Jobs
    audit: Audit

    @cached_property
    def persons(self) -> Persons:
        return Persons(self.applicants.crypto)

    @transaction
    async def give(self, who: Citizen, principal_id: UUID, offer: Offer, key: str) -> Mandate:
        """Offer a mandate for one's own affairs or an organisation's; the agent has to take it.

        Whether the agent has an account is not told: who has none finds the offer once they have.
        Raises ``PrincipalUnknown``, ``RealNameRequired``, ``CapacityMissing``, ``MandateRefused``,
        ``MandatesTooMany``, ``ItemUnknown``, ``AgentRefused`` or ``CaseUnknown``.
        """
        principal = await Account.filter(id=principal_id).select_for_update().get_or_none()
        if principal is None:
            raise PrincipalUnknown
        what = (offer.agent.id_number, sorted(offer.acts), offer.until, offer.item_code)
        parts = ("mandate", principal_id, *what, offer.case_id)
        once = Once.of(str(who.account_id), key, *parts)
        if (given := await once.answered()) is not None:
            return await Mandate.get(id=UUID(given["id"]))
        kind = await self._check_giver(who, principal, offer)
        basis = "本人在线授权"
        mandate = await self.create(who.actor, principal_id, kind, offer, basis=basis)
        await once.answer({"id": str(mandate.id)}, self.clock)
        return mandate

    async def _check_giver(self, who: Citizen, principal: Account, offer: Offer) -> MandateKind:
        now = self.clock.now()
        giver = await self.applicants.get(who.account_id)
        power = await access.power(who, principal.id, now)
        kind = MandateKind.AGENT if principal.kind == "PERSON" else MandateKind.OPERATOR
        managing = power.managing()
        if power.given is not None and (managing is None or kind is MandateKind.AGENT):
            raise PrincipalUnknown
        own = None if managing is None else managing.acts
        await self.check_grown_up(who.account_id)
        if giver.id_number == offer.agent.id_number or not may_be_given(kind, offer.acts, own):
            raise MandateRefused
        narrowed = offer.item_code is not None or offer.case_id is not None
        if Act.MANAGE in offer.acts and narrowed:
            raise MandateRefused
        last = managing.until if managing is not None else None
        if not is_lasting(now, offer.until) or (last is not None and offer.until > last):
            raise MandateRefused(faults=[FieldFault("/until", "授权最长一年,结束的时间要在以后。")])
        open_ = [status.value for status in OPEN]
        if await Mandate.filter(principal_id=principal.id, status__in=open_).count() >= MOST_OPEN:
            raise MandatesTooMany
        return kind

    async def check_grown_up(self, account_id: UUID) -> None:
        """Raise ``RealNameRequired`` or ``CapacityMissing``."""
        age = (await self.applicants.get(account_id)).age_at(self.clock.now())
        if age is not None and capacity_at(age) is not Capacity.FULL:
            raise CapacityMissing

    async def create(
        self, actor: Actor, principal_id: UUID, kind: MandateKind, offer: Offer, *, basis: str
    ) -> Mandate:
        """Record an offer in the caller's transaction and have the agent told.

        Raises ``ItemUnknown``, ``AgentRefused`` or ``CaseUnknown``.
        """
        now = self.clock.now()
        item = None if offer.item_code is None else await self.items.current(offer.item_code)
        if item is not None and not item.body["flags"]["agent_allowed"]:
            raise AgentRefused
        if offer.case_id is not None and not await Case.exists(
            id=offer.case_id, account_id=principal_id
        ):
            raise CaseUnknown
        agent_id = await self.persons.find(offer.agent)
        wanted = Wanted(
            kind,
            MandateStatus.OFFERED,
            principal_id,
            agent_id,
            offer.agent,
            offer.acts,
            basis,
            until=offer.until,
            item_id=None if item is None else item.item_id,
            case_id=offer.case_id,
        )
        mandate = await write(self.persons, wanted, UUID(actor.id or ""), now)
        await self.record(actor, "mandate.give", mandate)
        if agent_id is not None:
            await tell_account(self.jobs, agent_id, OFFERED, now, key=f"offered:{mandate.id}")
        return mandate

    async def record(self, actor: Actor, action: str, mandate: Mandate) -> None:
        """Record an act on a mandate in the caller's transaction."""
        facts = {"kind": mandate.kind, "acts": list(mandate.acts)}
        await self.audit.record(actor, action, "mandate", mandate.id, facts)

    @transaction
    async def take(self, who: Citizen, mandate_id: UUID) -> Mandate:
        """Take an offered mandate; again changes nothing.

        Raises ``MandateUnknown``, ``RealNameRequired``, ``CapacityMissing``, ``MandateSettled``.
        """
        mandate = await self._offered(who, mandate_id)
        if mandate.status == MandateStatus.ACTIVE:
            return mandate
        await self.check_grown_up(who.account_id)
        now = self.clock.now()
        if mandate.status != MandateStatus.OFFERED or (mandate.valid_until or now) <= now:
            raise MandateSettled
        mandate.status, mandate.accepted_at = MandateStatus.ACTIVE.value, now
        await mandate.save(update_fields=["status", "accepted_at"])
        await self.record(who.actor, "mandate.take", mandate)
        await self._tell_giver(mandate, TAKEN, now)
        return mandate

    @transaction
    async def decline(self, who: Citizen, mandate_id: UUID) -> Mandate:
        """Decline an offered mandate; raise ``MandateUnknown`` or ``MandateSettled``."""
        mandate = await self._offered(who, mandate_id)
        if mandate.status == MandateStatus.DECLINED:
            return mandate
        if mandate.status != MandateStatus.OFFERED:
            raise MandateSettled
        now = self.clock.now()
        await self.close(mandate, MandateStatus.DECLINED, who.account_id, "受托人没有接受", now)
        await self.record(who.actor, "mandate.decline", mandate)
        await self._tell_giver(mandate, DECLINED, now)
        return mandate

    async def _offered(self, who: Citizen, mandate_id: UUID) -> Mandate:
        mandate = await Mandate.filter(id=mandate_id).select_for_update().get_or_none()
        if mandate is None or mandate.agent_id != who.account_id:
            raise MandateUnknown
        return mandate

    @transaction
    async def end(self, who: Citizen, mandate_id: UUID) -> Mandate:
        """End a mandate as its principal, as who manages it for them, or as its agent.

        It ends at once: an act that is under way comes before or is refused. What the law gives
        (法定代表人, 监护人) is not ended by a wish. Raises ``MandateUnknown``, ``MandateSettled``.
        """
        mandate = await Mandate.filter(id=mandate_id).select_for_update().get_or_none()
        if mandate is None or not await self._may_end(who, mandate):
            raise MandateUnknown
        lawful = (MandateKind.LEGAL_REPRESENTATIVE, MandateKind.GUARDIAN)
        if mandate.status == MandateStatus.ENDED:
            return mandate
        if mandate.kind in lawful or mandate.status not in OPEN:
            raise MandateSettled
        now = self.clock.now()
        by_agent = mandate.agent_id == who.account_id
        why = "受托人辞去" if by_agent else "委托人撤回"
        await self.close(mandate, MandateStatus.ENDED, who.account_id, why, now)
        await self.record(who.actor, "mandate.end", mandate)
        await self.tell_ended(mandate, now)
        return mandate

    async def _may_end(self, who: Citizen, mandate: Mandate) -> bool:
        if who.account_id in (mandate.principal_id, mandate.agent_id):
            return True
        try:
            power = await access.power(who, mandate.principal_id, self.clock.now())
        except PrincipalUnknown:
            return False
        return power.managing() is not None

    async def close(
        self, mandate: Mandate, status: MandateStatus, by: UUID, why: str, now: datetime
    ) -> None:
        """Write the end of a mandate whose row is held."""
        mandate.status, mandate.ended_at = status.value, now
        mandate.ended_by, mandate.ended_why = by, why
        await mandate.save(update_fields=["status", "ended_at", "ended_by", "ended_why"])

    async def tell_ended(self, mandate: Mandate, now: datetime) -> None:
        """Have both sides told in the caller's transaction (民法典173)."""
        for account_id in (mandate.principal_id, mandate.agent_id):
            if account_id is None:
                continue
            key = f"ended:{mandate.id}:{account_id}"
            await tell_account(self.jobs, account_id, ENDED, now, key=key)

    async def _tell_giver(self, mandate: Mandate, words: str, now: datetime) -> None:
        # An organisation hears nothing: who gave its seat does.
        is_seat = mandate.kind == MandateKind.OPERATOR
        giver = mandate.granted_by if is_seat else mandate.principal_id
        await tell_account(self.jobs, giver, words, now, key=f"answered:{mandate.id}")

    async def given(self, who: Citizen, principal_id: UUID) -> Sequence[Listed]:
        """Return what a principal gave, the newest first; raise ``PrincipalUnknown``."""
        power = await access.power(who, principal_id, self.clock.now())
        if power.given is not None and power.managing() is None:
            raise PrincipalUnknown
        found = Mandate.filter(principal_id=principal_id).order_by("-id")
        return [await self.listed(each) for each in await found.limit(200)]

    async def principals(self, who: Citizen) -> Sequence[Principal]:
        """Return for whom one may act now, each with everything that is allowed somewhere."""
        now = self.clock.now()
        held = Mandate.filter(agent_id=who.account_id, status=MandateStatus.ACTIVE.value)
        acts: dict[UUID, set[Act]] = {}
        for mandate in await held.order_by("id"):
            if mandate.is_good(now):
                acts.setdefault(mandate.principal_id, set()).update(map(Act, mandate.acts))
        return [
            Principal(await self.applicants.get(account_id), frozenset(given))
            for account_id, given in acts.items()
        ]

    async def held(self, who: Citizen) -> Sequence[Listed]:
        """Return what one was given, the newest first."""
        found = Mandate.filter(agent_id=who.account_id).order_by("-id")
        return [await self.listed(each) for each in await found.limit(200)]

    async def listed(self, mandate: Mandate) -> Listed:
        item = None if mandate.item_id is None else await Item.get(id=mandate.item_id)
        case = None if mandate.case_id is None else await Case.get(id=mandate.case_id)
        try:
            principal = await self.applicants.get(mandate.principal_id)
        except RealNameRequired:
            # Who closed their account took their name along; what they gave has ended with it.
            principal = None
        return Listed(
            mandate,
            principal=GONE if principal is None else principal.name,
            is_person=principal is not None and principal.is_person,
            agent=self.persons.name_of(mandate.agent_name_sealed),
            item_name=None if item is None else item.name,
            case_no=None if case is None else case.case_no,
        )
