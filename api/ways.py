"""The ways into one's own account: list, add, remove."""

from uuid import UUID

from pydantic import BaseModel

from api.accounts import Code
from api.auth import CITIZEN
from api.call import Call
from api.routes import Routes
from models.rules.ways import Way
from services.actors import Citizen
from services.errors import LoginCodeInvalid, OutsideUnavailable
from services.ways import LastWay, OwnWay, WayInUse, WayUnknown

ways = Routes("accounts", "/v1/me/ways", CITIZEN)
ROUTES = (ways,)


class WayView(BaseModel):
    """A way in (登录方式); ``shown`` is a masked number or empty."""

    id: UUID
    way: Way
    name: str
    shown: str
    added_at: str

    @classmethod
    def of(cls, own: OwnWay) -> "WayView":
        return cls(
            id=own.id,
            way=own.way,
            name=own.way.zh,
            shown=own.shown,
            added_at=own.added_at.isoformat(),
        )


class WayList(BaseModel):
    ways: list[WayView]

    @classmethod
    def of(cls, found: "list[OwnWay]") -> "WayList":
        return cls(ways=[WayView.of(each) for each in found])


@ways.add("GET", "", answer=WayList)
async def list_ways(call: Call[Citizen]) -> WayList:
    """List the ways into one's own account."""
    return WayList.of(list(await call.ctx.ways.list(call.who)))


@ways.add(
    "POST",
    "/wechat",
    body=Code,
    answer=WayList,
    errors=(LoginCodeInvalid, OutsideUnavailable, WayInUse),
)
async def add_wechat(call: Call[Citizen]) -> WayList:
    """Add the WeChat user of a ``wx.login`` code as a way in."""
    body = call.body(Code)
    await call.ctx.limiter.hit("ways", str(call.who.account_id))
    caller = await call.ctx.accounts.wechat_caller(body.code)
    return WayList.of(list(await call.ctx.ways.attach(call.who, caller)))


@ways.add("DELETE", "/<way_id:uuid>", status=204, errors=(WayUnknown, LastWay))
async def remove_way(call: Call[Citizen], way_id: UUID) -> None:
    """Remove a way in; the last one stays."""
    await call.ctx.ways.detach(call.who, way_id)
