"""Slots: what an item asks of an applicant, what there is of it, and what the officer said."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from models.case import Case
from models.material import Material
from models.review import Verdict
from models.rules import reasons
from models.rules.conditions import Requirement
from models.rules.states import State
from services.findings import Look
from services.ports.files import Scan


class SlotState(StrEnum):
    """Where a material stands, as its applicant sees it."""

    EMPTY = "EMPTY"
    UPLOADED = "UPLOADED"
    REFUSED = "REFUSED"
    PASSED = "PASSED"


@dataclass(frozen=True)
class Held:
    """A version of a material with the name its owner gave the file.

    ``scan`` is the original's, and the worst of its photos' where it was put together from some.
    """

    material: Material
    name: str
    scan: Scan


@dataclass(frozen=True)
class Slot:
    """One material that the item names; ``spec`` is the item's own entry for it.

    ``reason`` and ``comment`` are the officer's, of a current version that was refused; ``look``
    is the machine's.
    """

    requirement: Requirement
    spec: Mapping[str, Any]
    state: SlotState = SlotState.EMPTY
    current: Held | None = None
    reason: str | None = None
    comment: str | None = None
    page: int | None = None
    look: Look | None = None


def slot_of(
    requirement: Requirement,
    spec: Mapping[str, Any],
    current: Held | None,
    verdict: Verdict | None,
) -> Slot:
    """Return the slot of a material, given its current version and the verdict on that one."""
    if current is None:
        return Slot(requirement, spec)
    said = reasons.Verdict(verdict.verdict) if verdict is not None else None
    if said is reasons.Verdict.PASS:
        return Slot(requirement, spec, SlotState.PASSED, current)
    if verdict is None or said is not reasons.Verdict.FAIL:
        return Slot(requirement, spec, SlotState.UPLOADED, current)
    reason = reasons.DefectReason(verdict.reason_code).zh if verdict.reason_code else None
    said_to_page = verdict.page
    return Slot(
        requirement,
        spec,
        SlotState.REFUSED,
        current,
        reason,
        verdict.comment or None,
        said_to_page,
    )


async def told_verdicts(case: Case) -> dict[UUID | None, Verdict]:
    """Return the newest verdict on each version, of those that the applicant was told.

    What an officer notes while still looking is not told: it comes all at once, by notice
    (行政许可法32(四)).
    """
    found = Verdict.filter(case_id=case.id, material_id__isnull=False)
    if case.state in (State.SUBMITTED, State.PRE_REVIEWING):
        found = found.filter(round__lt=case.round)
    return {verdict.material_id: verdict for verdict in await found.order_by("round", "at")}
