"""Valkey is gone: what it must count is refused, and the rest of coming in goes on."""

from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from api.context import Context
from composition import compose
from services.browser_logins import Remote
from services.errors import Unavailable
from services.phone_codes import Channel, Origin, Purpose
from tests.services.entrance import WANG_PHONE, come_in, take_code
from tests.world import World


@pytest.fixture
async def cut_off(world: World) -> AsyncIterator[Context]:
    """Return the use-cases of a process that reaches no Valkey."""
    gone = SecretStr("redis://127.0.0.1:1/0")
    parts = compose(world.settings.model_copy(update={"redis_url": gone}), world.clock)
    yield parts.context
    await parts.adapters.close()


async def test_no_code_is_sent_nor_taken(world: World, cut_off: Context) -> None:
    origin = Origin("127.0.0.1", "device")
    for _ in range(3):
        with pytest.raises(Unavailable):
            await cut_off.phone_codes.send(WANG_PHONE, Purpose.LOGIN, Channel.TEXT, origin)
        with pytest.raises(Unavailable):
            await cut_off.phone_codes.redeem(WANG_PHONE, Purpose.LOGIN, "123456")
    assert (await world.phone.get("/outbox")).json["items"] == []
    assert await world.rows("accounts") == []


async def test_no_browser_is_sent_away(world: World, cut_off: Context) -> None:
    for remote in Remote:
        with pytest.raises(Unavailable):
            await cut_off.browser_logins.depart(remote, "/")
    with pytest.raises(Unavailable):
        await cut_off.browser_logins.arrive(Remote.OIDC, "state", "code", "browser")
    with pytest.raises(Unavailable):
        await cut_off.browser_logins.exchange("ticket", "browser", "")


async def test_wechat_logins_and_logging_out_go_on(world: World, cut_off: Context) -> None:
    signed_in = await cut_off.accounts.login_wechat(await take_code(world))
    session = signed_in.grant.session_id
    assert not await cut_off.ended.has(session)
    who, _ = await come_in(world)
    await cut_off.accounts.logout(who)
    # The process that ended it knows; the others hear of it when the token expires.
    assert await cut_off.ended.has(who.session_id)
    assert not await world.ctx.ended.has(who.session_id)
    rows = {row["id"]: row["revoked_at"] for row in await world.rows("sessions")}
    assert rows[who.session_id] is not None and rows[session] is None
