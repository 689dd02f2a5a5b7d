"""The promise of fulfilled conditions (告知承诺, 国办发〔2020〕42号): shown, signed, taken back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from models.case import Case
from models.promise import SignedPromise
from models.rules.mandates import Act
from models.rules.states import AcceptMode, State
from models.unit import transaction
from services import flavours, promises
from services.actors import Citizen
from services.cases import Cases
from services.errors import Conflict, NotFound, PreconditionFailed
from services.items import PublishedItem
from services.lacking import HANDLING
from services.nudges import nudge
from services.promises import PromiseKind, Wording
from services.transitions import StepNotAllowed

# Before acceptance, and while the applicant or the window has the case.
SIGNABLE = (State.DRAFT, State.SUBMITTED, State.PRE_REVIEWING, State.CORRECTION_REQUIRED)


class CommitmentChanged(PreconditionFailed):
    """What was signed is not what the item says: the person has to read it again."""

    code = "commitment_changed"
    sentence = "您看到的承诺书不是现在的内容,请重新打开看清楚再签。"


class CommitmentUnsigned(NotFound):
    """There is no promise to take back."""

    code = "commitment_unsigned"
    sentence = "这个办件没有签过告知承诺书。"


class CommitmentAccepted(Conflict):
    """Once accepted, a promise goes with its application (安阳条例27)."""

    code = "commitment_accepted"
    sentence = "申请已经按您的承诺受理。要收回承诺,请在作出决定以前申请撤回这个办件。"


@dataclass(frozen=True)
class Shown:
    """A promise to read, and when it was signed if it was."""

    wording: Wording
    signed: SignedPromise | None


@dataclass(frozen=True)
class Commitments:
    cases: Cases

    async def show(self, who: Citizen, case_id: UUID) -> Shown:
        """Return the promise of a case's item; raise ``CaseUnknown`` or ``ModeNotAllowed``."""
        opened = await self.cases.get(who, case_id)
        flavours.check_mode(opened.item, AcceptMode.COMMITMENT)
        signed = await promises.standing(case_id, PromiseKind.COMMITMENT)
        return Shown(wording_of(opened.item), signed)

    @transaction
    async def sign(self, who: Citizen, case_id: UUID, digest: str) -> SignedPromise:
        """Sign what was shown, and by that choose to be accepted so; twice is once.

        Raises ``RealNameRequired``, ``ModeNotAllowed``, ``CommitmentChanged``,
        ``CreditUnrepaired`` or ``StepNotAllowed``.
        """
        case = await self.cases.locked(who, case_id, Act.SIGN)
        if case.state not in SIGNABLE:
            raise StepNotAllowed
        item = await self.cases.items.version(case.item_version_id)
        flavours.check_mode(item, AcceptMode.COMMITMENT)
        await self.cases.applicants.get(case.account_id)
        await flavours.check_credit(case.account_id)
        wording = wording_of(item)
        if digest != wording.digest:
            raise CommitmentChanged
        known = await promises.standing(case_id, PromiseKind.COMMITMENT)
        if known is not None:
            return known
        now = self.cases.clock.now()
        signed = await promises.sign(case_id, PromiseKind.COMMITMENT, wording, who.account_id, now)
        await self._choose(case, AcceptMode.COMMITMENT)
        return signed

    @transaction
    async def take_back(self, who: Citizen, case_id: UUID) -> Case:
        """Take the promise back before acceptance: the case is an ordinary one again.

        What the promise stood for is due again then. Raises ``CommitmentUnsigned``,
        ``CommitmentAccepted`` or ``StepNotAllowed``.
        """
        case = await self.cases.locked(who, case_id, Act.SIGN)
        signed = await promises.standing(case_id, PromiseKind.COMMITMENT)
        if signed is None and case.wanted_mode != AcceptMode.COMMITMENT.value:
            raise CommitmentUnsigned
        if case.state in HANDLING:
            raise CommitmentAccepted
        if case.state not in SIGNABLE:
            raise StepNotAllowed
        await promises.take_back(case_id, PromiseKind.COMMITMENT, self.cases.clock.now())
        await self._choose(case, AcceptMode.NORMAL)
        return case

    async def _choose(self, case: Case, mode: AcceptMode) -> None:
        case.wanted_mode = mode.value
        await case.save(update_fields=["wanted_mode"])
        nudge(self.cases.transitions, case)


def wording_of(item: PublishedItem) -> Wording:
    """Return an item's promise: its statements, what it stands for, what breaking it means."""
    text: Mapping[str, Any] = item.body["commitment"]
    names = {material["code"]: material["name"] for material in item.materials}
    replaced = [names[code] for code in text.get("replaces", ())]
    stands_for = (f"签了这份承诺,可以不交:{'、'.join(replaced)}。",) if replaced else ()
    return Wording(
        str(text["template_version"]), (*text["statements"], *stands_for, text["consequence"])
    )
