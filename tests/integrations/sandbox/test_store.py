"""The sandbox's file: one that an older sandbox made goes on."""

import sqlite3
from pathlib import Path

from integrations.sandbox.credentials import Credentials

from .world import sandbox_on

OLD = """
CREATE TABLE orders (
    out_trade_no TEXT PRIMARY KEY, openid TEXT NOT NULL, description TEXT NOT NULL,
    attach TEXT NOT NULL, notify_url TEXT NOT NULL, amount_fen INTEGER NOT NULL,
    expires_at REAL NOT NULL, asked_expiry TEXT NOT NULL, state TEXT NOT NULL,
    created_at REAL NOT NULL, transaction_id TEXT UNIQUE, paid_at REAL);
INSERT INTO orders VALUES ('case-0001', 'wxsandbox-wangjianguo0000000', '不动产登记费', '',
    'http://127.0.0.1:9/callbacks/wechatpay', 8000, 9999999999, '', 'NOTPAY', 1, NULL, NULL);
"""


async def test_an_order_of_an_older_file_is_found_and_opened_again(
    credentials: Credentials, tmp_path: Path
) -> None:
    with sqlite3.connect(tmp_path / "sandbox.sqlite3") as old:
        old.executescript(OLD)
    old.close()
    for _ in range(2):
        async with sandbox_on(tmp_path, credentials) as sandbox:
            found = (await sandbox.query("case-0001")).json
            assert (found["trade_state"], found["appid"]) == ("NOTPAY", credentials.appid)
            assert await sandbox.prepay("case-0001", "http://127.0.0.1:9/callbacks/wechatpay")
