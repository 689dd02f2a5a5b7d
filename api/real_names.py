"""The real name: register, phone, face; and joining the accounts of one person."""

from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictBool, field_validator

from api.accounts import AccountView, SignedInView
from api.auth import CITIZEN
from api.call import Call
from api.routes import Routes
from services.actors import Citizen
from services.errors import LoginCodeInvalid, OutsideUnavailable, Unavailable
from services.face_checks import (
    Begun,
    FaceFailed,
    FaceNeedsWechat,
    FaceNotReturned,
    FaceProvider,
    FaceUnknown,
    IdentityMissing,
)
from services.identities import IdNumberRefused, NameRefused
from services.joins import JoinNotProven, JoinUnknown
from services.net_credentials import ChallengeUnknown, NetCredentialNotOffered
from services.real_names import (
    AlreadyVerified,
    IdentityInUse,
    NameMismatch,
    NoRecord,
    PhoneMismatch,
    PhoneMissing,
    RealNameFirst,
    WechatMissing,
    WechatUnnamed,
)

own = Routes("real-names", "/v1/me", CITIZEN)
ROUTES = (own,)


class RealName(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=100)
    id_number: str = Field(min_length=1, max_length=64)


class WechatRealName(RealName):
    """``code`` is of WeChat's consent page for the real name."""

    code: str = Field(min_length=1, max_length=256)


class FaceWish(BaseModel):
    """``agreed``: the person was told what the check does with their face, and wants it.

    ``identity`` is for who has no real name yet.
    """

    model_config = ConfigDict(extra="forbid")

    provider: FaceProvider
    agreed: StrictBool
    identity: RealName | None = None

    @field_validator("agreed")
    @classmethod
    def _is_agreed(cls, agreed: bool) -> bool:
        if not agreed:
            raise ValueError("nobody's face is checked without their consent")
        return agreed


class FaceBegun(BaseModel):
    """``token`` is the verifyId of ``wx.requestFacialVerify``; ``url`` is for a browser."""

    id: UUID
    provider: FaceProvider
    token: str
    url: str | None
    expires_at: str

    @classmethod
    def of(cls, begun: Begun) -> "FaceBegun":
        return cls(
            id=begun.id,
            provider=begun.provider,
            token=begun.token,
            url=begun.url,
            expires_at=begun.expires_at.isoformat(),
        )


class FaceReturn(BaseModel):
    """``proof`` stands in the address that the browser came back to; WeChat's check has none."""

    model_config = ConfigDict(extra="forbid")

    proof: str | None = Field(None, max_length=64)


class FaceState(StrEnum):
    PENDING = "PENDING"
    PASSED = "PASSED"


class FaceResult(BaseModel):
    """``account`` is there once the check has passed."""

    state: FaceState
    account: AccountView | None


class Challenge(BaseModel):
    """What the 网证 is to be shown for; good once and for five minutes."""

    challenge: str


class Shown(BaseModel):
    model_config = ConfigDict(extra="forbid")

    challenge: str = Field(min_length=1, max_length=64)
    assertion: str = Field(min_length=1, max_length=4096)


class JoinProof(BaseModel):
    """``other_token``: an access token of the other account, from a login minutes ago."""

    model_config = ConfigDict(extra="forbid")

    other_token: str | None = Field(None, max_length=4096)


@own.add(
    "POST",
    "/real-name",
    body=RealName,
    answer=AccountView,
    errors=(
        IdNumberRefused,
        NameRefused,
        NameMismatch,
        NoRecord,
        AlreadyVerified,
        IdentityInUse,
        OutsideUnavailable,
    ),
)
async def verify_real_name(call: Call[Citizen]) -> AccountView:
    """Verify one's real name: name and ID number against the register."""
    body = call.body(RealName)
    # A slip of the finger is refused first and counts for nothing: the register is not asked.
    identity = call.ctx.real_names.read_identity(body.name, body.id_number)
    await call.ctx.limiter.hit("realname", str(call.who.account_id))
    return AccountView.of(
        await call.ctx.real_names.verify(call.who, identity.name, identity.id_number)
    )


@own.add(
    "POST",
    "/real-name/phone",
    answer=AccountView,
    errors=(RealNameFirst, PhoneMissing, PhoneMismatch, NoRecord, OutsideUnavailable),
)
async def verify_phone(call: Call[Citizen]) -> AccountView:
    """Verify that one's phone is registered under one's own name: the third factor."""
    await call.ctx.limiter.hit("realname", str(call.who.account_id))
    return AccountView.of(await call.ctx.real_names.verify_phone(call.who))


@own.add(
    "POST",
    "/real-name/wechat",
    body=WechatRealName,
    answer=AccountView,
    errors=(
        IdNumberRefused,
        NameRefused,
        WechatMissing,
        WechatUnnamed,
        NameMismatch,
        LoginCodeInvalid,
        AlreadyVerified,
        IdentityInUse,
        OutsideUnavailable,
    ),
)
async def verify_by_wechat(call: Call[Citizen]) -> AccountView:
    """Verify one's real name by what WeChat Pay knows: name, number and bank card."""
    body = call.body(WechatRealName)
    identity = call.ctx.real_names.read_identity(body.name, body.id_number)
    await call.ctx.limiter.hit("realname", str(call.who.account_id))
    return AccountView.of(await call.ctx.real_names.verify_wechat(call.who, identity, body.code))


@own.add(
    "POST",
    "/face-checks",
    status=201,
    body=FaceWish,
    answer=FaceBegun,
    errors=(
        IdentityMissing,
        IdNumberRefused,
        NameRefused,
        AlreadyVerified,
        FaceNeedsWechat,
        OutsideUnavailable,
    ),
)
async def begin_face_check(call: Call[Citizen]) -> FaceBegun:
    """Begin a face check, at WeChat's or in a browser."""
    body = call.body(FaceWish)
    given = (body.identity.name, body.identity.id_number) if body.identity else None
    await call.ctx.limiter.hit("face", str(call.who.account_id))
    return FaceBegun.of(await call.ctx.face_checks.start(call.who, body.provider, given))


@own.add(
    "POST",
    "/face-checks/<check_id:uuid>/outcome",
    body=FaceReturn,
    optional=True,
    answer=FaceResult,
    errors=(
        FaceUnknown,
        FaceNotReturned,
        FaceFailed,
        AlreadyVerified,
        IdentityInUse,
        OutsideUnavailable,
    ),
)
async def end_face_check(call: Call[Citizen], check_id: UUID) -> FaceResult:
    """Have the provider asked what became of a face check."""
    await call.ctx.limiter.hit("face_outcome", str(call.who.account_id))
    body = call.body(FaceReturn, optional=True)
    profile = await call.ctx.face_checks.outcome(call.who, check_id, body.proof)
    if profile is None:
        return FaceResult(state=FaceState.PENDING, account=None)
    return FaceResult(state=FaceState.PASSED, account=AccountView.of(profile))


@own.add(
    "POST",
    "/net-credential/challenge",
    answer=Challenge,
    errors=(NetCredentialNotOffered, Unavailable),
)
async def ask_for_net_credential(call: Call[Citizen]) -> Challenge:
    """Ask for a challenge, to show one's 网证 for it."""
    return Challenge(challenge=await call.ctx.net_checks.challenge(call.who))


@own.add(
    "POST",
    "/net-credential",
    body=Shown,
    answer=AccountView,
    errors=(
        ChallengeUnknown,
        LoginCodeInvalid,
        AlreadyVerified,
        IdentityInUse,
        NetCredentialNotOffered,
        OutsideUnavailable,
        Unavailable,
    ),
)
async def show_net_credential(call: Call[Citizen]) -> AccountView:
    """Verify who one is by 网号、网证, without telling an ID number."""
    body = call.body(Shown)
    await call.ctx.limiter.hit("net_credential", str(call.who.account_id))
    return AccountView.of(
        await call.ctx.net_checks.verify(call.who, body.challenge, body.assertion)
    )


@own.add(
    "POST",
    "/joins/<offer_id:uuid>",
    body=JoinProof,
    answer=SignedInView,
    errors=(JoinUnknown, JoinNotProven),
    optional=True,
)
async def join(call: Call[Citizen], offer_id: UUID) -> SignedInView:
    """Join one's account to the account that is the same person's."""
    body = call.body(JoinProof, optional=True)
    await call.ctx.limiter.hit("ways", str(call.who.account_id))
    return SignedInView.of(await call.ctx.joins.join(call.who, offer_id, body.other_token))
