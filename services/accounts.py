"""Accounts of citizens: coming in by WeChat, the phone number, the real name (实名认证)."""

from dataclasses import dataclass

from models.account import Account
from models.rules.ways import Way
from models.unit import transaction
from services.actors import Citizen
from services.entrances import Caller, Entrances
from services.ports import Clock, Crypto, WechatLogin
from services.profiles import Profile, Profiles, SignedIn
from services.real_names import RealNames


@dataclass(frozen=True)
class Accounts:
    clock: Clock
    crypto: Crypto
    entrances: Entrances
    login: WechatLogin
    real_names: RealNames

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

    async def verify_real_name(self, who: Citizen, name: str, id_number: str) -> Profile:
        """See ``RealNames.verify``."""
        return await self.real_names.verify(who, name, id_number)
