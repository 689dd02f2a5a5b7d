"""Accounts of citizens: coming in by WeChat, the phone number, the real name (实名认证)."""

from dataclasses import dataclass
from uuid import UUID

import structlog

from models.account import Account, Person, WechatIdentity
from models.database import Duplicate
from models.ids import uuid7
from models.rules.calendar import day_of
from models.rules.identity import mask_name, mask_phone
from models.unit import transaction
from services import mandates, parties
from services.actors import Citizen
from services.errors import Conflict, Invalid, Unauthenticated
from services.identities import Identity
from services.persons import Persons
from services.ports import (
    Clock,
    Crypto,
    RealNameChecker,
    RealNameVerdict,
    Tokens,
    WechatLogin,
    WechatSession,
)
from services.sessions import Grant, Sessions

REAL_NAME = 1

log = structlog.get_logger(__name__)


class NameMismatch(Invalid):
    """The register has another name for the number."""

    code = "name_mismatch"
    sentence = "姓名和身份证号对不上,请检查后重试。"


class NoRecord(Invalid):
    """The register does not have the number."""

    code = "no_record"
    sentence = "没有查到这个身份证号的登记信息,请带身份证到办事窗口办理。"


class AlreadyVerified(Conflict):
    """The account is another person's already."""

    code = "already_verified"
    sentence = "您的账号已经用另一个身份完成实名认证,不能更改。"


class IdentityInUse(Conflict):
    """Another account is this person's already."""

    code = "identity_in_use"
    sentence = "这个身份证号已在另一个账号实名认证。请用原来的微信登录,或到办事窗口办理。"


@dataclass(frozen=True)
class Profile:
    """An account as its owner sees it: name and phone are masked already."""

    id: UUID
    level: int
    name: str | None
    phone: str | None
    elder_mode: bool


@dataclass(frozen=True)
class SignedIn:
    grant: Grant
    profile: Profile


@dataclass(frozen=True)
class Accounts:
    clock: Clock
    crypto: Crypto
    tokens: Tokens
    login: WechatLogin
    realname: RealNameChecker

    @property
    def sessions(self) -> Sessions:
        return Sessions(self.clock, self.crypto, self.tokens)

    async def login_wechat(self, code: str) -> SignedIn:
        """Let the owner of a ``wx.login`` code in; the first time makes their account.

        Raises ``LoginCodeInvalid`` or ``OutsideUnavailable``.
        """
        wechat = await self.login.session(code)
        try:
            return await self._enter(wechat)
        except Duplicate:
            # The same person's other request made the account a moment ago.
            return await self._enter(wechat)

    @transaction
    async def _enter(self, wechat: WechatSession) -> SignedIn:
        identity = await WechatIdentity.get_or_none(appid=wechat.appid, openid=wechat.openid)
        account_id = await self._register(wechat) if identity is None else identity.account_id
        grant = await self.sessions.open(account_id)
        return SignedIn(grant, await self._profile(account_id))

    async def _register(self, wechat: WechatSession) -> UUID:
        now = self.clock.now()
        account = await Account.create(id=uuid7(), created_at=now)
        await WechatIdentity.create(
            id=uuid7(),
            appid=wechat.appid,
            openid=wechat.openid,
            unionid=wechat.unionid,
            account_id=account.id,
            created_at=now,
        )
        return account.id

    async def refresh(self, refresh_token: str) -> SignedIn:
        """Take a refresh token for new tokens; raise ``SessionEnded``."""
        grant = await self.sessions.rotate(refresh_token)
        return SignedIn(grant, await self._profile(grant.account_id))

    async def logout(self, who: Citizen) -> None:
        """End the session that the asker holds."""
        await self.sessions.close(who)

    async def me(self, who: Citizen) -> Profile:
        return await self._profile(who.account_id)

    async def set_phone(self, who: Citizen, code: str) -> Profile:
        """Keep the number that a getPhoneNumber code stands for; raise ``LoginCodeInvalid``."""
        return await self._keep_phone(who, await self.login.phone(code))

    @transaction
    async def _keep_phone(self, who: Citizen, phone: str) -> Profile:
        await Account.filter(id=who.account_id).update(
            phone_sealed=self.crypto.seal(phone.encode(), "account.phone"),
            phone_index=self.crypto.index(phone, "account.phone").hex(),
        )
        return await self._profile(who.account_id)

    @transaction
    async def set_elder_mode(self, who: Citizen, on: bool) -> Profile:
        """Switch 长辈版 for every phone of this account."""
        await Account.filter(id=who.account_id).update(elder_mode=on)
        return await self._profile(who.account_id)

    def read_identity(self, name: str, id_number: str) -> Identity:
        """Apply our own rules, which ask nobody; raise ``IdNumberRefused`` or ``NameRefused``."""
        return Identity.read(name, id_number, day_of(self.clock.now()))

    async def verify_real_name(self, who: Citizen, name: str, id_number: str) -> Profile:
        """Ask the register whether name and number are one person; then the account is theirs.

        A minor is a person like any other. Saying the same again is success without a question.
        An identity belongs to one account: name and number are no secret, so they must not open
        somebody's cases to whoever types them. Who lost their WeChat is helped at a window.

        Raises ``IdNumberRefused``, ``NameRefused``, ``NameMismatch``, ``NoRecord``,
        ``AlreadyVerified``, ``IdentityInUse`` or ``OutsideUnavailable``; then nothing changed.
        """
        identity = self.read_identity(name, id_number)
        if await self._is_verified(who, identity):
            return await self._profile(who.account_id)
        verdict = await self.realname.check(identity.name, identity.id_number)
        log.info("realname.checked", account=str(who.account_id), verdict=verdict.value)
        if verdict is RealNameVerdict.NO_RECORD:
            raise NoRecord
        if verdict is not RealNameVerdict.MATCH:
            raise NameMismatch
        try:
            return await self._become(who, identity)
        except Duplicate as error:
            raise IdentityInUse from error

    async def _is_verified(self, who: Citizen, identity: Identity) -> bool:
        """Tell whether the account is this person's; raise ``AlreadyVerified`` for another's."""
        person = await Person.get_or_none(account_id=who.account_id)
        if person is None:
            return False
        known = Identity(*self._open(person))
        if known != identity:
            raise AlreadyVerified
        return True

    @transaction
    async def _become(self, who: Citizen, identity: Identity) -> Profile:
        # The register was asked without a lock: another request may have been faster.
        account = await Account.select_for_update().get_or_none(id=who.account_id)
        if account is None:
            raise Unauthenticated
        if not await self._is_verified(who, identity):
            indexes = self.crypto.indexes(identity.id_number, "person.id_number")
            taken = Person.filter(id_number_index__in=[index.hex() for index in indexes[1:]])
            if len(indexes) > 1 and await taken.exists():
                # Still under the index key before: the unique key alone would not notice.
                raise IdentityInUse
            await Person.create(
                account_id=account.id,
                name_sealed=self.crypto.seal(identity.name.encode(), "person.name"),
                id_number_sealed=self.crypto.seal(identity.id_number.encode(), "person.id_number"),
                id_number_index=self.crypto.index(identity.id_number, "person.id_number").hex(),
                verified_at=self.clock.now(),
            )
            await Account.filter(id=account.id).update(level=REAL_NAME)
            # What was given to this person, or waits for their signature, finds them now.
            await mandates.attach(Persons(self.crypto), account.id, identity)
            await parties.attach(Persons(self.crypto), account.id, identity)
        return await self._profile(account.id)

    async def _profile(self, account_id: UUID) -> Profile:
        account = await Account.get_or_none(id=account_id).select_related("person")
        if account is None or account.closed_at is not None:
            raise Unauthenticated
        person, sealed = account.person, account.phone_sealed
        phone = None if sealed is None else self.crypto.open(sealed, "account.phone").decode()
        return Profile(
            id=account.id,
            level=account.level,
            name=None if person is None else mask_name(self._open(person)[0]),
            phone=None if phone is None else mask_phone(phone),
            elder_mode=account.elder_mode,
        )

    def _open(self, person: Person) -> tuple[str, str]:
        return (
            self.crypto.open(person.name_sealed, "person.name").decode(),
            self.crypto.open(person.id_number_sealed, "person.id_number").decode(),
        )
