"""What has to be seen of a case's originals, and whether what an officer says of them can stand."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from models.case import Case
from models.credit import OriginalCheck
from models.rules.originals import Finding, Original, Outcome, to_be_seen
from models.rules.supervision import AlertKind
from services.cases import Cases, Opened
from services.errors import Conflict, FieldFault, Invalid

DB_MATCHED = "DB_MATCHED"


class OriginalNotAsked(Invalid):
    """A finding on what this case does not have to show (清单外材料禁收), or twice on one."""

    code = "original_not_asked"
    sentence = "这份材料不在要核验原件的清单里,或者重复填写。"


class OriginalsUnseen(Invalid):
    """Each original on the list needs a finding; to pass, every one must be true."""

    code = "originals_unseen"
    sentence = "清单上的原件要逐项核验;全部与原件一致、身份相符,才能通过。"
    alert = AlertKind.OUT_OF_ORDER


class NothingLacking(Invalid):
    """An incomplete check says what is missing or of the wrong form, and only that."""

    code = "nothing_lacking"
    sentence = "材料不齐的,要写明哪些原件没有带或者形式不符;有不真实的要按不一致处理。"


class MismatchUnproven(Invalid):
    """A mismatch names what does not match and attaches the evidence (T41)."""

    code = "mismatch_unproven"
    sentence = "认定不一致的,要指明身份不符或哪份材料不真实,并附上证据。"


class MismatchPending(Conflict):
    """A second officer has to judge the mismatch that one has recorded."""

    code = "mismatch_pending"
    sentence = "这个办件有一次不一致的认定还在等第二名工作人员确认。"


@dataclass(frozen=True)
class Sight:
    """What an officer found of one original; ``note`` tells the applicant what to bring."""

    code: str
    finding: Finding
    note: str = ""


@dataclass(frozen=True)
class Look:
    """One look at the originals. ``outcome`` is PASS, INCOMPLETE or MISMATCH.

    ``identity_matched`` None: there was nothing to compare the person with. ``by_post``: the
    originals came without the person, so it was no visit.
    """

    outcome: Outcome
    identity_matched: bool | None
    sights: Sequence[Sight]
    opinion: str = ""
    evidence: Sequence[str] = ()
    by_post: bool = False

    def codes(self, finding: Finding) -> list[str]:
        return [sight.code for sight in self.sights if sight.finding is finding]


async def listed(cases: Cases, opened: Opened) -> list[Original]:
    """Return every original of a case that the item wants to see, in the item's order."""
    return await _listed(cases, opened, ())


async def still_to_see(cases: Cases, opened: Opened) -> list[Original]:
    """Return the originals that no earlier check found true."""
    checks = await OriginalCheck.filter(case_id=opened.case.id, outcome=Outcome.INCOMPLETE.value)
    seen = [
        point["code"]
        for check in checks
        for point in check.items
        if point["finding"] == Finding.TRUE.value
    ]
    return await _listed(cases, opened, seen)


async def _listed(cases: Cases, opened: Opened, seen: Sequence[str]) -> list[Original]:
    held = await cases.materials(opened.case.id)
    return to_be_seen(
        opened.item.materials,
        await cases.requirements(opened),
        held=held.keys(),
        matched=[code for code, each in held.items() if each.verification == DB_MATCHED],
        seen=seen,
    )


async def newest_list(case: Case) -> Sequence[dict[str, Any]]:
    """Return what the newest incomplete check found lacking: code, name, finding, note."""
    check = (
        await OriginalCheck.filter(case_id=case.id, outcome=Outcome.INCOMPLETE.value)
        .order_by("-at", "-id")
        .first()
    )
    return [] if check is None else lacking(check.items)


def lacking(points: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the points of a check that the applicant can still put right."""
    return [point for point in points if Finding(point["finding"]).can_be_supplied]


def check_look(look: Look, wanted: Sequence[Original], known: Sequence[Original]) -> None:
    """Check that a look can stand; ``wanted`` has not been seen yet, ``known`` is the whole list.

    Raises ``OriginalNotAsked``, ``OriginalsUnseen``, ``NothingLacking``, ``MismatchUnproven``.
    """
    mismatch = look.outcome is Outcome.MISMATCH
    usable = {each.code for each in (known if mismatch else wanted)}
    codes = [sight.code for sight in look.sights]
    strange = [code for code in codes if code not in usable or codes.count(code) > 1]
    if strange:
        raise OriginalNotAsked(faults=[FieldFault(f"/items/{code}", code) for code in strange])
    if mismatch:
        if not look.evidence or not (look.identity_matched is False or look.codes(Finding.FALSE)):
            raise MismatchUnproven
        return
    told = [each for each in wanted if each.code not in codes]
    if look.outcome is Outcome.PASS:
        true = look.codes(Finding.TRUE)
        told = [each for each in wanted if each.code not in true]
        if look.identity_matched is not True:
            raise OriginalsUnseen(faults=[FieldFault("/identity_matched", "身份没有核对相符。")])
    if told:
        raise OriginalsUnseen(
            faults=[FieldFault(f"/items/{each.code}", each.name) for each in told]
        )
    if look.outcome is Outcome.INCOMPLETE:
        _check_incomplete(look)


def _check_incomplete(look: Look) -> None:
    findings = {sight.finding for sight in look.sights}
    can_be_supplied = any(finding.can_be_supplied for finding in findings)
    if not can_be_supplied or look.identity_matched is False or Finding.FALSE in findings:
        raise NothingLacking
