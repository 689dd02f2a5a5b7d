"""Objects on local disk: they appear whole or not at all, and a name that was given lasts."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import aiofiles

from services.errors import FileMissing, StoreUnreadable, StoreUnwritable
from services.ports.files import StoredObject
from uploads.hop import hop

_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_.")
_CHUNK = 256 * 1024
_LISTED_AT_ONCE = 500


class LocalObjects:
    """The adapter of ``ObjectStore`` over a folder of one disk.

    Nothing here is ever executed or served by name: files are 0600, folders 0700. Files that
    are put lie on the same disk, where moving them is one step.
    """

    def __init__(self, directory: Path) -> None:
        self._root = directory
        self._lasting = {directory}
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)

    async def put(self, place: str, path: Path) -> None:
        await hop(self._put, self._path(place), path)

    def _put(self, target: Path, source: Path) -> None:
        try:
            _sync(source)
            self._make(target.parent)
            source.replace(target)
            _sync(target.parent)
        except OSError as failed:
            raise StoreUnwritable from failed

    def _make(self, folder: Path) -> None:
        """Have a folder, and know that it lasts; nobody ever removes one."""
        if folder in self._lasting:
            return
        for each in (*reversed(self._above(folder)), folder):
            each.mkdir(mode=0o700, exist_ok=True)
            # Somebody else may have made it just now, and not yet have made it last.
            _sync(each.parent)
        self._lasting.add(folder)

    async def get(self, place: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        left = None if end is None else max(end - start, 0)
        try:
            async with aiofiles.open(self._path(place), "rb") as file:
                await file.seek(start)
                while left is None or left:
                    chunk = await file.read(_CHUNK if left is None else min(_CHUNK, left))
                    if not chunk:
                        return
                    if left is not None:
                        left -= len(chunk)
                    yield chunk
        except (FileNotFoundError, IsADirectoryError) as absent:
            raise FileMissing from absent
        except OSError as failed:
            raise StoreUnreadable from failed

    async def size(self, place: str) -> int | None:
        try:
            return (await hop(self._path(place).stat)).st_size
        except FileNotFoundError:
            return None
        except OSError as failed:
            raise StoreUnreadable from failed

    async def remove(self, place: str) -> None:
        await hop(self._remove, self._path(place))

    def _remove(self, path: Path) -> None:
        try:
            path.unlink(missing_ok=True)
            # A removal that a power cut undoes is found and done again: it need not last.
        except OSError as failed:
            raise StoreUnwritable from failed

    async def listed(self, prefix: str) -> AsyncIterator[StoredObject]:
        found = self._walk(self._path(prefix.rstrip("/")))
        try:
            while batch := await hop(_some, found):
                for listed in batch:
                    yield listed
        except OSError as failed:
            raise StoreUnreadable from failed

    def _walk(self, folder: Path) -> Iterator[StoredObject]:
        with suppress(FileNotFoundError), os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    yield from self._walk(Path(entry.path))
                    continue
                # An object that goes in this moment is none.
                with suppress(FileNotFoundError):
                    found = entry.stat(follow_symlinks=False)
                    place = Path(entry.path).relative_to(self._root).as_posix()
                    changed = datetime.fromtimestamp(found.st_mtime, UTC)
                    yield StoredObject(place, found.st_size, changed)

    def _above(self, folder: Path) -> list[Path]:
        """Return the folders between this one and the root, nearest first."""
        return [each for each in folder.parents if self._root in each.parents]

    def _path(self, place: str) -> Path:
        parts = place.split("/")
        if any(not part.strip(".") or not _LETTERS.issuperset(part) for part in parts):
            raise FileMissing
        return self._root.joinpath(*parts)


def _some(found: Iterator[StoredObject]) -> list[StoredObject]:
    return [listed for listed, _ in zip(found, range(_LISTED_AT_ONCE), strict=False)]


def _sync(path: Path) -> None:
    """Make a file's bytes, or the names in a folder, last."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
