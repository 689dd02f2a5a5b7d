"""Sweeping the store: what nobody refers to goes after a week, what crashes left after a day."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from models.database import rows
from models.unit import transaction
from services.ports import Clock
from services.ports.files import FileKeeping, ObjectStore, StoredObject
from services.stored_files import REFERENCES

log = structlog.get_logger("zhangban.files")

OBJECTS = "objects/"
KEPT = timedelta(days=7)
WINDOW_ROWS = 1000
FIRST = UUID(int=0)
# Names of our own list, never anybody's input.
UNREFERENCED = " AND ".join(
    f"NOT EXISTS (SELECT FROM {table} WHERE {column} = f.key)" for table, column in REFERENCES
)
LOOK = f"""
SELECT id, touched_at < $2 AND {UNREFERENCED} AS over FROM stored_files f
WHERE id > $1 ORDER BY id LIMIT $3"""  # noqa: S608
# Looked at again with the row held: an upload of the same bytes may have touched it meanwhile.
FORGET = f"""
DELETE FROM stored_files f WHERE id = $1 AND touched_at < $2 AND {UNREFERENCED}
RETURNING place"""  # noqa: S608
KNOWN = "SELECT place FROM stored_files WHERE place = ANY($1::text[])"


@dataclass(frozen=True)
class Swept:
    """What went: files that nobody referred to, objects that no file was at, broken uploads."""

    files: int
    objects: int
    temporary: int


@dataclass(frozen=True)
class FileSweeps:
    clock: Clock
    objects: ObjectStore
    files: FileKeeping

    async def sweep(self) -> Swept:
        """Remove what is over (nightly); broken off anywhere, the next round finishes it.

        Raises ``StoreUnreadable`` or ``StoreUnwritable``.
        """
        before = self.clock.now() - KEPT
        swept = Swept(
            files=await self._forget_all(before),
            objects=await self._remove_orphans(before),
            temporary=await self.files.sweep_temporary(),
        )
        log.info("files.swept", **vars(swept))
        return swept

    async def _forget_all(self, before: datetime) -> int:
        forgotten = 0
        after = FIRST
        while part := await rows(LOOK, [after, before, WINDOW_ROWS]):
            after = part[-1]["id"]
            for row in part:
                if row["over"]:
                    forgotten += await self._forget(row["id"], before)
        return forgotten

    async def _forget(self, file_id: UUID, before: datetime) -> bool:
        place = await self._delete(file_id, before)
        if place is None:
            return False
        # The row is gone, and with it the key: from here on nobody can find or read the object,
        # and the same bytes, uploaded now, get another place. A crash leaves it for the orphans.
        await self.objects.remove(place)
        return True

    @transaction
    async def _delete(self, file_id: UUID, before: datetime) -> str | None:
        gone = await rows(FORGET, [file_id, before])
        return str(gone[0]["place"]) if gone else None

    async def _remove_orphans(self, before: datetime) -> int:
        removed = 0
        batch: list[StoredObject] = []
        async for listed in self.objects.listed(OBJECTS):
            # An object is written before its row is: only an old one can be one too many.
            if listed.modified_at is not None and listed.modified_at < before:
                batch.append(listed)
            if len(batch) >= WINDOW_ROWS:
                removed += await self._remove_unknown(batch)
                batch = []
        return removed + await self._remove_unknown(batch)

    async def _remove_unknown(self, batch: list[StoredObject]) -> int:
        places = [listed.place for listed in batch]
        known = {row["place"] for row in await rows(KNOWN, [places])}
        unknown = [place for place in places if place not in known]
        for place in unknown:
            await self.objects.remove(place)
        return len(unknown)
