"""The published versions of an item: for those who look after it."""

from typing import Any

from pydantic import BaseModel

from api.auth import EDITOR
from api.call import Call
from api.routes import Routes
from services.actors import Officer
from services.drafts import names_of
from services.items import ItemUnknown
from services.publications import VersionUnknown

versions = Routes("item-versions", "/staff/v1/items", EDITOR)
ROUTES = (versions,)


class VersionView(BaseModel):
    """``open_cases`` go on under this version; ``published_by`` None: it was installed."""

    version: str
    digest: str
    current: bool
    open_cases: int
    published_at: str
    published_by: str | None
    writers: list[str]


class VersionList(BaseModel):
    versions: list[VersionView]


class VersionBody(BaseModel):
    """A version as it was published."""

    version: str
    digest: str
    body: dict[str, Any]


@versions.add("GET", "/<code:str>/versions", answer=VersionList, errors=(ItemUnknown,))
async def list_versions(call: Call[Officer], code: str) -> VersionList:
    """List an item's versions, newest first, with the cases that are open under each."""
    found = await call.ctx.publications.versions(code)
    people = [each.published_by for each in found if each.published_by]
    names = await names_of([*people, *(name for each in found for name in each.writers)])
    return VersionList(
        versions=[
            VersionView(
                version=each.version,
                digest=each.digest,
                current=each.current,
                open_cases=each.open_cases,
                published_at=each.published_at.isoformat(),
                published_by=names.get(each.published_by) if each.published_by else None,
                writers=[names.get(writer, "") for writer in each.writers],
            )
            for each in found
        ]
    )


@versions.add(
    "GET", "/<code:str>/versions/<version:str>", answer=VersionBody, errors=(VersionUnknown,)
)
async def get_version(call: Call[Officer], code: str, version: str) -> VersionBody:
    """Show one version, whether or not it is still the current one."""
    found = await call.ctx.publications.version(code, version)
    return VersionBody(version=found.version, digest=found.digest, body=dict(found.body))
