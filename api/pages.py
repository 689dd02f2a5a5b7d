"""Pages: several photos as one material, in the order that its owner chose."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sanic.response import HTTPResponse

from api.auth import CITIZEN, STAFF
from api.call import Call
from api.files import send_file
from api.materials import FILE, REFUSALS, ContentQuery, MaterialView
from api.routes import Binary, Routes
from services.actors import Citizen, Officer
from services.approvals import ApprovalNeeded
from services.errors import MaterialInfected, MaterialTypeRefused
from services.lacking import MaterialNotPromised, PromiseExpired
from services.materials import MaterialUnknown
from services.pages import MAX_PAGES, Page, PageNotPhoto, PagesTooLarge, PageUnknown
from services.quarantine import KEPT_IN
from services.upload_problems import UploadUnfinished

pages = Routes("materials", "/v1", CITIZEN)
reading = Routes("materials", "/staff/v1/materials", STAFF)
ROUTES = (pages, reading)

PAGE = "/materials/<material_id:uuid>/pages/<no:int>"


class ChosenPages(BaseModel):
    """Ids in the order of the pages: uploads of one's own, or pages of this material."""

    model_config = ConfigDict(extra="forbid")

    pages: list[UUID] = Field(min_length=1, max_length=MAX_PAGES)


class PageView(BaseModel):
    """A page; mime, size (bytes) and sha256 are of the photo as it came."""

    id: UUID
    no: int
    name: str
    mime: str
    size: int
    sha256: str
    width: int | None
    height: int | None
    thumbnail: bool

    @classmethod
    def of(cls, page: Page) -> "PageView":
        row = page.row
        return cls(
            id=row.id,
            no=row.no,
            name=page.name,
            mime=row.mime,
            size=row.size,
            sha256=row.sha256,
            width=row.width,
            height=row.height,
            thumbnail=row.thumbnail_key is not None,
        )


class PageList(BaseModel):
    pages: list[PageView]


@pages.add(
    "PUT",
    "/cases/<case_id:uuid>/materials/<code:str>/pages",
    status=201,
    body=ChosenPages,
    answer=MaterialView,
    errors=(
        *REFUSALS,
        MaterialNotPromised,
        PromiseExpired,
        PageUnknown,
        UploadUnfinished,
        PageNotPhoto,
        PagesTooLarge,
        MaterialTypeRefused,
        MaterialInfected,
    ),
)
async def put_pages(call: Call[Citizen], case_id: UUID, code: str) -> tuple[MaterialView, int]:
    """Make photos one material, a page each; the same pages again answer 200."""
    await call.ctx.limiter.hit("upload", str(call.who.account_id))
    chosen = call.body(ChosenPages).pages
    made = await call.ctx.pages.put(call.who, case_id, code, chosen)
    return MaterialView.of(made.held), 201 if made.created else 200


@pages.add("GET", "/materials/<material_id:uuid>/pages", answer=PageList, errors=(MaterialUnknown,))
async def list_pages(call: Call[Citizen], material_id: UUID) -> PageList:
    """List the pages of one's own material; a single file has none."""
    found = await call.ctx.pages.of(call.who, material_id)
    return PageList(pages=[PageView.of(page) for page in found])


@pages.add(
    "GET",
    f"{PAGE}/content",
    answer=FILE,
    errors=(MaterialUnknown, PageUnknown, *KEPT_IN),
    etag=True,
)
async def get_page(call: Call[Citizen], material_id: UUID, no: int) -> HTTPResponse:
    """Download a page of one's own material: the copy without metadata."""
    file = await call.ctx.pages.open(call.who, material_id, no)
    return await send_file(call.request, call.ctx.materials.files, file)


@pages.add(
    "GET",
    f"{PAGE}/thumbnail",
    answer=Binary(("image/jpeg",), partial=True),
    errors=(MaterialUnknown, PageUnknown, *KEPT_IN),
    etag=True,
)
async def get_page_thumbnail(call: Call[Citizen], material_id: UUID, no: int) -> HTTPResponse:
    """Download the small picture of a page of one's own material."""
    file = await call.ctx.pages.open(call.who, material_id, no, thumbnail=True)
    return await send_file(call.request, call.ctx.materials.files, file)


@reading.add(
    "GET",
    "/<material_id:uuid>/pages",
    answer=PageList,
    errors=(MaterialUnknown, ApprovalNeeded),
)
async def list_pages_for_staff(call: Call[Officer], material_id: UUID) -> PageList:
    """List the pages of a material of a submitted case."""
    found = await call.ctx.pages.of_for_staff(call.who, material_id)
    return PageList(pages=[PageView.of(page) for page in found])


@reading.add(
    "GET",
    "/<material_id:uuid>/pages/<no:int>/content",
    query=ContentQuery,
    answer=FILE,
    errors=(MaterialUnknown, PageUnknown, ApprovalNeeded, *KEPT_IN),
    etag=True,
)
async def get_page_for_staff(call: Call[Officer], material_id: UUID, no: int) -> HTTPResponse:
    """Download a page of a material, watermarked; original=1: the photo as it came."""
    if call.query(ContentQuery).original:
        file = await call.ctx.pages.open_for_staff(call.who, material_id, no)
    else:
        file = await call.ctx.working_copies.for_staff(call.who, material_id, page=no)
    return await send_file(call.request, call.ctx.materials.files, file)
