"""The four points of the review (审查四要素) as staff send them."""

from pydantic import BaseModel, ConfigDict

from services.assessments import Checklist


class ChecklistBody(BaseModel):
    """True: the point is in order. 齐全, 信息要素完整, 符合法定形式, 属于本级职权."""

    model_config = ConfigDict(extra="forbid")

    complete: bool
    elements: bool
    form: bool
    jurisdiction: bool


def checklist_of(body: ChecklistBody | None) -> Checklist | None:
    return None if body is None else Checklist(**body.model_dump())
