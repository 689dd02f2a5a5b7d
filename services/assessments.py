"""Signed opinions (签署意见) of an officer, with the four points of the review (审查四要素)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.actors import Officer
from services.errors import Conflict, FieldFault

# 青神方案2018 附件1: what is looked at before an application is accepted.
POINTS: Mapping[str, str] = {
    "complete": "申请材料不齐全。",
    "elements": "信息要素不完整。",
    "form": "不符合法定形式。",
    "jurisdiction": "不属于本级行政机关职权范围。",
}


class ChecklistUnmet(Conflict):
    """An acceptance although a point was answered with no; each fault names one."""

    code = "checklist_unmet"
    sentence = "审查四要素有一项不符合,不能受理。"


@dataclass(frozen=True)
class Checklist:
    """审查四要素: True means that the point is in order."""

    complete: bool
    elements: bool
    form: bool
    jurisdiction: bool


@dataclass(frozen=True)
class Assessment:
    """What an officer signs: the four points, and an opinion in their own words."""

    checklist: Checklist | None = None
    opinion: str = ""

    def check_acceptable(self) -> None:
        """Raise ``ChecklistUnmet`` when a point is not in order."""
        if self.checklist is None:
            return
        unmet = [name for name in POINTS if not getattr(self.checklist, name)]
        if unmet:
            raise ChecklistUnmet(
                faults=[FieldFault(f"/checklist/{name}", POINTS[name]) for name in unmet]
            )

    def data(self, officer: Officer) -> dict[str, Any]:
        """Return what the step keeps. It is for the file: no timeline shows it."""
        data: dict[str, Any] = {"signer": {"id": str(officer.id), "unit": officer.unit}}
        if self.checklist is not None:
            data["checklist"] = dict(vars(self.checklist))
        if self.opinion:
            data["opinion"] = self.opinion
        return data
