"""Corrections (补正): the one-time notice (一次性告知, 行政许可法32(四)) and its answer.

A notice names everything at once. Later rounds may only speak of what an earlier notice named
or of what the applicant has supplied or changed since.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from models.material import Material
from models.review import Correction
from models.rules.reasons import DefectReason
from models.rules.supervision import AlertKind
from services.errors import Conflict, FieldFault, Invalid
from services.items import PublishedItem
from services.ports import Crypto

PURPOSE = "case.form.field"


class CorrectionNotForItem(Conflict):
    """The item's own law knows no correction: an incomplete application is not accepted."""

    code = "correction_not_for_item"
    sentence = "这个事项材料不齐的,依规定不予受理并列出清单,不发补正通知书。"


class CorrectionEmpty(Invalid):
    """A notice that names nothing."""

    code = "correction_empty"
    sentence = "补正通知书要列出需要补正的内容。"


class CorrectionIncomplete(Invalid):
    """A notice that leaves out what was found wrong; each fault names one material."""

    code = "correction_incomplete"
    sentence = "审查不合格的材料要一次全部列进补正通知书。"


class CorrectionRepeats(Invalid):
    """A notice that names the same thing twice."""

    code = "correction_repeats"
    sentence = "补正通知书里有重复的内容。"


class MaterialNotOnList(Invalid):
    """A material that the item's published list does not have (清单外材料禁收)."""

    code = "material_not_on_list"
    alert = AlertKind.OVERREACH
    sentence = "办事指南的清单里没有这份材料,不能要求提供。"


class VerdictMissing(Conflict):
    """A material that nobody has found wrong in this round."""

    code = "verdict_missing"
    sentence = "要求补正的材料,请先给出不合格的审查意见。"


class DefectNotNew(Conflict):
    """Something that the uploads showed already: looking at originals adds nothing to it (T16)."""

    code = "defect_not_new"
    alert = AlertKind.OUT_OF_ORDER
    sentence = "核对原件时,只能提出看了原件才发现的材料问题。"


class NotOnFirstNotice(Conflict):
    """A point that could have been made before (promise of the one-time notice)."""

    code = "not_on_first_notice"
    alert = AlertKind.OUT_OF_ORDER
    sentence = "以前的补正通知书没有提出,申请人也没有改动过的内容,不能再要求补正。"


@dataclass(frozen=True)
class Point:
    """One thing to put right: a material (``is_field`` False) or a field of the form."""

    name: str
    is_field: bool
    reason: DefectReason
    requirement: str


def marks_of(
    crypto: Crypto, case_id: UUID, item: PublishedItem, form: Mapping[str, Any]
) -> dict[str, list[str]]:
    """Return the blind indexes of each field's value: they tell a change and nothing else.

    The first is by the present key; what was kept under the one before is known by the next.
    """
    found = {}
    for field in item.form_schema["properties"]:
        value = orjson.dumps(form.get(field), option=orjson.OPT_SORT_KEYS).decode()
        indexes = crypto.indexes(f"{case_id}:{field}:{value}", PURPOSE)
        found[field] = [index.hex() for index in indexes]
    return found


def stored(
    item: PublishedItem, marks: Mapping[str, Sequence[str]], points: Sequence[Point]
) -> list[dict[str, Any]]:
    """Return a notice's points as they are kept; a field keeps the blind index of its value."""
    names = names_of(item)
    fields = item.form_schema["properties"]
    kept: list[dict[str, Any]] = []
    for point in points:
        value: dict[str, Any] = {
            "material_code": None if point.is_field else point.name,
            "field": point.name if point.is_field else None,
            "name": fields[point.name].get("title", point.name)
            if point.is_field
            else names[point.name],
            "reason_code": point.reason.value,
            "requirement": point.requirement,
        }
        if point.is_field:
            value["value_index"] = marks[point.name][0]
        kept.append(value)
    return kept


def shown_point(point: Mapping[str, Any]) -> dict[str, Any]:
    """Return what others see of a stored point."""
    names = ("material_code", "field", "name", "reason_code", "requirement")
    return {name: point.get(name) for name in names}


def unanswered(
    correction: Correction,
    asked: Collection[str],
    materials: Mapping[str, Material],
    marks: Mapping[str, Sequence[str]],
) -> list[FieldFault]:
    """Return a fault for each point of a notice that the applicant left as it was.

    A material that the changed form no longer asks for (not in ``asked``) is settled.
    """
    faults: list[FieldFault] = []
    for point in correction.items:
        code, field = point.get("material_code"), point.get("field")
        if code is not None and code in asked:
            material = materials.get(code)
            if material is None or material.created_at <= correction.issued_at:
                faults.append(FieldFault(f"/materials/{code}", "请补上这份材料。"))
        elif field is not None and point.get("value_index") in marks.get(field, ()):
            faults.append(FieldFault(f"/form/{field}", "请改好这一项。"))
    return faults


def names_of(item: PublishedItem) -> dict[str, str]:
    """Return the names of an item's materials by code."""
    return {material["code"]: material["name"] for material in item.materials}
