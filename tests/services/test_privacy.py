"""What is known of a person is sealed in the tables and absent from the log."""

import logging
from contextlib import suppress

import pytest
from structlog.testing import capture_logs

from services.errors import Problem
from tests.make import LI, WANG
from tests.services.entrance import LI_NAME, WANG_NAME, WANG_NUMBER, WANG_PHONE, come_in, take_code
from tests.world import World

SECRETS = (WANG_NAME, WANG_NUMBER, WANG_PHONE, "赵强", "51149919781120707X")


async def live_through_it(world: World) -> list[str]:
    """Let two people do everything that their accounts can do; return their tokens."""
    accounts = world.ctx.accounts
    who, signed_in = await come_in(world)
    await accounts.set_phone(who, await take_code(world, kind="phone"))
    for name, number in (
        ("赵强", "51149919781120707X"),
        (WANG_NAME, "511499198803162014"),
        ("王1", WANG_NUMBER),
        (WANG_NAME, WANG_NUMBER),
        (LI_NAME, WANG_NUMBER),
    ):
        with suppress(Problem):
            await accounts.verify_real_name(who, name, number)
    other, _ = await come_in(world, LI)
    with suppress(Problem):
        await accounts.verify_real_name(other, WANG_NAME, WANG_NUMBER)
    newer = await accounts.refresh(signed_in.grant.refresh_token)
    newest = await accounts.refresh(newer.grant.refresh_token)
    with suppress(Problem):
        await accounts.refresh(signed_in.grant.refresh_token)
    assert (await accounts.me(who)).level == 1
    grants = (signed_in.grant, newer.grant, newest.grant)
    return [token for grant in grants for token in (grant.access_token, grant.refresh_token)]


async def test_no_log_line_names_a_person(world: World, caplog: pytest.LogCaptureFixture) -> None:
    # Below INFO the database library logs the values of its statements: never in production.
    caplog.set_level(logging.INFO)
    with capture_logs() as lines:
        tokens = await live_through_it(world)
    events = {line["event"] for line in lines}
    assert {"realname.checked", "session.reused"} <= events
    logged = repr(lines) + caplog.text
    for secret in (*SECRETS, WANG, LI, *tokens):
        assert secret not in logged


async def test_no_table_holds_a_person_in_plain(world: World) -> None:
    tokens = await live_through_it(world)
    tables = await world.database.fetch(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
    )
    holding_openid = set()
    for [table] in tables:
        rows = await world.database.fetch(f'SELECT r::text FROM "{table}" r')
        content = "\n".join(row[0] for row in rows)
        for secret in (*SECRETS, *tokens, *(token.rpartition(".")[2] for token in tokens)):
            assert secret not in content, table
            # Bytes are shown in hexadecimal.
            assert secret.encode().hex() not in content, table
        if WANG in content:
            holding_openid.add(table)
    # WeChat is addressed by it: messages and payments need it as it is.
    assert holding_openid == {"wechat_identities"}
