"""Coming in by the sandbox's phone: the citizens of the sandbox and their codes."""

from api.auth import citizen_of
from services.actors import Citizen
from services.profiles import SignedIn
from tests.make import WANG
from tests.world import World

ZHAO = "wxsandbox-zhaoqiang000000000"
XIAOYU = "wxsandbox-xiaoyu000000000000"

WANG_NAME, WANG_NUMBER, WANG_PHONE = "王建国", "511499198803162013", "13800000001"
LI_NAME, LI_NUMBER = "李秀英", "51149919650812404X"


async def take_code(world: World, openid: str = WANG, kind: str = "login") -> str:
    """Return a fresh code as ``wx.login`` or getPhoneNumber gives it to the phone."""
    answer = await world.phone.post(f"/citizens/{openid}/{kind}-code", json={})
    return str(answer.json["code"])


async def come_in(world: World, openid: str = WANG) -> tuple[Citizen, SignedIn]:
    """Log a citizen of the sandbox in."""
    signed_in = await world.ctx.accounts.login_wechat(await take_code(world, openid))
    return citizen_of(signed_in.grant.access_token, world.ctx.tokens), signed_in


async def state_of(world: World) -> list[object]:
    """Return every row that belongs to an account, to show that nothing changed."""
    tables = ("accounts", "persons", "wechat_identities", "sessions")
    return [await world.rows(table) for table in tables]
