"""Money as the channel's books have it: rows in the sandbox's own file, on whatever day."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tests import make

# The sandbox has this table once it can refund.
REFUNDS = """
CREATE TABLE IF NOT EXISTS refunds (
    out_refund_no TEXT PRIMARY KEY, refund_id TEXT NOT NULL UNIQUE,
    out_trade_no TEXT NOT NULL REFERENCES orders, reason TEXT NOT NULL, notify_url TEXT NOT NULL,
    amount_fen INTEGER NOT NULL, ends_as TEXT NOT NULL, created_at REAL NOT NULL,
    settles_at REAL NOT NULL, callback INTEGER)"""
# A refund that is PROCESSING stays so for as long as any test lasts.
NEVER = 1e12


@dataclass(frozen=True)
class ChannelBooks:
    """The sandbox's books; ``folder`` is its state."""

    folder: Path

    def paid(self, number: str, amount_fen: int, at: datetime, transaction: str = "") -> str:
        """Record a payment and return its transaction id."""
        transaction_id = transaction or f"wxsandboxT{number}"
        self._run(
            "INSERT OR REPLACE INTO orders (out_trade_no, openid, description, attach, notify_url,"
            " amount_fen, expires_at, asked_expiry, state, created_at, transaction_id, paid_at)"
            " VALUES"
            " (?, ?, '挖掘占道费', '', 'http://127.0.0.1:1/c', ?, ?, '', 'SUCCESS', ?, ?, ?)",
            number,
            make.WANG,
            amount_fen,
            at.timestamp() + 7200,
            at.timestamp() - 60,
            transaction_id,
            at.timestamp(),
        )
        return transaction_id

    def refunded(
        self, number: str, order: str, amount_fen: int, at: datetime, state: str = "SUCCESS"
    ) -> None:
        self._run(REFUNDS)
        self._run(
            "INSERT INTO refunds VALUES (?, ?, ?, '退费', '', ?, ?, ?, ?, NULL)",
            number,
            f"wxsandboxR{number}",
            order,
            amount_fen,
            state,
            at.timestamp(),
            NEVER if state == "PROCESSING" else at.timestamp(),
        )

    def change(self, number: str, **columns: object) -> None:
        """Change what the books say of an order."""
        for name, value in columns.items():
            self._run(f"UPDATE orders SET {name} = ? WHERE out_trade_no = ?", value, number)

    def forget(self, number: str) -> None:
        self._run("DELETE FROM orders WHERE out_trade_no = ?", number)

    def _run(self, sql: str, *values: object) -> None:
        with closing(sqlite3.connect(self.folder / "sandbox.sqlite3")) as database, database:
            database.execute(sql, values)
