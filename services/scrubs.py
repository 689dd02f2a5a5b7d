"""Scrubbing the store: every file is read again from time to time, the one not seen longest first.

A file that is damaged or gone is an alert, and is healed by the same bytes coming again. What
still lies open, from before files were sealed, is sealed when its turn comes.
"""

from dataclasses import dataclass

import structlog

from models.case import Case
from models.database import rows
from models.rules.events import Role
from models.rules.states import MonitorLight
from models.rules.supervision import AlertKind
from models.unit import transaction
from services.alerts import raise_alert
from services.errors import FileDamaged, FileMissing, StoreUnreadable
from services.items import Items
from services.ports import Clock, Crypto
from services.ports.files import FileCipher, FileKeeping, KeptFile
from services.stored_files import DAMAGED, MISSING, REFERENCES, kept_file

log = structlog.get_logger("zhangban.files")

FILES_A_ROUND = 500
# So many in a row are no longer bad files: the disk or the store does not answer.
STORE_IS_DOWN = 5
UNREADABLE = "file_unreadable"
OLDEST = """
SELECT key, place, size, cipher, key_sealed, scan, damaged_at FROM stored_files
WHERE ($2 OR cipher = 'NONE') ORDER BY checked_at, id LIMIT $1"""
RIGHT = "UPDATE stored_files SET checked_at = $2, damaged_at = NULL WHERE key = $1"
LATER = "UPDATE stored_files SET checked_at = $2 WHERE key = $1"
# Written anew since it was read, it is another object.
WRONG = """
UPDATE stored_files SET checked_at = $3, damaged_at = coalesce(damaged_at, $3)
WHERE key = $1 AND place = $2 RETURNING 1"""
OPEN = """
SELECT 1 FROM monitor_alerts WHERE code = ANY($2::text[]) AND resolved_at IS NULL
  AND data::jsonb ->> 'file' = $1"""
# A page knows its case by its material.
OWNERS = {"material_pages": "material_pages JOIN materials m ON m.id = material_id"}
CASES = " UNION ".join(
    f"SELECT case_id FROM {OWNERS.get(table, table)} "  # noqa: S608
    f"WHERE {table}.{column} = $1 AND case_id IS NOT NULL"
    for table, column in REFERENCES
)


@dataclass
class Scrubbed:
    """What a round found: files that were right or not, were sealed, or could not be read."""

    right: int = 0
    wrong: int = 0
    sealed: int = 0
    unread: int = 0


@dataclass(frozen=True)
class Scrubs:
    clock: Clock
    crypto: Crypto
    items: Items
    files: FileKeeping

    async def scrub(self, limit: int = FILES_A_ROUND, *, unsealed_only: bool = False) -> Scrubbed:
        """Read the files that nobody has read for longest; return what was found.

        One that cannot be read goes to the end and is tried again when the others were read; it
        is told then, and not marked: that proves nothing of it. Raises ``StoreUnreadable`` when
        all or several in a row could not be read, and ``StoreUnwritable``.
        """
        done = Scrubbed()
        unread: list[KeptFile] = []
        in_a_row = 0
        for row in await rows(OLDEST, [limit, not unsealed_only]):
            kept = kept_file(self.crypto, row)
            if await self._answers(kept, done):
                in_a_row = 0
                continue
            unread.append(kept)
            in_a_row += 1
            if in_a_row == STORE_IS_DOWN:
                raise StoreUnreadable
        if unread and done == Scrubbed():
            raise StoreUnreadable
        for kept in unread:
            if not await self._answers(kept, done):
                done.unread += 1
                await self._tell(kept.key, UNREADABLE)
        log.info("files.scrubbed", **vars(done))
        return done

    async def _answers(self, kept: KeptFile, done: Scrubbed) -> bool:
        """Return whether the store gives the file, right or wrong."""
        try:
            await self._look(kept, done)
        except StoreUnreadable:
            # The next round begins behind it, whatever becomes of this one.
            await rows(LATER, [kept.key, self.clock.now()])
            return False
        except (FileMissing, FileDamaged) as fault:
            if await self._wrong(kept, fault):
                done.wrong += 1
        else:
            await rows(RIGHT, [kept.key, self.clock.now()])
        return True

    async def _look(self, kept: KeptFile, done: Scrubbed) -> None:
        if kept.data_key.cipher is FileCipher.NONE:
            await self.files.seal(kept)
            done.sealed += 1
        else:
            await self.files.check(kept)
            done.right += 1

    @transaction
    async def _wrong(self, kept: KeptFile, fault: FileMissing | FileDamaged) -> bool:
        if not await rows(WRONG, [kept.key, kept.place, self.clock.now()]):
            return False
        code = MISSING if isinstance(fault, FileMissing) else DAMAGED
        await self._tell(kept.key, code)
        return True

    @transaction
    async def _tell(self, key: str, code: str) -> None:
        log.error("file.wrong", file=key, why=code)
        known = [UNREADABLE] if code == UNREADABLE else [DAMAGED, MISSING]
        if not await rows(OPEN, [key, known]):
            await self._alarm(key, code)

    async def _alarm(self, key: str, code: str) -> None:
        found = await rows(CASES, [key])
        case = await Case.get(id=found[0]["case_id"]) if found else None
        item = None if case is None else await self.items.version(case.item_version_id)
        await raise_alert(
            self.clock.now(),
            AlertKind.OUT_OF_ORDER,
            MonitorLight.RED,
            code,
            owner=(Role.SUPERVISOR, "" if item is None else item.agency),
            case_id=None if case is None else case.id,
            data={"file": key},
        )
