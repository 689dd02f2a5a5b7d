"""Erasing (删除, 个人信息保护法47) and closing an account: what goes, and what the law keeps.

What was filed is an archive: it is kept and used for nothing else (RESTRICTED). What nobody ever
filed goes, with what only made things easier.
"""

from dataclasses import dataclass
from datetime import datetime

from models.account import Account, FaceCheck, LoginIdentity, Person, WechatIdentity
from models.case import Case, CaseForm
from models.consent import Consent, PersonalRequest
from models.mandate import Mandate
from models.material import Material
from models.message import Message
from models.rules.events import Event
from models.rules.mandates import MandateStatus
from models.rules.states import State
from models.upload import Upload
from models.vault import CertificateQuery
from services import saved
from services.actors import Citizen
from services.cases import Cases
from services.errors import Conflict
from services.sessions import Sessions

CLOSED = "closed:"
WHY = "账号已经注销"


class ClosureNotNow(Conflict):
    """Cases are open: who closed the account could not follow, correct or receive them."""

    code = "closure_not_now"
    sentence = "您还有没办完的事,办完或者撤回以后才能注销账号。"


@dataclass(frozen=True)
class Erased:
    """How many drafts went, and how many cases are kept restricted."""

    drafts: int
    kept: int

    @property
    def text(self) -> str:
        gone = f"没有提交的草稿({self.drafts}份)、手机号和各项同意已经删除或者撤回。"
        if not self.kept:
            return gone
        return (
            f"{gone}提交过的{self.kept}件办件依法要存档,只保存、不再作别的用处"
            "(个人信息保护法47);还在办的,办完以后也一样。"
        )


@dataclass(frozen=True)
class Erasing:
    cases: Cases
    sessions: Sessions

    async def erase(self, who: Citizen, now: datetime) -> Erased:
        """Delete what nobody filed and restrict the rest, in the caller's transaction."""
        account_id = who.account_id
        drafts = await Case.filter(account_id=account_id, state=State.DRAFT).select_for_update()
        for draft in drafts:
            item = await self.cases.items.version(draft.item_version_id)
            event = Event.DRAFT_EXPIRE_OR_DELETE
            await self.cases.transitions.apply(draft, item, event, who.actor)
        void = Case.filter(account_id=account_id, state=State.VOIDED)
        ids = [case.id for case in await void]
        await CaseForm.filter(case_id__in=ids).update(
            sealed=self.cases.forms.seal({}), filed_sealed=None, prefilled=None
        )
        await CertificateQuery.filter(case_id__in=ids).delete()
        await Material.filter(case_id__in=ids).delete()
        await saved.empty(account_id)
        await Message.filter(case_id__in=ids).delete()
        # The sweep removes them with their bytes.
        await Upload.filter(account_id=account_id).update(
            expires_at=now, lease=None, leased_until=None
        )
        filed = Case.filter(account_id=account_id, submitted_at__isnull=False)
        await filed.filter(restricted_at=None).update(restricted_at=now)
        await Account.filter(id=account_id).update(phone_sealed=None, phone_index=None)
        standing = Consent.filter(account_id=account_id, case_id=None, withdrawn_at=None)
        await standing.filter(superseded_at=None, answer="GIVEN").update(withdrawn_at=now)
        exported = PersonalRequest.filter(account_id=account_id, export_sealed__isnull=False)
        await exported.update(export_sealed=None, export_until=None)
        return Erased(len(drafts), await filed.count())

    async def close(self, who: Citizen, now: datetime) -> Erased:
        """Close the account, in the caller's transaction; raise ``ClosureNotNow``.

        Ways in are unlinked, sessions and powers end, and the person may come again as new. Who
        they were stays with what they filed, and with nothing else.
        """
        account = await Account.filter(id=who.account_id).select_for_update().get()
        filed = Case.filter(account_id=account.id, submitted_at__isnull=False)
        if await filed.filter(closed_at=None).exists():
            raise ClosureNotNow
        erased = await self.erase(who, now)
        await WechatIdentity.filter(account_id=account.id).delete()
        await LoginIdentity.filter(account_id=account.id).delete()
        await FaceCheck.filter(account_id=account.id).delete()
        await self.sessions.end(account.id)
        for side in ("principal_id", "agent_id"):
            held = Mandate.filter(**{side: account.id}, ended_at=None)
            await held.exclude(status=MandateStatus.DECLINED.value).update(
                status=MandateStatus.ENDED.value, ended_at=now, ended_why=WHY
            )
        if erased.kept:
            mark = f"{CLOSED}{account.id.hex}"
            await Person.filter(account_id=account.id).update(id_number_index=mark)
        else:
            await Person.filter(account_id=account.id).delete()
        await Account.filter(id=account.id).update(closed_at=now, level=0)
        return erased


def is_restricted(case: Case) -> bool:
    """Tell whether a case is kept and not used; an open one is still handled for its applicant."""
    return case.restricted_at is not None and case.state.closed


async def purge_exports(now: datetime) -> int:
    """Delete the copies that were kept long enough; return how many."""
    over = PersonalRequest.filter(export_until__lte=now, export_sealed__isnull=False)
    return int(await over.update(export_sealed=None))
