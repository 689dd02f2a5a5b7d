"""The store on local disk: bytes are found by their own SHA-256, and appear whole or not at all."""

import hashlib
import os
import re
import shutil
import time
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import aiofiles

from uploads.hop import hop
from uploads.refusals import FileDamaged, FileMissing, StoreUnwritable

_KEY = re.compile(r"[0-9a-f]{64}")
_CHUNK = 256 * 1024
_DAY_SECONDS = 24 * 3600.0


class Store:
    """Objects under ``directory/objects``, work in progress under ``directory/tmp``.

    A key is the SHA-256 (hex) of the bytes. Nothing here is ever executed or served by name:
    files are 0600, folders 0700. ``reserve_bytes`` of the disk stay free.
    """

    def __init__(self, directory: Path, *, reserve_bytes: int = 256 * 1024 * 1024) -> None:
        self._objects = directory / "objects"
        self._temporary = directory / "tmp"
        self._reserve = reserve_bytes
        for folder in (self._objects, self._temporary):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    @asynccontextmanager
    async def scratch(self, needed_bytes: int) -> AsyncIterator[Path]:
        """Give a folder that disappears at the end, on the disk of the objects.

        Raises ``StoreUnwritable`` when ``needed_bytes`` would eat into the reserve.
        """
        folder = self._temporary / uuid.uuid4().hex
        try:
            await hop(self._open_scratch, folder, needed_bytes)
            yield folder
        finally:
            await hop(shutil.rmtree, folder, True)

    def _open_scratch(self, folder: Path, needed_bytes: int) -> None:
        try:
            if shutil.disk_usage(self._temporary).free - needed_bytes < self._reserve:
                raise StoreUnwritable
            folder.mkdir(mode=0o700)
        except OSError as failed:
            raise StoreUnwritable from failed

    async def put(self, files: Mapping[Path, str]) -> None:
        """Move finished files (already synced) to their keys, all in one go.

        One hop, so that a vanishing client cannot leave half of a material behind. Raises
        ``StoreUnwritable``.
        """
        await hop(self._put, files)

    def _put(self, files: Mapping[Path, str]) -> None:
        try:
            for source, key in files.items():
                target = self._path(key)
                for folder in (target.parent.parent, target.parent):
                    folder.mkdir(mode=0o700, exist_ok=True)
                # Replacing an equal object is harmless to readers and heals a damaged one.
                source.replace(target)
                for folder in (target.parent, target.parent.parent, self._objects):
                    _sync(folder)
        except OSError as failed:
            raise StoreUnwritable from failed

    async def read(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """Yield the bytes from ``start`` up to and without ``end``.

        Raises ``FileMissing``. A whole read is checked against the key: the last chunk is given
        only when the digest is right, else ``FileDamaged`` is raised.
        """
        path = self._path(key)
        try:
            async with aiofiles.open(path, "rb") as file:
                size = os.fstat(file.fileno()).st_size
                stop = size if end is None else min(end, size)
                digest = hashlib.sha256() if start == 0 and stop == size else None
                await file.seek(start)
                left = max(stop - start, 0)
                while left:
                    chunk = await file.read(min(_CHUNK, left))
                    if not chunk:
                        raise FileDamaged
                    left -= len(chunk)
                    if digest is not None:
                        digest.update(chunk)
                        if not left and digest.hexdigest() != key:
                            raise FileDamaged
                    yield chunk
        except FileNotFoundError as absent:
            raise FileMissing from absent

    async def sweep_temporary(self, *, older_than_seconds: float = _DAY_SECONDS) -> int:
        """Remove what crashed uploads left behind; return how many folders."""
        return await hop(self._sweep, time.time() - older_than_seconds)

    def _sweep(self, before: float) -> int:
        swept = 0
        for folder in self._temporary.iterdir():
            # An upload that ends in this moment takes its folder with it.
            with suppress(FileNotFoundError):
                if folder.stat().st_mtime < before:
                    shutil.rmtree(folder)
                    swept += 1
        return swept

    def _path(self, key: str) -> Path:
        if _KEY.fullmatch(key) is None:
            raise FileMissing
        return self._objects / key[:2] / key[2:4] / key


def _sync(folder: Path) -> None:
    """Make the names in a folder last."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
