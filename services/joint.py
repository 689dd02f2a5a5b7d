"""Joint cases (联办件): one filing, a child per department, a parent that sums them up.

An item is joint when its body has ``joint_items``: per child the ``code`` of its item and, where
they differ, which ``materials`` of the parent (by the child's codes) it takes. The item itself
charges no fee and is not handed off: its children are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from models.case import Case, CaseEvent, CaseForm
from models.ids import uuid7
from models.material import Material
from models.notice import Notice
from models.review import Correction
from models.rules import joint as rules
from models.rules.events import Event
from models.rules.notices import NoticeKind
from models.rules.reasons import RefusalReason
from models.rules.states import HandoffStatus, State
from models.unit import transaction
from services import access, readings, versions
from services.actors import Citizen, RollUp
from services.forms import Forms
from services.items import Items, PublishedItem
from services.orders import close_soon
from services.transitions import Transitions
from services.withdrawals import Withdrawals

COPIED = (
    *("name_sealed", "original_key", "sha256", "mime", "size", "working_key", "working_sha256"),
    *("working_mime", "working_size", "thumbnail_key", "thumbnail_size", "pages", "width"),
    *("height", "verification", "verification_source", "verified_at", "supply_mode"),
    *("trust_level", "origin_id", "valid_until"),
)


@dataclass(frozen=True)
class Child:
    """A child as its applicant sees it; ``points`` is what its department wants put right."""

    case: Case
    item: PublishedItem
    points: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Joint:
    items: Items
    forms: Forms
    transitions: Transitions
    withdrawals: Withdrawals

    async def split(
        self, parent: Case, item: PublishedItem
    ) -> Sequence[tuple[Case, Mapping[str, str]]]:
        """Make a draft per department of a parent that was just submitted; none for other items.

        In the caller's transaction. Form and materials are the parent's, the files the same; with
        each come the parent's codes of its materials where they differ. Raises ``ItemUnknown``.
        """
        return [
            (await self._child(parent, spec), spec.get("materials", {}))
            for spec in item.joint_items
        ]

    async def _child(self, parent: Case, spec: Mapping[str, Any]) -> Case:
        item = await self.items.current(spec["code"])
        now = self.transitions.clock.now()
        child = await Case.create(
            id=uuid7(),
            account_id=parent.account_id,
            item_id=item.item_id,
            item_version_id=item.version_id,
            applicant_type=parent.applicant_type,
            parent_id=parent.id,
            filed_by=parent.filed_by,
            mandate_id=parent.mandate_id,
            mandate_kind=parent.mandate_kind,
            # Beside a draft of the same item that the person may have open.
            extra_draft=True,
            created_at=now,
            updated_at=now,
        )
        given = await self.forms.read(parent.id)
        known = item.form_schema["properties"]
        values = {name: value for name, value in given.values.items() if name in known}
        read = {name: of for name, of in given.read.items() if name in known}
        sealed = self.forms.seal(values)
        await CaseForm.create(case_id=child.id, sealed=sealed, prefilled=read, saved_at=now)
        await self._copy(parent, child, item, spec.get("materials", {}))
        return child

    async def _copy(
        self, parent: Case, child: Case, item: PublishedItem, names: Mapping[str, str]
    ) -> None:
        held = {m.code: m for m in await Material.filter(case_id=parent.id, replaced_at=None)}
        wanted = {each["code"]: names.get(each["code"], each["code"]) for each in item.materials}
        for code, source in wanted.items():
            if source in held:
                made = await Material.create(
                    id=uuid7(),
                    case_id=child.id,
                    code=code,
                    no=1,
                    created_at=held[source].created_at,
                    **{column: getattr(held[source], column) for column in COPIED},
                )
                await versions.copy_pages(held[source], made)
                await readings.copy(self.transitions.jobs, held[source], made)

    async def withdraw(self, parent: Case, who: Citizen) -> bool:
        """Withdraw the children of a parent that is being withdrawn; True when it can go too.

        In the caller's transaction, with the parent's row held. A child that was accepted can
        only be asked for; its parent then waits for the back-office's answer.
        """
        waits = False
        for child in await self._children(parent.id):
            if child.state.closed:
                continue
            if not child.state.before_acceptance:
                waits = True
                await self.withdrawals.ask_for(child)
                continue
            item = await self.items.version(child.item_version_id)
            await self.transitions.apply(child, item, Event.WITHDRAW, who.actor)
            await close_soon(self.transitions.jobs, child.id)
        if waits:
            parent.withdraw_requested_at = self.transitions.clock.now()
            await parent.save(update_fields=["withdraw_requested_at"])
        return not waits

    @transaction
    async def roll_up(self, payload: Mapping[str, Any]) -> None:
        """Let a parent follow its children (job ``joint.roll_up``: parent_id, child_id, seq).

        It looks at all of them, so a repeated or late job does no harm.
        """
        parent = await Case.filter(id=UUID(payload["parent_id"])).select_for_update().get()
        item = await self.items.version(parent.item_version_id)
        cause = {"child_id": payload["child_id"], "seq": payload["seq"]}
        while True:
            children = await Case.filter(parent_id=parent.id).order_by("case_no")
            parts = [rules.Part(c.state, c.accepted_at is not None, c.decision) for c in children]
            event = rules.next_step(parent.state, parts)
            if event is None:
                return
            await self._step(parent, item, event, children, cause)

    async def _step(
        self,
        parent: Case,
        item: PublishedItem,
        event: Event,
        children: Sequence[Case],
        cause: Mapping[str, Any],
    ) -> None:
        role = rules.role_of(parent.state, event, item.acceptor)
        changes: dict[str, Any] = {}
        data: dict[str, Any] = {"joint": dict(cause)}
        if event is Event.ISSUE_CORRECTION:
            changes = await self._merge(parent, children)
            data["text"] = "各部门要您补的材料都列在一起了,请到各部门的办件里补齐。"
        elif event is Event.ACCEPT:
            changes = {"handoff_status": HandoffStatus.NONE.value}
        elif event in (Event.DECIDE_APPROVE, Event.DECIDE_REJECT):
            approved = event is Event.DECIDE_APPROVE
            changes = {"decision": "APPROVED" if approved else "REJECTED"}
            data["text"] = await self._summary(children)
        elif event is Event.REFUSE_ACCEPTANCE:
            data |= await self._refusals(children)
        elif event is Event.RESUBMIT and not await _answered(parent, children):
            data["text"] = "有部门的材料到期没有补,那一件按撤回处理,其他部门的接着办。"
        actor = RollUp(role, None, None)
        await self.transitions.apply(parent, item, event, actor, changes=changes, data=data)
        if event is Event.RESUBMIT and "text" in data:
            # Nothing came in, so nothing is acknowledged.
            receipt = Notice.filter(case_id=parent.id, seq=parent.version, digest=None)
            await receipt.filter(kind=NoticeKind.N01.name).delete()

    async def _refusals(self, children: Sequence[Case]) -> dict[str, Any]:
        """Return what the parent's notice (N03) tells: each department's reason in its words."""
        names = {c.id: (await self.items.version(c.item_version_id)).name for c in children}
        refused = CaseEvent.filter(case_id__in=list(names), event=Event.REFUSE_ACCEPTANCE.value)
        steps = await refused.order_by("at", "case_id")
        first, told = steps[0].data, [step.data for step in steps]
        explained = [
            f"{names[step.case_id]}:{RefusalReason[step.data['reason_code']].zh}"
            f"{step.data['explanation']}"
            for step in steps
        ]
        one = len(steps) == 1
        return {
            "reason_code": first["reason_code"],
            "explanation": first["explanation"] if one else "".join(explained),
            "redirect_agency": "、".join(
                dict.fromkeys(each["redirect_agency"] for each in told if each["redirect_agency"])
            )
            or None,
            "items": [line for each in told for line in each.get("items") or ()],
            "text": first["text"] if one else f"申请不予受理。{''.join(explained)}",
        }

    async def _merge(self, parent: Case, children: Sequence[Case]) -> dict[str, Any]:
        """Put what every department wants into one notice of the parent (一次性告知)."""
        notices = [
            (await self.items.version(child.item_version_id), found)
            for child in children
            if (found := await _correction_of(child)) is not None
        ]
        points = [
            {**point, "name": f"{item.name}:{point['name']}", "item_code": item.code}
            for item, notice in notices
            for point in notice.items
        ]
        await Correction.create(
            case_id=parent.id,
            round=parent.round + 1,
            opinion="\n".join(notice.opinion for _, notice in notices if notice.opinion)[:1000],
            items=points,
            issued_by_id=notices[-1][1].issued_by_id,
            issued_at=self.transitions.clock.now(),
        )
        return {"round": parent.round + 1}

    async def _summary(self, children: Sequence[Case]) -> str:
        words = {"APPROVED": "批准了", "REJECTED": "没有批准"}
        told = [
            f"{(await self.items.version(child.item_version_id)).name}"
            f"{words.get(str(child.decision), child.state.zh)}"
            for child in children
        ]
        return f"各部门都办完了:{';'.join(told)}。详细的请看各部门的办件。"

    async def show(self, who: Citizen, case_id: UUID) -> Sequence[Child]:
        """Return the children of one's own case; raise ``CaseUnknown``."""
        parent = await access.seen(who, case_id, self.transitions.clock.now())
        found = []
        for child in await Case.filter(parent_id=parent.id).order_by("case_no"):
            notice = await _correction_of(child)
            item = await self.items.version(child.item_version_id)
            found.append(Child(child, item, () if notice is None else notice.items))
        return found

    async def _children(self, parent_id: UUID) -> Sequence[Case]:
        return await Case.filter(parent_id=parent_id).order_by("id").select_for_update()


async def _correction_of(child: Case) -> Correction | None:
    """Return the notice that a child has to answer now."""
    if child.state is not State.CORRECTION_REQUIRED:
        return None
    return await Correction.get(case_id=child.id, round=child.round)


async def _answered(parent: Case, children: Sequence[Case]) -> bool:
    """Tell whether any department was supplied with what the parent's last notice asked for."""
    notice = await Correction.get(case_id=parent.id, round=parent.round)
    return await CaseEvent.exists(
        case_id__in=[child.id for child in children],
        event=Event.RESUBMIT.value,
        at__gte=notice.issued_at,
    )
