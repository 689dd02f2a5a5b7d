"""The versions of a material side by side, for the officer who reviews it."""

from uuid import UUID

from pydantic import BaseModel

from api.auth import STAFF
from api.call import Call
from api.dossier import VerdictView, VersionView
from api.reviews import CASE
from api.routes import Routes
from services.access import CaseUnknown
from services.actors import Officer
from services.approvals import ApprovalNeeded
from services.comparing import Version
from services.materials import MaterialUnknown
from services.transitions import StepNotYours

comparing = Routes("reviews", "/staff/v1/cases", STAFF)
ROUTES = (comparing,)


class ReadField(BaseModel):
    """A field as it was read; names and numbers of people are masked."""

    name: str
    page: int
    text: str


class ComparedVersion(BaseModel):
    """A filed version; ``changed``: the fields that the version before showed otherwise."""

    version: VersionView
    verdicts: list[VerdictView]
    fields: list[ReadField]
    changed: list[str]

    @classmethod
    def of(cls, version: Version) -> "ComparedVersion":
        return cls(
            version=VersionView.of(version.material, current=version.current),
            verdicts=[VerdictView.of(verdict) for verdict in version.verdicts],
            fields=[
                ReadField(name=name.value, page=page, text=text)
                for name, page, text in version.fields
            ],
            changed=[name.value for name in version.changed],
        )


class ComparedVersions(BaseModel):
    versions: list[ComparedVersion]


@comparing.add(
    "GET",
    f"{CASE}/materials/<code:str>/versions",
    answer=ComparedVersions,
    errors=(CaseUnknown, StepNotYours, ApprovalNeeded, MaterialUnknown),
)
async def list_versions(call: Call[Officer], case_id: UUID, code: str) -> ComparedVersions:
    """List the filed versions of a material, newest first, with what changed between them.

    The files: /staff/v1/materials/<id>/content of each.
    """
    found = await call.ctx.comparing.versions(call.who, case_id, code)
    return ComparedVersions(versions=[ComparedVersion.of(each) for each in found])
