"""Service (送达) of notices: into the inbox with consent, else at the window or by post."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from models.case import Case
from models.ids import uuid7
from models.notice import Notice, ServiceConsent
from models.rules.mandates import Act
from models.unit import transaction
from services import access
from services.actors import Citizen, Officer
from services.audit import Audit
from services.errors import Conflict, Invalid
from services.notices import Notices, NoticeUnknown
from services.ports import Clock

ADDRESS = "INBOX"
STATEMENT = "2026.1"
WORDING = (
    "我同意用电子方式接收办这件事的文书。",
    "文书送到我在掌办的收件箱,到达收件箱的时间就是送达的时间。",
    "我确认这个收件箱是我本人在用。",
    "我可以随时改主意。改了以后的文书在窗口交给我或者邮寄给我,改之前已经送达的仍然算送达。",
    "我不同意也能照常办事。",
)


class ServiceWay(StrEnum):
    """How a document was handed to its addressee on paper."""

    WINDOW = "WINDOW"
    POST = "POST"


class ConsentOutdated(Conflict):
    """What the person agreed to are not the words in force."""

    code = "consent_outdated"
    sentence = "电子送达的说明已经更新,请重新看过以后再确认。"


class AddressUnconfirmed(Invalid):
    """Electronic service needs the address confirmed that it goes to."""

    code = "service_address_unconfirmed"
    sentence = "请确认文书送到您的收件箱。"


class ConsentFixed(Conflict):
    """The case is over for good: nothing will be served any more."""

    code = "consent_fixed"
    sentence = "这件事已经结束,不用再选择送达方式。"


class ServedAlready(Conflict):
    """A document is served once."""

    code = "notice_served_already"
    sentence = "这份文书已经送达,不能再登记。"


@dataclass(frozen=True)
class Consent:
    """Whether a case's notices are served electronically, and the words that were agreed to."""

    agreed: bool
    given_at: datetime | None


@dataclass(frozen=True)
class Serving:
    clock: Clock
    notices: Notices
    audit: Audit

    async def consent(self, who: Citizen, case_id: UUID) -> Consent:
        """Return whether one's own case is served electronically; raise ``CaseUnknown``."""
        case = await _standing_for(who, case_id, self.clock.now())
        return Consent(case.service_consent_at is not None, case.service_consent_at)

    @transaction
    async def agree(self, who: Citizen, case_id: UUID, statement: str, address: str) -> Consent:
        """Agree to electronic service for what is issued from now on; again changes nothing.

        A joint filing is agreed to as a whole, whichever of its cases is named.
        Raises ``CaseUnknown``, ``ConsentFixed``, ``ConsentOutdated``, ``AddressUnconfirmed``.
        """
        case = await self._held(who, case_id)
        if statement != STATEMENT:
            raise ConsentOutdated
        if address != ADDRESS:
            raise AddressUnconfirmed
        if case.service_consent_at is None:
            now = self.clock.now()
            await ServiceConsent.create(
                id=uuid7(), case_id=case.id, statement=statement, address=address, given_at=now
            )
            await Case.filter(id=case.id).update(service_consent_at=now)
            case.service_consent_at = now
        return Consent(True, case.service_consent_at)

    @transaction
    async def take_back(self, who: Citizen, case_id: UUID) -> Consent:
        """End electronic service for what comes later; what was served stays served."""
        case = await self._held(who, case_id)
        standing = ServiceConsent.filter(case_id=case.id, withdrawn_at=None)
        await standing.update(withdrawn_at=self.clock.now())
        await Case.filter(id=case.id).update(service_consent_at=None)
        return Consent(False, None)

    async def _held(self, who: Citizen, case_id: UUID) -> Case:
        now = self.clock.now()
        found = await _standing_for(who, case_id, now)
        case = await access.held(who, found.id, now, Act.RECEIVE)
        if case.state.terminal:
            raise ConsentFixed
        return case

    @transaction
    async def record(self, officer: Officer, notice_id: UUID, way: ServiceWay) -> Notice:
        """Record that a notice was handed over at the window or given to the post today.

        Raises ``NoticeUnknown``, ``CaseUnknown``, ``StepNotYours``, ``ServedAlready``; the same
        way again changes nothing.
        """
        notice = await Notice.filter(id=notice_id).select_for_update().get_or_none()
        if notice is None or notice.digest is None:
            raise NoticeUnknown
        await self.notices.check_staff(officer, notice.case_id)
        if notice.served_at is not None:
            if notice.served_via != way.value:
                raise ServedAlready
            return notice
        notice.served_via, notice.served_at = way.value, self.clock.now()
        await notice.save(update_fields=["served_via", "served_at"])
        facts = {"case_id": str(notice.case_id), "via": way.value}
        await self.audit.record(officer.anyhow, "notice.serve", "notice", notice_id, facts)
        return notice


async def _standing_for(who: Citizen, case_id: UUID, now: datetime) -> Case:
    """Return a case, or the joint filing that it is a part of; raise ``CaseUnknown``."""
    case = await access.seen(who, case_id, now)
    return case if case.parent_id is None else await access.seen(who, case.parent_id, now)
