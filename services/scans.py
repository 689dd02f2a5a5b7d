"""Scans for viruses: each file that came from outside, after it was stored, until it worked."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog

from models.database import rows
from models.unit import transaction
from services.errors import FileDamaged, FileMissing, ScannerDown, ScanRefused, StoreUnreadable
from services.infections import Infections
from services.ports import Clock
from services.ports.files import FileKeeping, FileRegister, KeptFile, Scan, Scanner

log = structlog.get_logger("zhangban.files")

AT_ONCE = 200
AGAIN_AFTER = timedelta(hours=1)
# What waits comes before what was stored when there was no scanner.
WAITING = """
SELECT key FROM stored_files WHERE scan = ANY($1::text[])
  AND (scanned_at IS NULL OR scanned_at < $2) ORDER BY scan, id LIMIT $3"""
RELEASE = "UPDATE stored_files SET scan = $2 WHERE scan = $1 RETURNING 1"
TRIED = "UPDATE stored_files SET scanned_at = $2 WHERE key = $1"
# Whoever refers to the file in this moment is waited for: what follows must see them.
HOLD = "SELECT scan FROM stored_files WHERE key = $1 FOR UPDATE"
SET = "UPDATE stored_files SET scan = $2, scanned_at = $3, found = $4 WHERE key = $1"


@dataclass(frozen=True)
class Scans:
    clock: Clock
    register: FileRegister
    files: FileKeeping
    scanner: Scanner | None
    infections: Infections

    async def scan(self, payload: Mapping[str, Any]) -> None:
        """Look through one file (job ``file.scan``: key); a repeated job finds nothing to do.

        With the scanner down it waits for the sweep, which comes back to it every minute.
        """
        await self._scan(payload["key"])

    async def sweep(self) -> int:
        """Look through what still waits (every minute); return how many files that were.

        Without a scanner nothing is kept in any longer.
        """
        if self.scanner is None:
            return len(await rows(RELEASE, [Scan.PENDING.value, Scan.UNSCANNED.value]))
        before = self.clock.now() - AGAIN_AFTER
        waiting = [Scan.PENDING.value, Scan.UNSCANNED.value]
        done = 0
        for row in await rows(WAITING, [waiting, before, AT_ONCE]):
            if await self._scan(row["key"]):
                done += 1
            elif await self.answers():
                # It was this file that it has no answer to: the others behind it get theirs.
                await rows(TRIED, [row["key"], self.clock.now()])
            else:
                break
        return done

    async def answers(self) -> bool:
        """Tell whether the scanner is there."""
        try:
            await self._found(_nothing())
        except ScannerDown:
            return False
        return True

    async def _found(self, chunks: AsyncIterator[bytes]) -> str | None:
        if self.scanner is None:
            raise ScannerDown
        return await self.scanner.scan(chunks)

    async def _scan(self, key: str) -> bool:
        """Return whether the scanner answers."""
        kept = await self.register.find(key)
        if kept is None or not _waits(kept):
            return True
        try:
            found = await self._found(self.files.opened(kept))
        except ScannerDown:
            log.warning("scan.down", file=key)
            return False
        except (ScanRefused, FileMissing, FileDamaged, StoreUnreadable) as refused:
            # It waits alone: the scanner's limit, the file or the disk needs somebody's hand.
            log.error("scan.refused", file=key, size=kept.size, why=refused.code)
            await rows(TRIED, [key, self.clock.now()])
            return True
        await self._record(key, found)
        return True

    @transaction
    async def _record(self, key: str, found: str | None) -> None:
        held = await rows(HOLD, [key])
        if not held or Scan(held[0]["scan"]) in (Scan.CLEAN, Scan.INFECTED):
            return
        scan = Scan.CLEAN if found is None else Scan.INFECTED
        name = None if found is None else found[:200]
        now = self.clock.now()
        await rows(SET, [key, scan.value, now, name])
        if name is not None:
            log.error("scan.infected", file=key, found=name)
            await self.infections.follow(key, name, now)


async def _nothing() -> AsyncIterator[bytes]:
    yield b""


def _waits(kept: KeptFile) -> bool:
    return kept.scan in (Scan.PENDING, Scan.UNSCANNED)
