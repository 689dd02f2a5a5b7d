"""Marks on materials by staff: compared with the original at the window."""

from uuid import UUID

from api.auth import STAFF
from api.call import Call
from api.dossier import VersionView
from api.reviews import CASE
from api.routes import Routes
from services.access import CaseUnknown
from services.actors import Officer
from services.marks import NothingToMark
from services.transitions import StepNotAllowed, StepNotYours

marks = Routes("reviews", "/staff/v1/cases", STAFF)
ROUTES = (marks,)


@marks.add(
    "POST",
    f"{CASE}/materials/<code:str>/original-seen",
    answer=VersionView,
    errors=(CaseUnknown, StepNotAllowed, StepNotYours, NothingToMark),
)
async def see_original(call: Call[Officer], case_id: UUID, code: str) -> VersionView:
    """Mark an upload as equal to its original, which the officer has seen; twice is once."""
    return VersionView.of(await call.ctx.marks.see_original(call.who, case_id, code))
