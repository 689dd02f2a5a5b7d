"""Withdrawal after acceptance (撤回请求): the applicant asks, the back-office answers.

Before acceptance an application is withdrawn at once (T46, ``services.submissions``).
"""

from dataclasses import dataclass
from uuid import UUID

from models.case import Case
from models.ids import uuid7
from models.rules.mandates import Act
from models.rules.states import IMPORTED
from models.unit import transaction
from models.withdrawal import Withdrawal
from services.actors import Citizen
from services.cases import Cases
from services.errors import Conflict
from services.idempotency import Once
from services.packages import Packages
from services.transitions import StepNotAllowed
from services.withdrawal_answers import (
    DECIDED,
    WithdrawalStatus,
    answer,
    may_request,
)

REQUEST = "WITHDRAW_REQUEST"
TAKEN_BACK = "WITHDRAW_TAKEN_BACK"
# Each of them is work for the department; whoever changes their mind four times may ask there.
MOST = 3


class WithdrawalTooLate(Conflict):
    """A decision was made: it stands, whatever was on its way to stop it."""

    code = "withdrawal_too_late"
    sentence = DECIDED


class WithdrawalsUsedUp(Conflict):
    """The applicant has asked for this case as often as one may."""

    code = "withdrawals_used_up"
    sentence = "这件事您已经请求撤回过三次,不能再请求了。还想撤回的,请联系审批部门。"


class LodgedElsewhere(Conflict):
    """The case was lodged at a window or in another system: it is withdrawn there."""

    code = "lodged_elsewhere"
    sentence = "这个办件不是在这里提交的,请到原来提交的地方撤回。"


class NoWithdrawalOpen(Conflict):
    """There is no request that waits for its answer."""

    code = "no_withdrawal_open"
    sentence = "现在没有等待答复的撤回请求。"


@dataclass(frozen=True)
class Requested:
    """A request as its applicant sees it; times are RFC 3339."""

    case_no: str
    status: str
    requested_at: str


@dataclass(frozen=True)
class Withdrawals:
    cases: Cases
    packages: Packages

    @transaction
    async def request(self, who: Citizen, case_id: UUID, key: str) -> Requested:
        """Ask the back-office to let an accepted application go; again changes nothing.

        Raises ``CaseUnknown``, ``WithdrawalTooLate`` after a decision, ``WithdrawalsUsedUp`` the
        fourth time, and ``StepNotAllowed`` before acceptance or after the end.
        """
        case = await self.cases.locked(who, case_id, Act.SUBMIT)
        once = Once.of(str(who.account_id), key, "withdrawal-request", case_id)
        if (given := await once.answered()) is not None:
            return Requested(**given)
        waiting = await Withdrawal.get_or_none(case_id=case.id, status=WithdrawalStatus.OPEN.value)
        if waiting is None:
            waiting = await self._open(case)
        requested = _requested(case, waiting)
        await once.answer(vars(requested), self.cases.clock)
        return requested

    async def _open(self, case: Case) -> Withdrawal:
        if case.origin == IMPORTED:
            raise LodgedElsewhere
        if not may_request(case.state):
            decided = case.decided_at is not None and not case.state.closed
            raise WithdrawalTooLate if decided else StepNotAllowed
        if await Withdrawal.filter(case_id=case.id).count() >= MOST:
            raise WithdrawalsUsedUp
        now = self.cases.clock.now()
        waiting = await Withdrawal.create(id=uuid7(), case_id=case.id, requested_at=now)
        case.withdraw_requested_at = case.updated_at = now
        await case.save(update_fields=["withdraw_requested_at", "updated_at"])
        parts = await _parts(case)
        for part in parts:
            await self.ask_for(part)
        if not parts:
            await self._hand_over(case, REQUEST, waiting)
        return waiting

    async def ask_for(self, part: Case) -> None:
        """Ask for a department's part of a joint case, unless that was done or is too late.

        In the caller's transaction, with the part's row held.
        """
        open_ = Withdrawal.filter(case_id=part.id, status=WithdrawalStatus.OPEN.value)
        if may_request(part.state) and not await open_.exists():
            await self._open(part)

    @transaction
    async def take_back(self, who: Citizen, case_id: UUID) -> Requested:
        """Take a request back that has no answer yet; again changes nothing.

        Raises ``CaseUnknown`` and ``NoWithdrawalOpen``.
        """
        case = await self.cases.locked(who, case_id, Act.SUBMIT)
        newest = await newest_of(case)
        if newest is not None and newest.status == WithdrawalStatus.TAKEN_BACK.value:
            return _requested(case, newest)
        if newest is None or newest.status != WithdrawalStatus.OPEN.value:
            raise NoWithdrawalOpen
        await self._take_back(case, newest)
        return _requested(case, newest)

    async def _take_back(self, case: Case, newest: Withdrawal) -> None:
        now = self.cases.clock.now()
        await answer(case, WithdrawalStatus.TAKEN_BACK, "", now)
        newest.status, newest.answered_at = WithdrawalStatus.TAKEN_BACK.value, now
        case.withdraw_requested_at, case.updated_at = None, now
        await case.save(update_fields=["withdraw_requested_at", "updated_at"])
        parts = await _parts(case)
        for part in parts:
            asked = await newest_of(part)
            if asked is not None and asked.status == WithdrawalStatus.OPEN.value:
                await self._take_back(part, asked)
        if not parts:
            await self._hand_over(case, TAKEN_BACK, newest)

    async def _hand_over(self, case: Case, kind: str, waiting: Withdrawal) -> None:
        item = await self.cases.items.version(case.item_version_id)
        await self.packages.create(case, item, kind, withdrawal=waiting)
        self.cases.transitions.look_again(case)


async def _parts(case: Case) -> list[Case]:
    """Return the departments' parts of a joint case (联办件): each answers for its own."""
    return await Case.filter(parent_id=case.id).order_by("id").select_for_update()


async def newest_of(case: Case) -> Withdrawal | None:
    """Return the case's last request, answered or not."""
    return await Withdrawal.filter(case_id=case.id).order_by("-requested_at", "-id").first()


def _requested(case: Case, waiting: Withdrawal) -> Requested:
    return Requested(str(case.case_no), waiting.status, waiting.requested_at.isoformat())
