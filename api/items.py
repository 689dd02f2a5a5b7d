"""The catalogue (事项目录): list, search, detail. No login needed."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from api.auth import PUBLIC
from api.call import Call
from api.routes import Routes
from models.rules.clock_table import ClockName
from services.items import CursorInvalid, ItemUnknown, PublishedItem

items = Routes("items", "/v1", PUBLIC)
ROUTES = (items,)


class ItemsQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    q: str = Field("", max_length=50)
    applicant_type: str | None = Field(None, max_length=24)
    limit: int = Field(20, ge=1, le=100)
    cursor: str | None = Field(None, max_length=200)


class ItemSummary(BaseModel):
    code: str
    name: str
    agency: str
    item_type: str
    case_type: str
    promised: str
    fee: str
    online_depth: str

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
        )


class ItemList(BaseModel):
    items: list[ItemSummary]
    next_cursor: str | None


class MaterialSpec(BaseModel):
    code: str
    name: str
    required: bool
    condition: dict[str, Any] | None
    source: str
    kind: str
    formats: list[str]
    max_size_mb: int
    shortfall_allowed: bool
    note: str | None


class ItemDetail(BaseModel):
    """An item with everything a person needs to know before applying (办事指南)."""

    code: str
    name: str
    agency: str
    version: str
    item_type: str
    case_type: str
    guide: dict[str, Any]
    applicant_types: list[str]
    limits: dict[str, Any]
    fee: dict[str, Any]
    flags: dict[str, Any]
    materials: list[MaterialSpec]
    form_schema: dict[str, Any]
    result: dict[str, Any]
    delivery: list[str]

    @classmethod
    def of(cls, item: PublishedItem) -> "ItemDetail":
        body = item.body
        return cls(
            version=item.version,
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
        condition=material.get("condition"),
        note=material.get("note"),
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
