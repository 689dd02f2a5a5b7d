"""Accounts of citizens: coming in by WeChat, the phone number, the real name (实名认证)."""

from dataclasses import dataclass

import structlog

from models.account import Account, Person
from models.database import Duplicate
from models.rules.calendar import day_of
from models.rules.ways import Way
from models.unit import transaction
from services.actors import Citizen
from services.entrances import Caller, Entrances
from services.errors import Conflict, Invalid, Unauthenticated
from services.identities import Identity
from services.ports import Clock, Crypto, RealNameChecker, RealNameVerdict, WechatLogin
from services.profiles import Profile, Profiles, SignedIn

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
class Accounts:
    clock: Clock
    crypto: Crypto
    entrances: Entrances
    login: WechatLogin
    realname: RealNameChecker

    @property
    def profiles(self) -> Profiles:
        return Profiles(self.crypto)

    async def login_wechat(self, code: str, device: str = "") -> SignedIn:
        """Let the owner of a ``wx.login`` code in; the first time makes their account.

        Raises ``LoginCodeInvalid`` or ``OutsideUnavailable``.
        """
        return await self.entrances.enter(await self.wechat_caller(code), device)

    async def wechat_caller(self, code: str) -> Caller:
        """Return whose ``wx.login`` code it is; raises like ``login_wechat``."""
        found = await self.login.session(code)
        return Caller(Way.WECHAT_MINI, found.appid, found.openid, found.unionid)

    async def refresh(self, refresh_token: str) -> SignedIn:
        """Take a refresh token for new tokens; raise ``SessionEnded``."""
        grant = await self.entrances.sessions.rotate(refresh_token)
        return SignedIn(grant, await self.profiles.of(grant.account_id))

    async def logout(self, who: Citizen) -> None:
        """End the session that the asker holds."""
        await self.entrances.sessions.close(who)

    async def me(self, who: Citizen) -> Profile:
        return await self.profiles.of(who.account_id)

    async def set_phone(self, who: Citizen, code: str) -> Profile:
        """Keep the number that a getPhoneNumber code stands for; raise ``LoginCodeInvalid``."""
        return await self._keep_phone(who, await self.login.phone(code))

    @transaction
    async def _keep_phone(self, who: Citizen, phone: str) -> Profile:
        await Account.filter(id=who.account_id).update(
            phone_sealed=self.crypto.seal(phone.encode(), "account.phone"),
            phone_index=self.crypto.index(phone, "account.phone").hex(),
        )
        return await self.profiles.of(who.account_id)

    @transaction
    async def set_elder_mode(self, who: Citizen, on: bool) -> Profile:
        """Switch 长辈版 for every phone of this account."""
        await Account.filter(id=who.account_id).update(elder_mode=on)
        return await self.profiles.of(who.account_id)

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
            return await self.profiles.of(who.account_id)
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
        known = self.profiles.name_of(person), self.profiles.number_of(person)
        if known != (identity.name, identity.id_number):
            raise AlreadyVerified
        return True

    @transaction
    async def _become(self, who: Citizen, identity: Identity) -> Profile:
        # The register was asked without a lock: another request may have been faster.
        account = await Account.select_for_update().get_or_none(id=who.account_id)
        if account is None:
            raise Unauthenticated
        if not await self._is_verified(who, identity):
            await Person.create(
                account_id=account.id,
                name_sealed=self.crypto.seal(identity.name.encode(), "person.name"),
                id_number_sealed=self.crypto.seal(identity.id_number.encode(), "person.id_number"),
                id_number_index=self.crypto.index(identity.id_number, "person.id_number").hex(),
                verified_at=self.clock.now(),
            )
            await Account.filter(id=account.id).update(level=REAL_NAME)
        return await self.profiles.of(account.id)
