"""The catalogue (事项目录): list, search, detail. No login needed."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from sanic.response import HTTPResponse

from api.auth import PUBLIC
from api.call import Call
from api.files import disposition
from api.routes import Binary, Routes
from models.rules.clock_table import ClockName
from models.rules.item_words import Paper, Tag
from services.items import CursorInvalid, ItemUnknown, PublishedItem
from services.papers import PaperUnknown, paper_of

items = Routes("items", "/v1", PUBLIC)
ROUTES = (items,)


class ItemsQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    q: str = Field("", max_length=50)
    applicant_type: str | None = Field(None, max_length=24)
    tag: Tag | None = None
    limit: int = Field(20, ge=1, le=100)
    cursor: str | None = Field(None, max_length=200)


class ItemSummary(BaseModel):
    """``max_visits``: how often a person has to come at most (最多跑一次)."""

    code: str
    name: str
    agency: str
    item_type: str
    case_type: str
    promised: str
    fee: str
    online_depth: str
    tags: list[str]
    max_visits: int

    @classmethod
    def of(cls, item: PublishedItem) -> "ItemSummary":
        promised = item.limit(ClockName.DECISION_PROMISED)
        fee = item.body["fee"]
        return cls(
            code=item.code,
            name=item.name,
            agency=item.agency,
            item_type=item.body["item_type"],
            case_type=item.body["case_type"],
            promised=promised.text if promised else "没有规定期限",
            fee=fee["name"] if fee["charged"] else "不收费",
            online_depth=item.body["flags"]["online_depth"],
            tags=item.body.get("tags", []),
            max_visits=item.body["flags"]["max_visits"],
        )


class ItemList(BaseModel):
    items: list[ItemSummary]
    next_cursor: str | None


class MaterialSpec(BaseModel):
    """``template`` says what it is made from; ``papers`` are the texts that can be downloaded."""

    code: str
    name: str
    required: bool
    condition: dict[str, Any] | None
    source: str
    kind: str
    formats: list[str]
    max_size_mb: int
    shortfall_allowed: bool
    original_check_on_pickup: bool
    copies: int
    basis: str | None
    template: str | None
    note: str | None
    papers: list[Paper]


class External(BaseModel):
    """The system in which an item is filed instead; no draft of it can be opened here."""

    system: str
    url: str


class ItemDetail(BaseModel):
    """An item with everything a person needs to know before applying (办事指南)."""

    code: str
    name: str
    agency: str
    version: str
    item_type: str
    case_type: str
    tags: list[str]
    guide: dict[str, Any]
    applicant_types: list[str]
    real_name_level: int
    limits: dict[str, Any]
    fee: dict[str, Any]
    flags: dict[str, Any]
    materials: list[MaterialSpec]
    form_schema: dict[str, Any]
    result: dict[str, Any]
    delivery: list[str]
    external: External | None

    @classmethod
    def of(cls, item: PublishedItem) -> "ItemDetail":
        body = item.body
        return cls(
            version=item.version,
            real_name_level=item.real_name_level,
            tags=body.get("tags", []),
            external=None if item.external is None else External(**item.external),
            materials=[_spec(material) for material in item.materials],
            **{
                name: body[name]
                for name in (
                    "code",
                    "name",
                    "agency",
                    "item_type",
                    "case_type",
                    "guide",
                    "applicant_types",
                    "limits",
                    "fee",
                    "flags",
                    "form_schema",
                    "result",
                    "delivery",
                )
            },
        )


def _spec(material: Mapping[str, Any]) -> MaterialSpec:
    return MaterialSpec(
        copies=material.get("copies", 1),
        papers=[paper for paper in Paper if paper.value in material],
        **{name: material.get(name) for name in ("condition", "basis", "template", "note")},
        **{
            name: material[name]
            for name in (
                "code",
                "name",
                "required",
                "source",
                "kind",
                "formats",
                "max_size_mb",
                "shortfall_allowed",
                "original_check_on_pickup",
            )
        },
    )


@items.add("GET", "/items", query=ItemsQuery, answer=ItemList, errors=(CursorInvalid,))
async def list_items(call: Call[None]) -> ItemList:
    """List and search the service items."""
    query = call.query(ItemsQuery)
    page = await call.ctx.items.search(
        text=query.q,
        applicant_type=query.applicant_type,
        tag=query.tag,
        limit=query.limit,
        cursor=query.cursor,
    )
    return ItemList(
        items=[ItemSummary.of(item) for item in page.items], next_cursor=page.next_cursor
    )


@items.add("GET", "/items/<code:str>", answer=ItemDetail, errors=(ItemUnknown,), etag=True)
async def get_item(call: Call[None], code: str) -> tuple[ItemDetail, dict[str, str]]:
    """Show an item: guide, materials, limits, fee, form."""
    item = await call.ctx.items.current(code)
    return ItemDetail.of(item), {"ETag": f'"{item.digest[:20]}"', "Cache-Control": "no-cache"}


@items.add(
    "GET",
    "/items/<code:str>/materials/<material:str>/<paper:str>",
    answer=Binary(("text/plain",)),
    errors=(ItemUnknown, PaperUnknown),
)
async def get_paper(call: Call[None], code: str, material: str, paper: str) -> HTTPResponse:
    """Download the blank form (``blank``) or the sample (``sample``) of a material."""
    item = await call.ctx.items.current(code)
    if paper not in list(Paper):
        raise PaperUnknown
    name, text = paper_of(item, material, Paper(paper))
    headers = {"Content-Disposition": disposition(name), "Cache-Control": "no-cache"}
    return HTTPResponse(text, headers=headers, content_type="text/plain; charset=utf-8")
