"""The database client: Tortoise's, with every wait bounded and every connection given back.

``models.database.config_for`` names this module as the engine. Tortoise's own client waits for a
free connection for ever, tries to tidy up a connection whose server does not answer, and loses a
connection whose transaction did not begin.
"""

from typing import Any, cast

import asyncpg
from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import PoolConnectionWrapper, TransactionContextPooled
from tortoise.connection import get_connections

from models.database import is_lost


class Client(AsyncpgDBClient):
    """A pool whose users wait for a connection as long as for a statement."""

    async def create_pool(self, **settings: Any) -> asyncpg.Pool:
        return await asyncpg.create_pool(None, reset=_leave_as_it_is, **settings)

    def acquire_connection(self) -> "Borrowed":
        return Borrowed(self, self._pool_init_lock)

    def _in_transaction(self) -> "Transaction":
        return Transaction(TransactionWrapper(self), self._pool_init_lock)

    async def borrow(self) -> Any:
        """Return a connection; raise ``TimeoutError`` when none is free or made in time."""
        pool = cast("Any", self._pool)
        if pool.get_idle_size():
            # Nobody waits for what lies ready, so a time-out would only be set and unset.
            return await pool.acquire()
        return await pool.acquire(timeout=self.extra["command_timeout"])

    async def give_back(self, connection: Any, *, broken: bool) -> None:
        """Take a connection back; a broken one is cut off, and the server rolls it back."""
        if broken:
            connection.terminate()
        if self._pool is not None:
            await self._pool.release(connection)


async def _leave_as_it_is(_: Any) -> None:
    # An open transaction was rolled back before this is asked; nothing else is set by session, so
    # the usual RESET ALL would only cost every request a trip to the server.
    return


class Borrowed(PoolConnectionWrapper[Any]):
    """A connection for one statement."""

    client: Client

    async def __aenter__(self) -> Any:
        await self.ensure_connection()
        self.connection = await self.client.borrow()
        return self.connection

    async def __aexit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        broken = error is not None and is_lost(error)
        await self.client.give_back(self.connection, broken=broken)


class Transaction(TransactionContextPooled):
    """A connection for one transaction: committed, rolled back, or cut off."""

    async def __aenter__(self) -> Any:
        await self.ensure_connection()
        self.client._connection = await self._pool_client.borrow()
        self.token = get_connections().set(self.connection_name, self.client)
        try:
            await self.client.begin()
        except BaseException:
            await self._leave(broken=True)
            raise
        return self.client

    async def __aexit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        """Raise nothing of its own after an error: the first one is the one that counts."""
        ended = False
        try:
            if error is None:
                await self.client.commit()
                ended = True
            elif isinstance(error, Exception) and not is_lost(error):
                ended = await self._rolled_back()
        finally:
            await self._leave(broken=not ended)

    async def _rolled_back(self) -> bool:
        try:
            await self.client.rollback()
        except Exception as error:
            if not is_lost(error):
                raise
            return False
        return True

    async def _leave(self, *, broken: bool) -> None:
        get_connections().reset(self.token)
        await self._pool_client.give_back(self.client._connection, broken=broken)

    @property
    def _pool_client(self) -> Client:
        return cast("Client", cast("Any", self.client)._parent)


client_class = Client
