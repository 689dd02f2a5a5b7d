"""The real name (实名认证): who the registers say that an account's holder is, and how surely."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog

from models.account import Account, JoinOffer, Person, WechatIdentity
from models.database import Duplicate
from models.ids import uuid7
from models.rules.calendar import day_of
from models.rules.levels import Level
from models.rules.ways import Way
from models.unit import transaction
from services.actors import Citizen
from services.arrivals import attach
from services.audit import Audit
from services.errors import Conflict, Invalid, Unauthenticated
from services.identities import Identity
from services.persons import Persons
from services.ports import (
    Clock,
    Crypto,
    RealNameChecker,
    RealNameVerdict,
    Subject,
    WechatRealName,
)
from services.profiles import Profile, Profiles

OFFER_LIFE = timedelta(minutes=30)
PROOF_FACE, PROOF_LOGIN = "FACE", "LOGIN"

log = structlog.get_logger(__name__)


class NameMismatch(Invalid):
    """The register has another name for the number."""

    code = "name_mismatch"
    sentence = "姓名和身份证号对不上,请检查后重试。"


class PhoneMismatch(Invalid):
    """The carrier has the number under another name."""

    code = "phone_mismatch"
    sentence = "这个手机号不是用您的身份证办理的,请换成您本人实名的手机号。"


class NoRecord(Invalid):
    """The register does not have the number."""

    code = "no_record"
    sentence = "没有查到这个身份证号的登记信息,请带身份证到办事窗口办理。"


class AlreadyVerified(Conflict):
    """The account is another person's already."""

    code = "already_verified"
    sentence = "您的账号已经用另一个身份完成实名认证,不能更改。"


class IdentityInUse(Conflict):
    """Another account is this person's already; ``facts`` hold the offer to join it."""

    code = "identity_in_use"
    sentence = (
        "您已经有一个实名认证过的账号。证明两个账号都是您本人的,就可以合并:"
        "用原来的方式登录一次,或者做人脸核验;也可以到办事窗口办理。"
    )


class RealNameFirst(Conflict):
    """A third factor is compared with the first two."""

    code = "real_name_first"
    sentence = "请先填写姓名和身份证号完成实名认证。"


class WechatMissing(Conflict):
    """The check is of a user of the mini-program."""

    code = "wechat_missing"
    sentence = "请先在微信小程序里登录,再用微信实名。"


class WechatUnnamed(Conflict):
    """The WeChat user has given WeChat Pay no name."""

    code = "wechat_unnamed"
    sentence = "您的微信支付还没有实名,请先在微信里完成实名,或者换一种方式。"


class PhoneMissing(Conflict):
    """There is no number that the account has proven to hold."""

    code = "phone_missing"
    sentence = "请先绑定手机号。"


@dataclass(frozen=True)
class RealNames:
    clock: Clock
    crypto: Crypto
    register: RealNameChecker
    wechat: WechatRealName
    audit: Audit

    @property
    def persons(self) -> Persons:
        return Persons(self.crypto)

    @property
    def profiles(self) -> Profiles:
        return Profiles(self.crypto)

    def read_identity(self, name: str, id_number: str) -> Identity:
        """Apply our own rules, which ask nobody; raise ``IdNumberRefused`` or ``NameRefused``."""
        return Identity.read(name, id_number, day_of(self.clock.now()))

    async def verify(self, who: Citizen, name: str, id_number: str) -> Profile:
        """Ask the register whether name and number are one person; then the account is theirs.

        A minor is a person like any other. Saying the same again is success without a question.
        An identity belongs to one account: name and number are no secret, so they must not open
        somebody's cases to whoever types them; they only open the way to a proof.

        Raises ``IdNumberRefused``, ``NameRefused``, ``NameMismatch``, ``NoRecord``,
        ``AlreadyVerified``, ``IdentityInUse`` or ``OutsideUnavailable``; then nothing changed.
        """
        identity = self.read_identity(name, id_number)
        if await self._is_verified(who.account_id, identity):
            return await self.profiles.of(who.account_id)
        verdict = await self.register.check(identity.name, identity.id_number)
        log.info("realname.checked", account=str(who.account_id), verdict=verdict.value)
        if verdict is RealNameVerdict.NO_RECORD:
            raise NoRecord
        if verdict is not RealNameVerdict.MATCH:
            raise NameMismatch
        return await self.settle(who, identity, Level.TWO_FACTORS)

    async def verify_phone(self, who: Citizen) -> Profile:
        """Compare the account's own phone with its person: the third factor.

        Raises ``RealNameFirst``, ``PhoneMissing``, ``PhoneMismatch``, ``NoRecord`` or
        ``OutsideUnavailable``.
        """
        account = await Account.get_or_none(id=who.account_id).select_related("person")
        if account is None:
            raise Unauthenticated
        person, sealed = account.person, account.phone_sealed
        if account.level >= Level.THREE_FACTORS:
            return await self.profiles.of(who.account_id)
        number = None if person is None else self.profiles.number_of(person)
        if person is None or number is None:
            raise RealNameFirst
        if sealed is None:
            raise PhoneMissing
        phone = self.crypto.open(sealed, "account.phone").decode()
        verdict = await self.register.check(self.profiles.name_of(person), number, phone)
        log.info("realname.phone_checked", account=str(who.account_id), verdict=verdict.value)
        if verdict is RealNameVerdict.NO_RECORD:
            raise NoRecord
        if verdict is not RealNameVerdict.MATCH:
            raise PhoneMismatch
        return await self._raise_with_phone(who, account.phone_index)

    async def verify_wechat(self, who: Citizen, identity: Identity, code: str) -> Profile:
        """Have WeChat Pay compare its user with name and number: with the bank card, three factors.

        Raises ``WechatMissing``, ``LoginCodeInvalid``, ``OutsideUnavailable`` and what ``verify``
        does.
        """
        user = await WechatIdentity.filter(
            account_id=who.account_id, app=Way.WECHAT_MINI.app
        ).first()
        if user is None:
            raise WechatMissing
        await self._is_verified(who.account_id, identity)
        subject = Subject(identity.name, identity.id_number, user.openid)
        verdict = await self.wechat.check(subject, code)
        log.info("realname.wechat_checked", account=str(who.account_id), verdict=verdict.value)
        if verdict is RealNameVerdict.NO_RECORD:
            raise WechatUnnamed
        if verdict is not RealNameVerdict.MATCH:
            raise NameMismatch
        return await self.settle(who, identity, Level.THREE_FACTORS)

    @transaction
    async def _raise_with_phone(self, who: Citizen, phone_index: str | None) -> Profile:
        # Only while the number that was compared is still the account's.
        await Account.filter(
            id=who.account_id, phone_index=phone_index, level__lt=Level.THREE_FACTORS
        ).update(level=Level.THREE_FACTORS)
        data = {"level": int(Level.THREE_FACTORS)}
        await self.audit.record(who.actor, "account.level", "account", who.account_id, data)
        return await self.profiles.of(who.account_id)

    async def settle(self, who: Citizen, identity: Identity, level: Level) -> Profile:
        """Take down whom a check of ``level`` has found behind an account; levels only rise.

        Raises ``AlreadyVerified``, or ``IdentityInUse`` with the offer to join the account that
        this person has already; a face check is itself the proof that joining needs.
        """
        try:
            return await self._become(who, identity, level)
        except Duplicate as error:
            facts = await self._offer(who, identity, level)
            raise IdentityInUse(facts=facts) from error

    async def _is_verified(self, account_id: UUID, identity: Identity) -> bool:
        """Tell whether the account is this person's; raise ``AlreadyVerified`` for another's."""
        person = await Person.get_or_none(account_id=account_id)
        if person is None:
            return False
        number = self.profiles.number_of(person)
        same = number in (None, identity.id_number)
        if self.profiles.name_of(person) != identity.name or not same:
            raise AlreadyVerified
        return number is not None

    @transaction
    async def _become(self, who: Citizen, identity: Identity, level: Level) -> Profile:
        # The register was asked without a lock: another request may have been faster.
        account = await Account.select_for_update().get_or_none(id=who.account_id)
        if account is None or account.joined_id is not None:
            raise Unauthenticated
        known = await self._is_verified(account.id, identity)
        if not known and await self._is_taken(identity):
            raise Duplicate("persons_id_number_index")
        told: dict[str, Any] = {
            "id_number_sealed": self.crypto.seal(identity.id_number.encode(), "person.id_number"),
            "id_number_index": self.persons.index(identity.id_number),
        }
        if not known and await Person.exists(account_id=account.id):
            # A number for who had only shown a 网证 of the same name: it is known as surely as it
            # was checked, and no surer, for others have that name too.
            await Person.filter(account_id=account.id).update(**told)
            account.level = Level.NONE
        elif not known:
            await Person.create(
                account_id=account.id,
                name_sealed=self.crypto.seal(identity.name.encode(), "person.name"),
                verified_at=self.clock.now(),
                **told,
            )
        if not known:
            await attach(self.persons, account.id, identity, self.clock.now())
        await self.rise(who, account, level)
        return await self.profiles.of(account.id)

    async def _is_taken(self, identity: Identity) -> bool:
        """Tell whether a person stands under the index key before, where no unique key looks."""
        earlier = self.persons.indexes(identity.id_number)[1:]
        return bool(earlier) and await Person.filter(id_number_index__in=earlier).exists()

    async def rise(self, who: Citizen, account: Account, level: Level) -> None:
        if account.level >= level:
            return
        await Account.filter(id=account.id).update(level=level)
        if level > Level.TWO_FACTORS:  # of two factors the person's own row tells
            data = {"level": int(level)}
            await self.audit.record(who.actor, "account.level", "account", account.id, data)

    async def _offer(self, who: Citizen, identity: Identity, level: Level) -> dict[str, Any]:
        """Offer to join the account of this identity; nothing for a name that does not fit."""
        account_id = await self.persons.find(identity)
        return {} if account_id is None else await self.offer(who, account_id, level)

    @transaction
    async def offer(self, who: Citizen, target_id: UUID, level: Level) -> dict[str, Any]:
        """Offer to join an account of the same person; return the facts of the refusal."""
        now = self.clock.now()
        offer = await JoinOffer.create(
            id=uuid7(),
            account_id=who.account_id,
            target_id=target_id,
            proof=PROOF_FACE if level >= Level.FACE else None,
            expires_at=now + OFFER_LIFE,
            created_at=now,
        )
        return {
            "join": {
                "id": str(offer.id),
                "proofs": [PROOF_LOGIN, PROOF_FACE],
                "proven": offer.proof is not None,
                "expires_at": offer.expires_at.isoformat(),
            }
        }
