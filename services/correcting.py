"""Issuing a correction notice (补正材料通知书): everything at once, and once (行政许可法32(四)).

From pre-review (T05), or from the window where originals showed what uploads could not (T16).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from models.case import CaseEvent
from models.material import Material
from models.promise import ShortfallItem, SignedPromise
from models.review import Correction, CorrectionOverride
from models.rules import flavours
from models.rules.events import Event, Role
from models.rules.flavours import SEEN_ON_ORIGINALS, ShortfallStage
from models.rules.reasons import Verdict as Word
from models.rules.states import AcceptMode, MonitorLight
from models.rules.supervision import AlertKind
from services import deemed, inline_fixes, lacking, overrides, verdicts
from services.actors import Actor, Officer
from services.alerts import raise_alert
from services.assessments import Assessment
from services.cases import Cases, Opened
from services.corrections import (
    CorrectionEmpty,
    CorrectionIncomplete,
    CorrectionNotForItem,
    CorrectionRepeats,
    DefectNotNew,
    MaterialNotOnList,
    NotOnFirstNotice,
    Point,
    VerdictMissing,
    marks_of,
    names_of,
    stored,
)
from services.desk import acting
from services.errors import FieldFault
from services.forms import FieldUnknown
from services.items import PublishedItem
from services.promises import PromiseKind
from services.visits import visited

NOTICES = (Event.ISSUE_CORRECTION, Event.PAPER_DEFECT)
DEMANDED = "补正通知书要求现在就交。"


@dataclass(frozen=True)
class Notice:
    """A notice as its officer writes and signs it; its opinion is told to the applicant too."""

    points: Sequence[Point]
    assessment: Assessment

    @property
    def materials(self) -> list[str]:
        return [point.name for point in self.points if not point.is_field]

    @property
    def fields(self) -> list[str]:
        return [point.name for point in self.points if point.is_field]


@dataclass(frozen=True)
class Seen:
    """What the officer has before them when they write a notice.

    ``absent``: required, not there and not let off. ``due_again``: was let off and no longer is.
    """

    opened: Opened
    materials: Mapping[str, Material]
    failed: Collection[str]
    absent: Collection[str]
    due_again: Collection[str]
    marks: Mapping[str, Sequence[str]]


async def issue(
    cases: Cases, officer: Officer, opened: Opened, notice: Notice, event: Event
) -> None:
    """Check and issue a notice, in the caller's transaction with the case's row held.

    Raises the problems of ``services.corrections``, ``AcceptedByLaw``, ``FieldUnknown``,
    ``StepNotAllowed``, ``StepNotYours``.
    """
    case = opened.case
    at_window = event is Event.PAPER_DEFECT
    actor = acting(officer, Role.WINDOW if at_window else opened.item.acceptor, opened.item)
    seen = await _look(cases, opened)
    _check_form(opened.item, notice)
    if at_window:
        await _check_originals(cases, officer, opened, notice)
    else:
        _check_policy(opened.item)
        await deemed.check_in_time(opened, cases.clock.now())
        _check_verdicts(seen, notice.materials)
    late = await _late(seen, notice, event)
    override = await overrides.usable(case.id, case.round + 1, officer) if late else None
    if late and override is None:
        raise NotOnFirstNotice(faults=[_fault(point, "以前没有提出过。") for point in late])
    await _keep(cases, officer, seen, notice, override)
    if override is not None:
        await _mark_override(cases, opened, override, actor, len(late))
    await cases.transitions.apply(
        case,
        opened.item,
        event,
        actor,
        changes={
            "round": case.round + 1,
            **(visited(case, cases.clock.now()) if at_window else {}),
        },
        data={
            "form": {name: marks[0] for name, marks in seen.marks.items()},
            **notice.assessment.data(officer),
        },
    )


async def _look(cases: Cases, opened: Opened) -> Seen:
    case, item = opened.case, opened.item
    present = await cases.materials(case.id)
    rows = await lacking.of_case(case.id)
    let_off = {row.code for row in rows if ShortfallStage(row.status).is_open}
    if case.wanted_mode == AcceptMode.COMMITMENT.value:
        let_off |= flavours.replaced_by_promise(item.body)
    return Seen(
        opened=opened,
        materials=present,
        failed=verdicts.failed(await verdicts.of_round(case)),
        absent=[
            each.code
            for each in await cases.requirements(opened)
            if each.required and each.upload and each.code not in {*present, *let_off}
        ],
        due_again=await _due_again(case.id, item, rows),
        marks=marks_of(cases.forms.crypto, case.id, item, opened.form.values),
    )


async def _due_again(
    case_id: UUID, item: PublishedItem, rows: Collection[ShortfallItem]
) -> set[str]:
    codes = {row.code for row in rows if row.status == ShortfallStage.DECLINED}
    replaced = flavours.replaced_by_promise(item.body)
    if (
        replaced
        and await SignedPromise.filter(
            case_id=case_id, kind=PromiseKind.COMMITMENT.value, withdrawn_at__isnull=False
        ).exists()
    ):
        codes |= replaced
    return codes


def _check_form(item: PublishedItem, notice: Notice) -> None:
    points = notice.points
    if not points:
        raise CorrectionEmpty
    if len({(point.name, point.is_field) for point in points}) < len(points):
        raise CorrectionRepeats
    if set(notice.materials) - {material["code"] for material in item.materials}:
        raise MaterialNotOnList
    if set(notice.fields) - set(item.form_schema["properties"]):
        raise FieldUnknown


def _check_policy(item: PublishedItem) -> None:
    if item.body["acceptance"]["incomplete_policy"] == "NOT_ACCEPT_WITH_LIST":
        raise CorrectionNotForItem


def _check_verdicts(seen: Seen, materials: Collection[str]) -> None:
    if set(materials) - set(seen.failed):
        raise VerdictMissing
    names = names_of(seen.opened.item)
    wrong = dict.fromkeys((*seen.failed, *seen.absent))
    left_out = [code for code in wrong if code not in materials]
    if left_out:
        raise CorrectionIncomplete(
            faults=[FieldFault(f"/materials/{code}", names[code]) for code in left_out]
        )


async def _check_originals(cases: Cases, officer: Officer, opened: Opened, notice: Notice) -> None:
    """Check what originals showed, and note it as this round's verdict on each material."""
    if notice.fields or any(point.reason not in SEEN_ON_ORIGINALS for point in notice.points):
        raise DefectNotNew
    for point in notice.points:
        said = verdicts.Opinion(Word.FAIL, point.reason, "")
        await verdicts.put(cases, officer, opened, point.name, said)


async def _late(seen: Seen, notice: Notice, event: Event) -> list[Point]:
    """Return the points that an earlier notice could have made and did not."""
    case_id = seen.opened.case.id
    earlier = await Correction.filter(case_id=case_id).order_by("round")
    if not earlier:
        return []
    events = await CaseEvent.filter(
        case_id=case_id, event__in=[each.value for each in NOTICES]
    ).order_by("-seq")
    first_originals = all(each.event != Event.PAPER_DEFECT.value for each in events)
    if event is Event.PAPER_DEFECT and first_originals:
        return []
    named = {
        (point.get("material_code") or point["field"], bool(point.get("field")))
        for correction in earlier
        for point in correction.items
    }
    marks = events[0].data["form"] if events else {}
    since = earlier[-1].issued_at
    supplied = {code for code, found in seen.materials.items() if found.created_at > since}
    changed = {name for name, known in seen.marks.items() if marks.get(name) not in known}
    known = (
        named
        | {(code, False) for code in (*supplied, *seen.due_again)}
        | {(name, True) for name in changed}
    )
    return [point for point in notice.points if (point.name, point.is_field) not in known]


async def _keep(
    cases: Cases,
    officer: Officer,
    seen: Seen,
    notice: Notice,
    override: CorrectionOverride | None,
) -> None:
    case = seen.opened.case
    await Correction.create(
        case_id=case.id,
        round=case.round + 1,
        opinion=notice.assessment.opinion,
        items=stored(seen.opened.item, seen.marks, notice.points),
        issued_by_id=officer.id,
        issued_at=cases.clock.now(),
        override_reason=None if override is None else override.reason,
        override_by=None if override is None else override.granted_by,
    )
    # The notice takes the place of what was still open: it tells the applicant all at once.
    await lacking.demanded(case.id, notice.materials, DEMANDED)
    await inline_fixes.close(case.id)


async def _mark_override(
    cases: Cases, opened: Opened, override: CorrectionOverride, actor: Actor, points: int
) -> None:
    now = cases.clock.now()
    override.used_at = now
    await override.save(update_fields=["used_at"])
    await raise_alert(
        now,
        AlertKind.OUT_OF_ORDER,
        MonitorLight.YELLOW,
        "correction_override",
        owner=(actor.role, actor.unit or opened.item.agency),
        case_id=opened.case.id,
        actor=actor,
        data={"round": override.round, "points": points, "override_by": str(override.granted_by)},
    )


def _fault(point: Point, detail: str) -> FieldFault:
    return FieldFault(f"/{'form' if point.is_field else 'materials'}/{point.name}", detail)
