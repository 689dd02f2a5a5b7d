"""Drafts and the reading of one's own cases."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from models.case import Case
from models.database import Duplicate, rows
from models.ids import uuid7
from models.material import Material
from models.promise import InlineFix
from models.rules.clock_table import ClockName
from models.rules.conditions import Requirement, required_materials
from models.rules.events import Event
from models.rules.mandates import AGENTS, Act, MandateKind
from models.rules.states import State
from models.unit import transaction
from services import access
from services.access import Given
from services.actors import Citizen
from services.applicants import Applicants, RealNameRequired, facts_of
from services.errors import Conflict, Forbidden, Invalid
from services.forms import Form, Forms
from services.items import Items, PublishedItem
from services.ports import Clock
from services.transitions import Transitions

LISTED = f"""
SELECT c.* FROM cases c WHERE c.account_id = $4 AND c.state <> 'VOIDED' AND {access.MAY}
  AND ($5::uuid IS NULL OR c.id < $5) ORDER BY c.id DESC LIMIT $6"""  # noqa: S608


class ApplicantTypeRefused(Invalid):
    """The item is not for this kind of applicant."""

    code = "applicant_type_refused"
    sentence = "这个事项不能由这类申请人申请。"


class AgentRefused(Forbidden):
    """The law wants the applicant in person (``flags.agent_allowed``)."""

    code = "agent_refused"
    sentence = "这个事项必须由申请人本人办理,不能委托别人。"


class NotEditable(Conflict):
    """The form and the materials of a case that is being handled stay as they are."""

    code = "case_not_editable"
    sentence = "申请已经提交,现在不能修改。"


class FiledElsewhere(Conflict):
    """The item is filed in another system; ``external`` names it and its address."""

    code = "filed_elsewhere"
    sentence = "这个事项要到外部系统办理,请按办事指南里的地址进入。"


@dataclass(frozen=True)
class Opened:
    """A case of the asker with its item and form."""

    case: Case
    item: PublishedItem
    form: Form


@dataclass(frozen=True)
class Beginning:
    """Whose case is begun, and by which mandate when that is somebody else."""

    account_id: UUID
    applicant_type: str
    given: Given | None


@dataclass(frozen=True)
class Draft:
    opened: Opened
    created: bool


def is_editable(state: State) -> bool:
    """Tell whether the applicant may change form and materials in this state."""
    return state in (State.DRAFT, State.CORRECTION_REQUIRED)


@dataclass(frozen=True)
class Cases:
    clock: Clock
    items: Items
    forms: Forms
    applicants: Applicants
    transitions: Transitions

    async def open_draft(
        self, who: Citizen, item_code: str, *, another: bool, applicant: UUID | None = None
    ) -> Draft:
        """Return the applicant's draft for an item, making it if there is none or one is asked.

        ``applicant`` is the account of who applies, when that is not the asker. Raises
        ``ItemUnknown``, ``ApplicantTypeRefused``, ``PrincipalUnknown``, ``ActNotGranted`` or
        ``AgentRefused``.
        """
        item = await self.items.current(item_code)
        if item.external is not None:
            raise FiledElsewhere(facts={"external": dict(item.external)})
        begun = await self._beginning(who, item, applicant or who.account_id)
        try:
            return await self._open_draft(begun, item, another)
        except Duplicate:
            # The same tap arrived twice: the other one made the draft.
            return await self._open_draft(begun, item, another)

    async def _beginning(self, who: Citizen, item: PublishedItem, account_id: UUID) -> Beginning:
        power = await access.power(who, account_id, self.clock.now())
        given = power.by(Act.FILL, item.item_id)
        if given is not None:
            check_agent(item, given.kind)
        kind = await self.applicants.type_of(account_id)
        if kind not in item.body["applicant_types"]:
            raise ApplicantTypeRefused
        return Beginning(account_id, kind, given)

    @transaction
    async def _open_draft(self, begun: Beginning, item: PublishedItem, another: bool) -> Draft:
        if not another:
            existing = (
                await Case.of(begun.account_id)
                .filter(item_id=item.item_id, state=State.DRAFT, extra_draft=False)
                .first()
            )
            if existing is not None:
                return Draft(await self._opened(existing), created=False)
        now = self.clock.now()
        case = await Case.create(
            id=uuid7(),
            account_id=begun.account_id,
            item_id=item.item_id,
            item_version_id=item.version_id,
            applicant_type=begun.applicant_type,
            mandate_id=begun.given.id if begun.given else None,
            mandate_kind=begun.given.kind.value if begun.given else None,
            extra_draft=another,
            created_at=now,
            updated_at=now,
        )
        await self.forms.create(case.id)
        await self.transitions.clocks.begin(case, ClockName.DRAFT_TTL, now)
        return Draft(Opened(case, item, Form({}, 0)), created=True)

    async def get(self, who: Citizen, case_id: UUID) -> Opened:
        """Return a case with what is in it; raise ``CaseUnknown`` or ``ActNotGranted``."""
        return await self._opened(await access.seen(who, case_id, self.clock.now(), Act.READ))

    async def list(
        self, who: Citizen, *, limit: int, before: UUID | None, applicant: UUID | None = None
    ) -> tuple[Sequence[tuple[Case, PublishedItem]], UUID | None]:
        """Return one's own cases, newest first, and where the next page begins.

        With ``applicant`` somebody's cases in which one may act for them.
        """
        whose = applicant or who.account_id
        asking = [who.account_id, Act.VIEW.value, self.clock.now(), whose]
        found = [
            Case._init_from_db(**row) for row in await rows(LISTED, [*asking, before, limit + 1])
        ]
        page = [(case, await self.items.version(case.item_version_id)) for case in found[:limit]]
        return page, page[-1][0].id if len(found) > limit else None

    @transaction
    async def put_field(self, who: Citizen, case_id: UUID, field: str, value: Any) -> Opened:
        """Save one field of the form (autosave); None clears it.

        In pre-review only what the officer opened (当场更正) can change: ``NotEditable``.
        """
        case = await self.locked(who, case_id)
        if not is_editable(case.state) and not await _is_opened(case, field):
            raise NotEditable
        item = await self.items.version(case.item_version_id)
        form = await self.forms.put(
            case.id,
            item,
            field,
            value,
            now=self.clock.now(),
            correcting=case.state is State.CORRECTION_REQUIRED,
        )
        return Opened(case, item, form)

    @transaction
    async def delete_draft(self, who: Citizen, case_id: UUID) -> None:
        """Void a draft (T02); raise ``StepNotAllowed`` when it was submitted already."""
        case = await self.locked(who, case_id)
        item = await self.items.version(case.item_version_id)
        await self.transitions.apply(case, item, Event.DRAFT_EXPIRE_OR_DELETE, who.actor)

    async def locked(self, who: Citizen, case_id: UUID, act: Act = Act.FILL) -> Case:
        """Return a case with its row held in which the asker may do this.

        Raises ``CaseUnknown`` or ``ActNotGranted``.
        """
        return await access.held(who, case_id, self.clock.now(), act)

    async def requirements(self, opened: Opened) -> Sequence[Requirement]:
        """Return which materials the item asks of this applicant, given the form as it stands."""
        age = None
        # Before the real-name check nobody's age is known; conditions on it wait.
        with suppress(RealNameRequired):
            age = (await self.applicants.get(opened.case.account_id)).age_at(self.clock.now())
        facts = facts_of(opened.form.values, opened.case, age)
        return required_materials(opened.item.materials, facts)

    async def materials(self, case_id: UUID) -> dict[str, Material]:
        """Return the current version of each material of a case, by code."""
        found = await Material.filter(case_id=case_id, replaced_at=None)
        return {material.code: material for material in found}

    async def _opened(self, case: Case) -> Opened:
        item = await self.items.version(case.item_version_id)
        return Opened(case, item, await self.forms.read(case.id))


def check_agent(item: PublishedItem, kind: MandateKind) -> None:
    """Raise ``AgentRefused`` where nobody may be sent; who acts by law is not sent."""
    if kind in AGENTS and not item.body["flags"]["agent_allowed"]:
        raise AgentRefused


async def _is_opened(case: Case, field: str) -> bool:
    """Tell whether an officer lets the applicant change this field on the spot (T04)."""
    if case.state is not State.PRE_REVIEWING:
        return False
    fix = await InlineFix.get_or_none(case_id=case.id, fixed_at=None)
    return fix is not None and field in fix.names
