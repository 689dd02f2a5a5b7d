"""The sandbox's memory: one SQLite file that survives kill -9 at any moment."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_SCHEMA = """
CREATE TABLE IF NOT EXISTS codes (
    code TEXT PRIMARY KEY, kind TEXT NOT NULL, openid TEXT NOT NULL,
    issued_at REAL NOT NULL, used_at REAL);
CREATE TABLE IF NOT EXISTS tokens (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, value TEXT NOT NULL UNIQUE,
    issued_at REAL NOT NULL, expires_at REAL NOT NULL, forced INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS subscriptions (
    openid TEXT NOT NULL, template_id TEXT NOT NULL, remaining INTEGER NOT NULL,
    PRIMARY KEY (openid, template_id));
CREATE TABLE IF NOT EXISTS messages (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, channel TEXT NOT NULL,
    recipient TEXT NOT NULL, template TEXT NOT NULL, data TEXT NOT NULL, page TEXT NOT NULL,
    request_id TEXT UNIQUE, at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS orders (
    out_trade_no TEXT PRIMARY KEY, openid TEXT NOT NULL, description TEXT NOT NULL,
    attach TEXT NOT NULL, notify_url TEXT NOT NULL, amount_fen INTEGER NOT NULL,
    expires_at REAL NOT NULL, asked_expiry TEXT NOT NULL, state TEXT NOT NULL,
    created_at REAL NOT NULL, transaction_id TEXT UNIQUE, paid_at REAL);
CREATE TABLE IF NOT EXISTS prepays (
    prepay_id TEXT PRIMARY KEY, out_trade_no TEXT NOT NULL REFERENCES orders,
    created_at REAL NOT NULL, cancelled_at REAL);
CREATE TABLE IF NOT EXISTS refunds (
    out_refund_no TEXT PRIMARY KEY, refund_id TEXT NOT NULL UNIQUE,
    out_trade_no TEXT NOT NULL REFERENCES orders, reason TEXT NOT NULL, notify_url TEXT NOT NULL,
    amount_fen INTEGER NOT NULL, ends_as TEXT NOT NULL, created_at REAL NOT NULL,
    settles_at REAL NOT NULL, callback INTEGER);
CREATE TABLE IF NOT EXISTS frozen (openid TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS parcels (
    waybill TEXT PRIMARY KEY, order_number TEXT NOT NULL UNIQUE, company TEXT NOT NULL,
    param TEXT NOT NULL, receiver TEXT NOT NULL, push_url TEXT NOT NULL, state TEXT,
    created_at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS scans (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, waybill TEXT NOT NULL REFERENCES parcels,
    state TEXT NOT NULL, context TEXT NOT NULL, at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS callbacks (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, kind TEXT NOT NULL,
    url TEXT NOT NULL, body BLOB NOT NULL, state TEXT NOT NULL, next_at REAL NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS callbacks_due ON callbacks (state, next_at);
CREATE TABLE IF NOT EXISTS attempts (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, callback INTEGER NOT NULL REFERENCES callbacks,
    at REAL NOT NULL, status INTEGER, error TEXT);
CREATE TABLE IF NOT EXISTS oidc_keys (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, kid TEXT NOT NULL, pem TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS oidc_codes (
    code TEXT PRIMARY KEY, kept TEXT NOT NULL, issued_at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS net_assertions (
    assertion TEXT PRIMARY KEY, kept TEXT NOT NULL, issued_at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS faces (
    token TEXT PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, id_number TEXT NOT NULL,
    number TEXT NOT NULL, openid TEXT NOT NULL, state TEXT NOT NULL, created_at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS bill_files (
    token TEXT PRIMARY KEY, body BLOB NOT NULL, made_at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS platform_certificates (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, pem TEXT NOT NULL, key_pem TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS bill_spoils (times INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS shipments (
    transaction_id TEXT PRIMARY KEY, told TEXT NOT NULL, uploads INTEGER NOT NULL,
    at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS notices (
    order_no TEXT PRIMARY KEY, notice_code TEXT NOT NULL UNIQUE, wanted TEXT NOT NULL,
    amount_fen INTEGER NOT NULL, expires_at REAL NOT NULL, state TEXT NOT NULL,
    created_at REAL NOT NULL, flow_no TEXT UNIQUE, paid_at REAL);
CREATE TABLE IF NOT EXISTS fiscal_bills (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, bill_code TEXT NOT NULL, bill_number TEXT NOT NULL,
    check_code TEXT NOT NULL, order_no TEXT NOT NULL REFERENCES notices, kind TEXT NOT NULL,
    amount_fen INTEGER NOT NULL, reason TEXT NOT NULL, refund_no TEXT UNIQUE,
    issued_at REAL NOT NULL, UNIQUE (bill_code, bill_number));
CREATE TABLE IF NOT EXISTS treasury_refunds (
    refund_no TEXT PRIMARY KEY, refund_id TEXT NOT NULL UNIQUE,
    order_no TEXT NOT NULL REFERENCES notices, wanted TEXT NOT NULL, amount_fen INTEGER NOT NULL,
    ends_as TEXT NOT NULL, created_at REAL NOT NULL, settles_at REAL NOT NULL, callback INTEGER);
CREATE TABLE IF NOT EXISTS treasury_nonces (nonce TEXT PRIMARY KEY, at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS faults (
    id INTEGER PRIMARY KEY AUTOINCREMENT, path_prefix TEXT NOT NULL, remaining INTEGER NOT NULL,
    status INTEGER, code TEXT, delay_ms INTEGER NOT NULL, dropped INTEGER NOT NULL,
    late INTEGER NOT NULL);
"""
# What later versions added: a file of an older one gets it when it is opened.
_ADDED = {
    "orders": {
        "trade_type": "TEXT NOT NULL DEFAULT 'JSAPI'",
        "appid": "TEXT NOT NULL DEFAULT ''",
    },
}


class Store:
    """Short blocking calls: one writer, a few rows each, so the event loop may wait for them."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._db = sqlite3.connect(directory / "sandbox.sqlite3", isolation_level=None)
        self._db.row_factory = sqlite3.Row
        # What was answered must be there after a power cut too, not only after a kill.
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("PRAGMA foreign_keys = ON")
        self._db.executescript(_SCHEMA)
        self._add_columns()

    def one(self, sql: str, *values: object) -> sqlite3.Row | None:
        """Return the first row, or None."""
        row: sqlite3.Row | None = self._db.execute(sql, values).fetchone()
        return row

    def all(self, sql: str, *values: object) -> list[sqlite3.Row]:
        return self._db.execute(sql, values).fetchall()

    def number(self, sql: str, *values: object) -> Any:
        """Return the first column of the first row, None when there is no row."""
        row = self.one(sql, *values)
        return None if row is None else row[0]

    def run(self, sql: str, *values: object) -> int:
        """Execute a statement; return the number of rows that it changed."""
        return self._db.execute(sql, values).rowcount

    def insert(self, sql: str, *values: object) -> int:
        """Execute an insert; return the new row's number."""
        return self._db.execute(sql, values).lastrowid or 0

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing. Nothing may be awaited inside: there is one connection."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def close(self) -> None:
        self._db.close()

    def _add_columns(self) -> None:
        for table, columns in _ADDED.items():
            there = {row["name"] for row in self.all(f"PRAGMA table_info({table})")}
            for name, kind in columns.items():
                if name not in there:
                    self.run(f"ALTER TABLE {table} ADD COLUMN {name} {kind}")
