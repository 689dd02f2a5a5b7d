"""The adapter behind the port ``Watermarks``: copies with a text on them, made once a day.

A stamped copy is a stored file like any other that nothing refers to: the sweep of the store is
what ends it, so that no list of copies has to be kept.
"""

import time
from collections import OrderedDict
from pathlib import Path
from typing import Any

from services.errors import MaterialUnreadable, StoreUnwritable, Unavailable
from services.ports import StoredFile
from services.ports.files import DataKey, FileCipher
from uploads.draft import Draft
from uploads.hop import hop
from uploads.messages import told
from uploads.pool import Places, Pool
from uploads.sealed_files import SealedFile
from uploads.sealing import fresh_key
from uploads.store import Putting, Store
from uploads.workers import ChildLimits, Program

MARKED = frozenset({"image/jpeg", "image/png", "application/pdf"})
"""An OFD document cannot be drawn on here."""
_MEGABYTE = 1024 * 1024
LIMITS = ChildLimits(memory_bytes=500 * _MEGABYTE, cpu_seconds=10.0, wall_seconds=20.0)
"""A page of 12 megapixels takes 0.3 s of CPU, a document of 200 pages some seconds."""
PLACES = Places(at_once=2, queue_seconds=10.0, idle_seconds=300.0)
REMEMBERED = 2000
# The sweep takes nothing that was written or asked for within a week.
REMEMBERED_SECONDS = 24 * 3600.0


class StampingDown(Unavailable):
    """No process is to be had that could draw."""

    code = "stamping_down"
    sentence = "文件暂时打不开,请稍后再试。"


class Stamper:
    def __init__(self, store: Store, limits: ChildLimits = LIMITS, places: Places = PLACES) -> None:
        self._store = store
        self._pool = Pool(limits, Program("uploads.stamper"), places, StampingDown)
        self._made: OrderedDict[tuple[str, str], tuple[StoredFile, float]] = OrderedDict()

    async def stamped(self, file: StoredFile, text: str) -> StoredFile:
        """See ``Watermarks``."""
        if file.mime not in MARKED:
            return file
        known = self._made.get((file.key, text))
        if known is not None and time.monotonic() - known[1] < REMEMBERED_SECONDS:
            return known[0]
        made = await self._make(file, text)
        self._made[file.key, text] = made, time.monotonic()
        self._made.move_to_end((file.key, text))
        if len(self._made) > REMEMBERED:
            self._made.popitem(last=False)
        return made

    async def _make(self, file: StoredFile, text: str) -> StoredFile:
        async with self._store.scratch(3 * file.size + _MEGABYTE) as folder:
            source = Draft(folder / "source", fresh_key(FileCipher.AES_256_GCM))
            try:
                async for piece in self._store.read(file.key):
                    await hop(source.write, [piece])
                await hop(source.finish)
            except OSError as failed:
                raise StoreUnwritable from failed
            finally:
                source.close()
            made = await self._drawn(source.sealed, folder / "target", file.mime, text)
            sha256 = await hop(made.digest)
            await self._store.put([Putting(sha256, made, made=True)])
            return StoredFile(sha256, sha256, made.size, file.mime)

    async def _drawn(self, source: SealedFile, target: Path, mime: str, text: str) -> SealedFile:
        keys: list[DataKey] = []

        def request() -> dict[str, Any]:
            # A key seals one file once: a child that begins anew gets another.
            target.unlink(missing_ok=True)
            keys[:] = [fresh_key(FileCipher.AES_256_GCM)]
            return {
                "source": told(source.path, source.key, source.size),
                "target": told(target, keys[0]),
                "mime": mime,
                "text": text,
            }

        reply = await self._pool.answer(request)
        made = SealedFile.at(target, keys[0]) if "found" in reply else None
        if made is None:
            raise MaterialUnreadable
        return made

    async def close(self) -> None:
        """Let running work end, then end the children."""
        await self._pool.close()
