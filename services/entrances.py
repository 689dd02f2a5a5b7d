"""Entrances: whoever a way in says is there finds their account, or gets one.

What a way says is proven by its adapter; here it is only looked up. One person may have many ways,
one way belongs to one account.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from models.account import Account, LoginIdentity, Person, WechatIdentity
from models.database import Duplicate, rows
from models.ids import uuid7
from models.rules.ways import Way
from models.unit import transaction
from services.errors import Conflict
from services.ports import Clock, Crypto
from services.profiles import Profiles, SignedIn
from services.sessions import Arrival, Sessions
from services.tidings import Tiding, Tidings

# A number that is given up is given out again after 90 days at the earliest.
REUSED_AFTER = timedelta(days=90)
# The apps of one operator share a WeChat user's unionid; two first logins at once take turns.
SAME_USER = "SELECT pg_advisory_xact_lock(hashtextextended('wechat.union:' || $1, 0))"


class PhoneStale(Conflict):
    """Nobody has come in by this number for so long that it may be somebody else's by now."""

    code = "phone_stale"
    sentence = (
        "这个手机号很久没有用来登录。如果原来的账号是您的,请用微信等其他方式登录;"
        "如果您是这个号码的新机主,请选择“我是新机主”。"
    )


@dataclass(frozen=True)
class Caller:
    """Whom a way in says is there. ``repr`` shows the way only.

    ``issuer`` is an appid or an issuer's URL, ``subject`` an openid, a phone number with country
    code, or a subject.
    """

    way: Way
    issuer: str = field(repr=False)
    subject: str = field(repr=False)
    unionid: str | None = field(default=None, repr=False)


Found = WechatIdentity | LoginIdentity


@dataclass(frozen=True)
class Entrances:
    clock: Clock
    crypto: Crypto
    sessions: Sessions
    tidings: Tidings

    @property
    def profiles(self) -> Profiles:
        return Profiles(self.crypto)

    async def enter(
        self,
        caller: Caller,
        device: str = "",
        *,
        new_holder: bool = False,
        home: UUID | None = None,
    ) -> SignedIn:
        """Open a session for whoever came; the first time makes their account.

        With ``new_holder`` a phone number leaves the account that it belonged to; ``home`` is the
        account that a new way is known to lead to. Raises ``PhoneStale``.
        """
        try:
            return await self._enter(caller, device, new_holder, home)
        except Duplicate:
            # The same person's other request made the account a moment ago.
            return await self._enter(caller, device, False, home)

    @transaction
    async def _enter(
        self, caller: Caller, device: str, new_holder: bool, home: UUID | None
    ) -> SignedIn:
        identity = await self.find(caller)
        if identity is not None and caller.way is Way.PHONE:
            identity = await self._held_phone(identity, new_holder)
        if identity is None:
            account_id = home or await self._account_of(caller)
            if home is not None:
                await self.tidings.tell(home, Tiding.WAY_ADDED)
            identity = await self.add(caller, account_id)
        if isinstance(identity, WechatIdentity) and not identity.unionid and caller.unionid:
            # Our apps were not bound together when this user first came.
            await WechatIdentity.filter(id=identity.id).update(unionid=caller.unionid)
        if isinstance(identity, LoginIdentity) and identity.subject != self.subject_of(caller):
            # Found under the index key before: a subject that is not kept is indexed anew now.
            subject = self.subject_of(caller)
            await LoginIdentity.filter(id=identity.id).update(subject=subject)
        arrival = Arrival(caller.way, identity.id, device)
        grant = await self.sessions.open(identity.account_id, arrival)
        return SignedIn(grant, await self.profiles.of(identity.account_id))

    async def _held_phone(self, identity: Found, new_holder: bool) -> Found | None:
        """Return the identity for use, None once its number has left the former owner.

        Raises ``PhoneStale``: a recycled number must not open a stranger's account.
        """
        now = self.clock.now()
        found = await LoginIdentity.select_for_update().get_or_none(id=identity.id)
        if found is None:
            return None
        if new_holder:
            await self.leave(found)
            await LoginIdentity.filter(id=found.id).delete()
            return None
        stale = now - found.used_at >= REUSED_AFTER
        if stale and await Person.exists(account_id=found.account_id):
            raise PhoneStale
        await LoginIdentity.filter(id=found.id).update(used_at=now)
        return found

    async def leave(self, identity: Found) -> None:
        """Let a way leave its account for another holder: told first, then shut out.

        A number that was the account's own is no longer told about its cases.
        """
        owner = identity.account_id
        await self.tidings.tell(owner, Tiding.WAY_MOVED)
        await self.sessions.end(owner, way_id=identity.id)
        if isinstance(identity, LoginIdentity) and identity.kind == Way.PHONE.value:
            index = self.crypto.index(self.phone_of(identity), "account.phone").hex()
            await Account.filter(id=owner, phone_index=index).update(
                phone_sealed=None, phone_index=None
            )

    async def _account_of(self, caller: Caller) -> UUID:
        """Return the account of the same WeChat user in another app of ours, or a new one."""
        if caller.unionid:
            await rows(SAME_USER, [caller.unionid])
            known = await WechatIdentity.filter(unionid=caller.unionid).order_by("id").first()
            if known is not None:
                return known.account_id
        account = await Account.create(id=uuid7(), created_at=self.clock.now())
        return account.id

    async def find(self, caller: Caller) -> Found | None:
        if caller.way.is_wechat:
            return await WechatIdentity.get_or_none(appid=caller.issuer, openid=caller.subject)
        indexes = self.crypto.indexes(caller.subject, _purpose(caller.way))
        return await LoginIdentity.get_or_none(
            kind=caller.way.value,
            issuer=caller.issuer,
            subject__in=[index.hex() for index in indexes],
        )

    async def add(self, caller: Caller, account_id: UUID) -> Found:
        """Give an account a way in that nobody has."""
        now = self.clock.now()
        if caller.way.is_wechat:
            return await WechatIdentity.create(
                id=uuid7(),
                app=caller.way.app,
                appid=caller.issuer,
                openid=caller.subject,
                unionid=caller.unionid,
                account_id=account_id,
                created_at=now,
            )
        phone = caller.subject.encode() if caller.way is Way.PHONE else None
        if phone is not None:
            await Account.filter(id=account_id, phone_sealed=None).update(
                phone_sealed=self.crypto.seal(phone, "account.phone"),
                phone_index=self.crypto.index(caller.subject, "account.phone").hex(),
            )
        return await LoginIdentity.create(
            id=uuid7(),
            kind=caller.way.value,
            issuer=caller.issuer,
            subject=self.subject_of(caller),
            sealed=None if phone is None else self.crypto.seal(phone, "login.phone"),
            account_id=account_id,
            created_at=now,
            used_at=now,
        )

    def subject_of(self, caller: Caller) -> str:
        """Return the blind index under which a subject is kept."""
        return self.crypto.index(caller.subject, _purpose(caller.way)).hex()

    def phone_of(self, identity: LoginIdentity) -> str:
        return self.crypto.open(identity.sealed or b"", "login.phone").decode()


def _purpose(way: Way) -> str:
    return f"login.{way.value.lower()}"
