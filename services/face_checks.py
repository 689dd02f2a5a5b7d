"""Face checks (核身): begun here, done at the provider's, and believed only from the provider."""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

import structlog

from models.account import Account, FaceCheck, Person, WechatIdentity
from models.ids import uuid7
from models.rules.levels import Level
from models.rules.ways import Way
from models.unit import transaction
from services.actors import Citizen
from services.audit import Audit
from services.errors import Conflict, Invalid, NotFound, Unauthenticated
from services.identities import Identity
from services.ports import Crypto, FaceChecker, FaceOutcome, Subject
from services.profiles import Profile
from services.real_names import RealNames

LIFE = timedelta(hours=1)

log = structlog.get_logger(__name__)


class FaceProvider(StrEnum):
    """WECHAT is for the mini-program, TENCENT for every browser."""

    WECHAT = "WECHAT"
    TENCENT = "TENCENT"


class FaceUnknown(NotFound):
    """No such check, or not the asker's."""

    code = "face_check_unknown"
    sentence = "没有找到这次人脸核验。"


class FaceFailed(Conflict):
    """Another face, no living face, or not in time. Other ways lead to the same level."""

    code = "face_check_failed"
    sentence = "人脸核验没有通过。您可以重试,也可以出示网证,或者带身份证到办事窗口办理。"


class FaceNeedsWechat(Conflict):
    """WeChat checks the face of a user of the mini-program only."""

    code = "face_needs_wechat"
    sentence = "请在微信小程序里登录后再用微信人脸核验,或者改用网页人脸核验。"


class FaceNotReturned(Invalid):
    """The asker does not know what the browser of the checked person brought back."""

    code = "face_return_invalid"
    sentence = "请做完人脸核验后,在返回的页面里继续。"


class IdentityMissing(Invalid):
    """Nobody knows whose face it is to be."""

    code = "identity_missing"
    sentence = "请填写姓名和身份证号。"


@dataclass(frozen=True)
class Begun:
    """A check to be done: the token for the phone, or the address for the browser."""

    id: UUID
    provider: FaceProvider
    token: str
    url: str | None
    expires_at: datetime


@dataclass(frozen=True)
class FaceChecks:
    """``return_url`` is where a browser comes back to."""

    crypto: Crypto
    real_names: RealNames
    checkers: Mapping[FaceProvider, FaceChecker]
    audit: Audit
    return_url: str

    async def start(
        self, who: Citizen, provider: FaceProvider, given: tuple[str, str] | None
    ) -> Begun:
        """Begin a check of the account's person or, before there is one, of the given identity.

        Raises ``IdentityMissing``, ``AlreadyVerified``, ``FaceNeedsWechat``, ``IdNumberRefused``,
        ``NameRefused`` or ``OutsideUnavailable``.
        """
        if not await Account.exists(id=who.account_id, joined_id=None):
            raise Unauthenticated
        identity = await self._identity(who, given)
        openid = await self._openid(who) if provider is FaceProvider.WECHAT else None
        check_id = uuid7()
        subject = Subject(identity.name, identity.id_number, openid)
        # Who sends the address to somebody else gets their face, but not what their browser
        # brings back. WeChat's own check is bound to the user in whose phone it was begun.
        proof = secrets.token_urlsafe(32) if provider is FaceProvider.TENCENT else None
        back = f"{self.return_url}/?face={check_id}&proof={proof}"
        begun = await self.checkers[provider].start(check_id.hex, subject, back)
        check = self._check(who, check_id, provider, subject)
        check.return_digest = None if proof is None else _digest(proof)
        check.token_sealed = self.crypto.seal(begun.token.encode(), "face.token")
        await self._keep(who, check)
        return Begun(check_id, provider, begun.token, begun.url, check.expires_at)

    def _check(
        self, who: Citizen, check_id: UUID, provider: FaceProvider, subject: Subject
    ) -> FaceCheck:
        now = self.real_names.clock.now()
        return FaceCheck(
            id=check_id,
            account_id=who.account_id,
            provider=provider.value,
            openid=subject.openid,
            name_sealed=self.crypto.seal(subject.name.encode(), "person.name"),
            id_number_sealed=self.crypto.seal(subject.id_number.encode(), "person.id_number"),
            expires_at=now + LIFE,
            created_at=now,
        )

    async def _identity(self, who: Citizen, given: tuple[str, str] | None) -> Identity:
        profiles = self.real_names.profiles
        person = await Person.get_or_none(account_id=who.account_id)
        number = None if person is None else profiles.number_of(person)
        if person is not None and number is not None:
            return Identity(profiles.name_of(person), number)
        if given is None:
            raise IdentityMissing
        return self.real_names.read_identity(*given)

    async def _openid(self, who: Citizen) -> str:
        found = await WechatIdentity.filter(
            account_id=who.account_id, app=Way.WECHAT_MINI.app
        ).first()
        if found is None:
            raise FaceNeedsWechat
        return found.openid

    @transaction
    async def _keep(self, who: Citizen, check: FaceCheck) -> None:
        await check.save(force_create=True)
        # Sensitive data: the person agreed to this check by itself (人脸识别办法, 个保法29).
        data = {"provider": check.provider}
        await self.audit.record(who.actor, "face_check.agreed", "face_check", check.id, data)

    async def outcome(
        self, who: Citizen, check_id: UUID, proof: str | None = None
    ) -> Profile | None:
        """Ask the provider what became of a check; a passed one raises the account to level 3.

        ``proof`` is what the browser of a check in a browser came back with. Returns None while
        nothing is known. Asking again is harmless. Raises ``FaceUnknown``, ``FaceNotReturned``,
        ``FaceFailed``, ``OutsideUnavailable`` and what ``RealNames.settle`` raises.
        """
        check = await FaceCheck.get_or_none(id=check_id, account_id=who.account_id)
        if check is None:
            raise FaceUnknown
        if check.return_digest is not None and not hmac.compare_digest(
            check.return_digest, _digest(proof or "")
        ):
            raise FaceNotReturned
        subject = self._subject(check)
        outcome = FaceOutcome(check.status)
        if outcome is FaceOutcome.PENDING:
            token = self.crypto.open(check.token_sealed, "face.token").decode()
            checker = self.checkers[FaceProvider(check.provider)]
            outcome = await checker.outcome(check.id.hex, token, subject)
            late = self.real_names.clock.now() >= check.expires_at
            if late and outcome is FaceOutcome.PENDING:
                outcome = FaceOutcome.FAILED
        if outcome is FaceOutcome.PENDING:
            return None
        await self._end(check, outcome)
        if outcome is FaceOutcome.FAILED:
            raise FaceFailed
        identity = Identity(subject.name, subject.id_number)
        return await self.real_names.settle(who, identity, Level.FACE)

    async def _end(self, check: FaceCheck, outcome: FaceOutcome) -> None:
        pending = FaceCheck.filter(id=check.id, status=FaceOutcome.PENDING.value)
        now = self.real_names.clock.now()
        if await pending.update(status=outcome.value, ended_at=now):
            log.info("face.checked", check=str(check.id), outcome=outcome.value)

    def _subject(self, check: FaceCheck) -> Subject:
        return Subject(
            self.crypto.open(check.name_sealed, "person.name").decode(),
            self.crypto.open(check.id_number_sealed, "person.id_number").decode(),
            check.openid,
        )


def _digest(proof: str) -> str:
    return hashlib.sha256(proof.encode()).hexdigest()
