"""The ways into one account: which there are, one more, one less."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from models.account import Account, LoginIdentity, Person, WechatIdentity
from models.case import Case
from models.database import Duplicate
from models.rules.identity import mask_phone
from models.rules.states import State
from models.rules.ways import Way
from models.unit import transaction
from services.actors import Citizen
from services.audit import Audit
from services.entrances import Caller, Entrances, Found
from services.errors import Conflict, NotFound, Unauthenticated
from services.tidings import Tiding


class WayUnknown(NotFound):
    """No such way, or not the asker's."""

    code = "way_unknown"
    sentence = "没有找到这种登录方式。"


class LastWay(Conflict):
    """Without it nobody could come in."""

    code = "last_way"
    sentence = "这是您账号的最后一种登录方式,不能解除。请先绑定另一种。"


class WayInUse(Conflict):
    """It is the only way into an account in which there is something."""

    code = "way_in_use"
    sentence = (
        "这种登录方式属于另一个账号。如果那个账号也是您的,请用它登录并完成实名认证,再合并两个账号。"
    )


@dataclass(frozen=True)
class OwnWay:
    """A way into one's own account; ``shown`` is masked."""

    id: UUID
    way: Way
    shown: str
    added_at: datetime


@dataclass(frozen=True)
class Ways:
    entrances: Entrances
    audit: Audit

    async def list(self, who: Citizen) -> Sequence[OwnWay]:
        """List the ways, oldest first."""
        found = sorted(await _ways_of(who.account_id), key=lambda each: each.created_at)
        return [self._shown(each) for each in found]

    async def attach(self, who: Citizen, caller: Caller) -> Sequence[OwnWay]:
        """Give the asker's account one more way, which the caller has just proven to be theirs.

        A phone number leaves the account that had it; a WeChat user only one that has nothing or
        another way. What is in that account stays there. Raises ``WayInUse``.
        """
        try:
            await self._attach(who, caller)
        except Duplicate:
            await self._attach(who, caller)
        return await self.list(who)

    @transaction
    async def _attach(self, who: Citizen, caller: Caller) -> None:
        identity = await self.entrances.find(caller)
        owners = {who.account_id} | ({identity.account_id} if identity else set())
        await hold(owners)
        # Found without a lock: it may have moved meanwhile.
        identity = await self.entrances.find(caller)
        if identity is not None and identity.account_id not in owners:
            raise WayInUse
        if identity is None:
            await self.entrances.tidings.tell(who.account_id, Tiding.WAY_ADDED)
            await self.entrances.add(caller, who.account_id)
        elif identity.account_id == who.account_id:
            return
        else:
            await self._take_over(who, caller, identity)
        data = {"way": caller.way.value, "moved": identity is not None}
        await self.audit.record(who.actor, "account.way_added", "account", who.account_id, data)

    async def _take_over(self, who: Citizen, caller: Caller, identity: Found) -> None:
        former = identity.account_id
        if caller.way is not Way.PHONE:
            others = len(await _ways_of(former)) > 1 and caller.way is not Way.OIDC
            if not others and await _has_something(former):
                raise WayInUse
        await self.entrances.leave(identity)
        await type(identity).filter(id=identity.id).delete()
        await self.entrances.add(caller, who.account_id)
        data = {"way": caller.way.value}
        await self.audit.record(who.actor, "account.way_moved", "account", former, data)

    @transaction
    async def detach(self, who: Citizen, way_id: UUID) -> None:
        """Take a way away and end what it opened elsewhere; raise ``WayUnknown``, ``LastWay``."""
        await hold({who.account_id})
        found = await _ways_of(who.account_id)
        gone = next((each for each in found if each.id == way_id), None)
        if gone is None:
            raise WayUnknown
        if len(found) == 1:
            raise LastWay
        await self.entrances.tidings.tell(who.account_id, Tiding.WAY_REMOVED)
        await type(gone).filter(id=gone.id).delete()
        await self.entrances.sessions.end(who.account_id, way_id=gone.id, keep=who.session_id)
        data = {"way": _way_of(gone).value}
        await self.audit.record(who.actor, "account.way_removed", "account", who.account_id, data)

    def _shown(self, identity: Found) -> OwnWay:
        way, shown = _way_of(identity), ""
        if isinstance(identity, LoginIdentity) and way is Way.PHONE:
            shown = mask_phone(self.entrances.phone_of(identity))
        return OwnWay(identity.id, way, shown, identity.created_at)


async def hold(account_ids: set[UUID]) -> None:
    """Hold the rows of accounts, always in one order; raise ``Unauthenticated`` if one is gone."""
    found = await Account.filter(id__in=list(account_ids)).order_by("id").select_for_update()
    if len(found) != len(account_ids) or any(each.joined_id for each in found):
        raise Unauthenticated


def _way_of(identity: Found) -> Way:
    if isinstance(identity, WechatIdentity):
        return Way(f"WECHAT_{identity.app}")
    return Way(identity.kind)


async def _ways_of(account_id: UUID) -> list[Found]:
    wechat = await WechatIdentity.filter(account_id=account_id)
    other = await LoginIdentity.filter(account_id=account_id)
    return [*wechat, *other]


async def _has_something(account_id: UUID) -> bool:
    """Tell whether somebody would miss the account: a real name or any case."""
    if await Person.exists(account_id=account_id):
        return True
    return await Case.of(account_id).exclude(state=State.VOIDED).exists()
