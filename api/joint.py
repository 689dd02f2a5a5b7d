"""Joint cases: what each department makes of one's filing, in one place."""

from uuid import UUID

from pydantic import BaseModel

from api.auth import CITIZEN
from api.call import Call
from api.routes import Routes
from services.access import CaseUnknown
from services.actors import Citizen
from services.joint import Child

joint = Routes("joint", "/v1/cases", CITIZEN)
ROUTES = (joint,)


class PointView(BaseModel):
    """What a department wants put right, in its own part of the case."""

    material_code: str | None
    field: str | None
    name: str | None
    requirement: str | None


class ChildView(BaseModel):
    id: UUID
    case_no: str
    item_name: str
    agency: str
    state: str
    state_text: str
    points: list[PointView]

    @classmethod
    def of(cls, child: Child) -> "ChildView":
        return cls(
            id=child.case.id,
            case_no=str(child.case.case_no),
            item_name=child.item.name,
            agency=child.item.agency,
            state=child.case.state.value,
            state_text=child.case.state.zh,
            points=[
                PointView(**{name: point.get(name) for name in PointView.model_fields})
                for point in child.points
            ],
        )


class ChildList(BaseModel):
    """Empty for a case that is not joint, or not submitted yet."""

    children: list[ChildView]


@joint.add("GET", "/<case_id:uuid>/children", answer=ChildList, errors=(CaseUnknown,))
async def list_children(call: Call[Citizen], case_id: UUID) -> ChildList:
    """List what each department makes of one's own joint case."""
    found = await call.ctx.joint.show(call.who, case_id)
    return ChildList(children=[ChildView.of(child) for child in found])
