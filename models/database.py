"""The database as the rest sees it: opening, closing, migrating, and what its failures mean."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import asyncpg
from tortoise import Tortoise
from tortoise.connection import get_connection
from tortoise.exceptions import DBConnectionError, IntegrityError, OperationalError
from tortoise.migrations.api import migrate

from models.migration_states import light_states

MODULES = (
    "models.account",
    "models.archive",
    "models.calendar",
    "models.case",
    "models.consent",
    "models.credit",
    "models.delivery",
    "models.handoff",
    "models.idempotency",
    "models.inquiry",
    "models.item",
    "models.mandate",
    "models.material",
    "models.reading",
    "models.material_page",
    "models.message",
    "models.notice",
    "models.payment",
    "models.promise",
    "models.rating",
    "models.reconciliation",
    "models.review",
    "models.staff",
    "models.stored_file",
    "models.supervision",
    "models.upload",
    "models.vault",
    "models.withdrawal",
)
MIGRATION_LOCK = 5_114_990_001
CONNECT = ("host", "port", "user", "password", "database", "ssl")

# The server is gone, going, starting, out of connections or frozen: nothing about the request.
LOST: tuple[type[BaseException], ...] = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.QueryCanceledError,
    asyncpg.LockNotAvailableError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    DBConnectionError,
    ConnectionError,
    TimeoutError,
    OSError,
)
RETRY: tuple[type[BaseException], ...] = (
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
)


class DatabaseLost(Exception):
    """The database did not answer; whether the statement took effect is unknown."""


class Duplicate(Exception):
    """A unique key refused a row; ``constraint`` is its name."""

    def __init__(self, constraint: str) -> None:
        super().__init__(constraint)
        self.constraint = constraint


def is_lost(error: BaseException) -> bool:
    """Tell whether an error means that the database was not there."""
    if isinstance(error, OperationalError):
        return isinstance(error.__cause__, LOST)
    return isinstance(error, LOST)


def is_retryable(error: BaseException) -> bool:
    """Tell whether the same transaction may simply be run again (40001, 40P01)."""
    return isinstance(error, RETRY) or isinstance(error.__cause__, RETRY)


def duplicate_of(error: IntegrityError) -> Duplicate | None:
    """Return which unique key an integrity error names, or None if it is another kind."""
    cause = error.__cause__ or (error.args[0] if error.args else None)
    if isinstance(cause, asyncpg.UniqueViolationError):
        return Duplicate(str(cause.constraint_name))
    return None


def config_for(url: str, *, pool: int = 10, seconds: float = 2.0) -> dict[str, Any]:
    """Return the Tortoise configuration for a ``postgres://`` URL.

    ``seconds`` bounds connecting and every statement: a frozen server is an error, not a wait.
    """
    parts = re.fullmatch(
        r"postgres(?:ql)?://(?P<user>[^:@/]+)(?::(?P<password>[^@/]*))?@(?P<host>[^:/]+)"
        r"(?::(?P<port>\d+))?/(?P<database>[^?]+)(?:\?(?:.*&)?sslmode=(?P<ssl>[a-z-]+).*|\?.*)?",
        url,
    )
    if parts is None:
        raise ValueError("DATABASE_URL must look like postgresql://user:password@host:port/name")
    credentials = {
        **{name: value for name, value in parts.groupdict().items() if name != "ssl"},
        "user": unquote(parts["user"]),
        "password": unquote(parts["password"] or ""),
        "port": int(parts["port"] or 5432),
        # Connections are made when they are needed: opening the pool works without a server.
        "minsize": 0,
        "maxsize": pool,
        "timeout": seconds,
        "command_timeout": seconds,
        "server_settings": {
            # What we no longer wait for must not go on there.
            "statement_timeout": str(int(seconds * 1000) + 500),
            "idle_in_transaction_session_timeout": "30000",
        },
    }
    if parts["ssl"] is not None:
        # As libpq means it: verify-full checks the certificate and the name in it.
        credentials["ssl"] = parts["ssl"]
    return {
        "connections": {"default": {"engine": "models.client", "credentials": credentials}},
        "apps": {
            "models": {
                "models": list(MODULES),
                "default_connection": "default",
                "migrations": "models.migrations",
            }
        },
        "use_tz": True,
        "timezone": "UTC",
    }


async def open_database(config: Mapping[str, Any]) -> None:
    """Open the pool. Handlers run in tasks of Sanic's making, so the context is global."""
    await Tortoise.init(config=dict(config), _enable_global_fallback=True)


async def close_database() -> None:
    await Tortoise.close_connections()


async def migrate_database(config: Mapping[str, Any]) -> None:
    """Apply migrations; an advisory lock makes concurrent starts take turns."""
    credentials = config["connections"]["default"]["credentials"]
    lock = await asyncpg.connect(**{key: credentials[key] for key in CONNECT if key in credentials})
    try:
        await lock.execute("SELECT pg_advisory_lock($1)", MIGRATION_LOCK)
        with light_states():
            await migrate(config=_patient(config))
        await close_database()
    finally:
        await lock.close()


def _patient(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the configuration without the limits: a large table takes its time to change."""
    default = config["connections"]["default"]
    credentials = {**default["credentials"], "command_timeout": None, "server_settings": {}}
    return {**config, "connections": {"default": {**default, "credentials": credentials}}}


async def is_current() -> bool:
    """Tell whether every migration of this release was applied."""
    applied = {row["name"] for row in await rows("SELECT name FROM tortoise_migrations")}
    folder = Path(__file__).parent / "migrations"
    return {file.stem for file in folder.glob("[0-9]*.py")} <= applied


async def rows(sql: str, values: Sequence[Any] = ()) -> list[dict[str, Any]]:
    """Run one hand-written statement on the current connection or transaction."""
    found: list[dict[str, Any]] = await get_connection("default").execute_query_dict(
        sql, list(values)
    )
    return found


async def is_answering(seconds: float = 1.0) -> bool:
    """Tell whether the database answers a trivial question in time."""
    try:
        async with asyncio.timeout(seconds):
            await rows("SELECT 1")
    except Exception as error:  # every failure means the same here
        if not is_lost(error):
            raise
        return False
    return True
