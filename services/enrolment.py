"""Enrolment: a member of staff makes the login their own (password, second factor)."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from models.rules.passwords import is_good
from models.staff import StaffMember, StaffSession
from models.unit import transaction
from services import second_factor
from services.audit import Audit
from services.errors import Conflict, Forbidden, Invalid
from services.ports import Clock, Crypto, OneTimeCodes, Passwords
from services.second_factor import SECRET_PURPOSE
from services.staff import Present


class PasswordWeak(Invalid):
    """Too short, of too few kinds, the username, a common one, or the one before."""

    code = "password_weak"
    sentence = (
        "新密码至少12位,要有大写字母、小写字母、数字、符号中的三种,不能含用户名,"
        "不能是常见密码,也不能和原密码相同。"
    )


class PasswordWrong(Forbidden):
    """The present password was not given."""

    code = "password_wrong"
    sentence = "原密码不正确。"


class TotpEnrolled(Conflict):
    """There is a second factor; only an administrator takes it away."""

    code = "totp_enrolled"
    sentence = "已经绑定动态验证码。换手机请联系系统管理员重置。"


class OtpWrong(Invalid):
    """Not the code of the secret that is being enrolled."""

    code = "otp_wrong"
    sentence = "动态验证码不正确,请输入手机上正在显示的6位数字。"


@dataclass(frozen=True)
class NewSecret:
    """A secret to be put into an authenticator app, shown this once."""

    secret: str
    uri: str


@dataclass(frozen=True)
class Enrolment:
    clock: Clock
    passwords: Passwords
    crypto: Crypto
    codes: OneTimeCodes
    audit: Audit

    async def change_password(self, who: Present, current: str, new: str) -> None:
        """Change one's password; every other session of theirs ends.

        Raises ``PasswordWrong`` or ``PasswordWeak``.
        """
        member = await StaffMember.get(id=who.officer.id)
        if not await self.passwords.verify(member.password_hash, current):
            raise PasswordWrong
        if new == current or not is_good(new, member.username):
            raise PasswordWeak
        await self._change(who, member.password_hash, await self.passwords.hash(new))

    @transaction
    async def _change(self, who: Present, before: str, hashed: str) -> None:
        held = StaffMember.filter(id=who.officer.id, password_hash=before)
        if not await held.update(password_hash=hashed, initial_until=None):
            raise PasswordWrong
        others = StaffSession.filter(member_id=who.officer.id, ended_at=None)
        await others.exclude(id=who.session_id).update(ended_at=self.clock.now())
        await self._record(who, "staff.password")

    @transaction
    async def begin_totp(self, who: Present) -> NewSecret:
        """Return a new secret, which counts once its first code was confirmed.

        Raises ``TotpEnrolled``.
        """
        member = await self._held(who.officer.id)
        secret = self.codes.secret()
        member.totp_sealed = self.crypto.seal(secret.encode(), SECRET_PURPOSE)
        await member.save(update_fields=["totp_sealed"])
        return NewSecret(secret, self.codes.uri(secret, member.username))

    @transaction
    async def confirm_totp(self, who: Present, otp: str) -> Sequence[str]:
        """Take the second factor into use; return the recovery codes, shown this once.

        Raises ``TotpEnrolled`` or ``OtpWrong``.
        """
        member = await self._held(who.officer.id)
        now = self.clock.now()
        sealed = member.totp_sealed
        secret = None if sealed is None else self.crypto.open(sealed, SECRET_PURPOSE).decode()
        step = None if secret is None else self.codes.step(secret, otp.strip(), now)
        if step is None:
            raise OtpWrong
        shown, kept = second_factor.new_recovery(self.crypto)
        member.totp_since, member.totp_step, member.recovery = now, step, kept
        await member.save(update_fields=["totp_since", "totp_step", "recovery"])
        await self._record(who, "staff.totp")
        return shown

    async def _held(self, member_id: UUID) -> StaffMember:
        member = await StaffMember.select_for_update().get(id=member_id)
        if member.totp_since is not None:
            raise TotpEnrolled
        return member

    async def _record(self, who: Present, action: str) -> None:
        await self.audit.record(who.officer.anyhow, action, "staff_member", who.officer.id)
