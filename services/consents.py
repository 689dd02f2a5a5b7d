"""Consents (同意): asked per purpose, given and withdrawn by the same means, refused at no cost."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from models.case import Case
from models.consent import Consent
from models.ids import uuid7
from models.rules.mandates import Act, MandateKind
from models.rules.privacy import (
    MINOR_YEARS,
    SEPARATELY,
    STATEMENTS,
    ConsentKind,
    Purpose,
    Statement,
)
from models.unit import transaction
from services import access, saved
from services.actors import Citizen
from services.errors import Conflict, FieldFault, Forbidden, PreconditionFailed
from services.items import PublishedItem
from services.ports import Clock

GIVEN, REFUSED = "GIVEN", "REFUSED"


class ConsentMissing(Conflict):
    """The act needs a consent that was not given, or was taken back; the fault names the purpose.

    The sentence tells what remains possible without it.
    """

    code = "consent_missing"
    sentence = "这一步需要您先同意。"


class ConsentOutdated(PreconditionFailed):
    """What was answered is not what is asked now: the person has to read the new words."""

    code = "consent_outdated"
    sentence = "说明已经更新,请看新的内容再选。"


class NotToBeAsked(Conflict):
    """A notice asks for nothing, and of a child its guardian is asked."""

    code = "not_to_be_asked"
    sentence = "这一项只是告知,不用选同意或者不同意。"


class NotTheGuardian(Forbidden):
    """A guardian answers for a child, and who may sign for somebody what is asked separately."""

    code = "not_the_guardian"
    sentence = "您不能替这位申请人同意。要有监护关系,或者有签署的授权。"


@dataclass(frozen=True)
class Answered:
    """A purpose and where it stands: UNANSWERED, GIVEN, REFUSED or WITHDRAWN.

    ``ask``: nobody answered these words yet; whoever did is not asked again at each turn.
    """

    statement: Statement
    status: str
    ask: bool
    answered_at: datetime | None


async def has(
    account_id: UUID, purpose: Purpose, statements: Mapping[Purpose, Statement] = STATEMENTS
) -> bool:
    """Tell whether a purpose's present words were agreed to and still are."""
    return await Consent.exists(
        account_id=account_id,
        case_id=None,
        purpose=purpose.value,
        version=statements[purpose].version,
        answer=GIVEN,
        withdrawn_at=None,
        superseded_at=None,
    )


async def check(account_id: UUID, purpose: Purpose) -> None:
    """Raise ``ConsentMissing`` unless a purpose was agreed to."""
    if not await has(account_id, purpose):
        statement = STATEMENTS[purpose]
        fault = FieldFault(f"/consents/{purpose.value}", statement.title)
        sentence = f"这一步需要您先同意“{statement.title}”。{statement.otherwise}"
        raise ConsentMissing(sentence, faults=[fault])


async def check_filing(
    case: Case, item: PublishedItem, age: int | None, present: Collection[str]
) -> None:
    """Raise ``ConsentMissing`` where the law wants one for what is filed (29, 31).

    ``present`` are the codes of the materials that were uploaded. Whose case it is has to have
    agreed; a guardian, or an agent who may sign, answers in their place.
    """
    kinds = {each["code"]: str(each.get("sensitive_category")) for each in item.materials}
    found = (SEPARATELY.get(kinds.get(code, "")) for code in present)
    for purpose in sorted({each for each in found if each is not None}):
        await check(case.account_id, purpose)
    if age is not None and age < MINOR_YEARS:
        await check(case.account_id, Purpose.CHILD)


def notice_shown(now: datetime) -> list[Any]:
    """Return the values with which a filing keeps that its notice was shown: its id, purpose,
    version, kind, digest and the time."""
    told = STATEMENTS[Purpose.CASE_HANDLING]
    return [uuid7(), told.purpose.value, told.version, told.kind.value, told.digest, now]


@dataclass(frozen=True)
class Consents:
    clock: Clock
    statements: Mapping[Purpose, Statement] = field(default_factory=lambda: STATEMENTS)

    async def list(self, who: Citizen) -> Sequence[Answered]:
        """Return every purpose that is asked about, with the asker's answers."""
        standing = await self._standing(who.account_id)
        kinds = (ConsentKind.CONSENT, ConsentKind.SEPARATE)
        return [
            _answered(each, standing.get(each.purpose))
            for each in self.statements.values()
            if each.kind in kinds
        ]

    async def _standing(self, account_id: UUID) -> Mapping[str, Consent]:
        found = await Consent.filter(account_id=account_id, case_id=None, superseded_at=None)
        return {consent.purpose: consent for consent in found}

    @transaction
    async def answer(
        self,
        who: Citizen,
        purpose: Purpose,
        version: str,
        *,
        given: bool,
        applicant: UUID | None = None,
    ) -> Answered:
        """Give, refuse or withdraw a consent; the same again changes nothing.

        ``applicant``: the account for which somebody answers, a guardian for a child, or who may
        sign for them what is asked separately. Raises ``ConsentOutdated``, ``NotToBeAsked``,
        ``PrincipalUnknown`` or ``NotTheGuardian``.
        """
        statement = self.statements[purpose]
        if not _is_asked(statement, in_place=applicant is not None):
            raise NotToBeAsked
        if version != statement.version:
            raise ConsentOutdated
        now = self.clock.now()
        account_id = who.account_id
        if applicant is not None:
            await _check_speaks(who, applicant, statement, now)
            account_id = applicant
        before = (
            await Consent.filter(
                account_id=account_id, case_id=None, purpose=purpose.value, superseded_at=None
            )
            .select_for_update()
            .first()
        )
        if before is not None and _is_same(before, version, given):
            return _answered(statement, before)
        if purpose is Purpose.SAVED_MATERIALS and not given:
            await saved.empty(account_id)
        if before is not None and before.version == version and _stands(before):
            before.withdrawn_at = now
            await before.save(update_fields=["withdrawn_at"])
            return _answered(statement, before)
        if before is not None:
            before.superseded_at = now
            await before.save(update_fields=["superseded_at"])
        answer = await Consent.create(
            id=uuid7(),
            account_id=account_id,
            purpose=purpose.value,
            version=version,
            kind=statement.kind.value,
            answer=GIVEN if given else REFUSED,
            digest=statement.digest,
            given_by=who.account_id if applicant is not None else None,
            answered_at=now,
        )
        return _answered(statement, answer)


def _is_asked(statement: Statement, *, in_place: bool) -> bool:
    match statement.kind:
        case ConsentKind.GUARDIAN:
            return in_place
        case ConsentKind.SEPARATE:
            return True
        case ConsentKind.CONSENT:
            return not in_place
        case ConsentKind.NOTICE:
            return False


async def _check_speaks(who: Citizen, other: UUID, statement: Statement, now: datetime) -> None:
    """Check that somebody may answer in another's place: the guardian, or who may sign."""
    power = await access.power(who, other, now)
    is_guardian = any(given.kind is MandateKind.GUARDIAN for given in power.given or ())
    signs = Act.SIGN in power.all() and statement.kind is ConsentKind.SEPARATE
    if not is_guardian and not signs:
        raise NotTheGuardian


def _stands(consent: Consent) -> bool:
    return consent.answer == GIVEN and consent.withdrawn_at is None


def _is_same(consent: Consent, version: str, given: bool) -> bool:
    return consent.version == version and _stands(consent) is given


def _answered(statement: Statement, consent: Consent | None) -> Answered:
    if consent is None or consent.version != statement.version:
        return Answered(statement, "UNANSWERED", ask=True, answered_at=None)
    status = consent.answer if consent.withdrawn_at is None else "WITHDRAWN"
    when = consent.withdrawn_at or consent.answered_at
    return Answered(statement, status, ask=False, answered_at=when)
