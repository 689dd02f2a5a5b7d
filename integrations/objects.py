"""Objects in a service that speaks S3, by Apache OpenDAL: S3, OSS, COS, OBS, MinIO, Ceph."""

from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

import aiofiles
import aiofiles.os
import opendal
from opendal import exceptions, layers

from services.errors import FileMissing, StoreUnreadable, StoreUnwritable
from services.ports.files import StoredObject

_PIECE = 1024 * 1024
# Less than S3 takes as a part of one upload (5 MiB) would be refused; most photos are one part.
_PART = 8 * 1024 * 1024
_RETRIES = 2

_SERVICES = ("s3", "oss", "cos", "obs", "memory")

# The library gives its own exceptions from calls, and OSError from files that it has opened.
_FAILURES: tuple[type[Exception], ...] = (
    OSError,
    *(each for each in vars(exceptions).values() if isinstance(each, type)),
)


class RemoteObjects:
    """The adapter of ``ObjectStore`` over one bucket.

    An object appears when its last part is there. Every call ends after ``call_seconds``, bytes
    that stand still after ``bytes_seconds``; what failed for the moment is tried twice more.
    """

    def __init__(
        self, operator: opendal.AsyncOperator, *, call_seconds: float, bytes_seconds: float
    ) -> None:
        limited = operator.layer(layers.TimeoutLayer(call_seconds, bytes_seconds))
        self._operator = limited.layer(
            layers.RetryLayer(max_times=_RETRIES, min_delay=0.1, max_delay=1.0, jitter=True)
        )

    @classmethod
    def at(cls, url: str, *, call_seconds: float = 10.0, bytes_seconds: float = 30.0) -> Self:
        """Build it for an address like ``s3://bucket/root?endpoint=https://...&region=...``.

        What follows the question mark are the service's options as OpenDAL calls them
        (``access_key_id``, ``secret_access_key``). Raises ``ValueError`` for another service.
        """
        parts = urlsplit(url)
        if parts.scheme not in _SERVICES:
            raise ValueError(f"objects are kept in one of {', '.join(_SERVICES)}")
        options = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
        if parts.scheme == "s3":
            # What is not said is not looked for on the machine, let alone in the network.
            options |= {"disable_config_load": "true", "disable_ec2_metadata": "true"}
        if parts.netloc:
            options["bucket"] = parts.netloc
        try:
            operator = opendal.AsyncOperator(parts.scheme, root=parts.path or "/", **options)
        except exceptions.ConfigInvalid as wrong:
            raise ValueError(f"objects_url: {wrong}") from wrong
        return cls(operator, call_seconds=call_seconds, bytes_seconds=bytes_seconds)

    async def put(self, place: str, path: Path) -> None:
        try:
            async with aiofiles.open(path, "rb") as source:
                # Leaving the writer's own context would make half an object appear.
                target = await self._operator.open(place, "wb", chunk=_PART)
                while piece := await source.read(_PIECE):
                    await target.write(piece)
                await target.close()
            await aiofiles.os.remove(path)
        except _FAILURES as failed:
            raise StoreUnwritable from failed

    async def get(self, place: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        size = await self.size(place)
        if size is None:
            raise FileMissing
        stop = size if end is None else min(end, size)
        try:
            while start < stop:
                length = min(_PIECE, stop - start)
                piece: bytes = await self._operator.read(place, offset=start, size=length)
                start += len(piece)
                yield piece
                if not piece:
                    return
        except exceptions.NotFound as absent:
            raise FileMissing from absent
        except _FAILURES as failed:
            raise StoreUnreadable from failed

    async def size(self, place: str) -> int | None:
        try:
            return int((await self._operator.stat(place)).content_length)
        except exceptions.NotFound:
            return None
        except _FAILURES as failed:
            raise StoreUnreadable from failed

    async def remove(self, place: str) -> None:
        try:
            with suppress(exceptions.NotFound):
                await self._operator.delete(place)
        except _FAILURES as failed:
            raise StoreUnwritable from failed

    async def listed(self, prefix: str) -> AsyncIterator[StoredObject]:
        try:
            async for entry in await self._operator.list(prefix, recursive=True):
                told: Any = entry.metadata
                if told.mode.is_file():
                    yield StoredObject(entry.path, told.content_length, told.last_modified)
        except _FAILURES as failed:
            raise StoreUnreadable from failed
