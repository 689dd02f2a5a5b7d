"""Stored files: which there are, where, under which keys, and who refers to them.

What is uploaded is first touched, then written as an object, then recorded, then referred to. A
file that was touched within a week is let alone by the sweep, and one that is referred to cannot
be deleted at all: the database refuses.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.database import rows
from models.ids import uuid7
from models.unit import transaction
from services.ports import Clock, Crypto, Jobs
from services.ports.files import DataKey, FileCipher, KeptFile, NewFile, Scan

PURPOSE = "file.key"
SCAN = "file.scan"
DAMAGED, MISSING = "file_damaged", "file_missing"

# Whoever adds a column that names a stored file adds it here, with a foreign key and an index; a
# test compares the list with the models and with the database.
REFERENCES = (
    ("materials", "original_key"),
    ("materials", "working_key"),
    ("materials", "thumbnail_key"),
    ("material_pages", "original_key"),
    ("material_pages", "working_key"),
    ("material_pages", "thumbnail_key"),
    ("result_documents", "key"),
    ("notices", "file_key"),
    ("mandates", "proof_key"),
    ("mandates", "proof_original_key"),
)
FIND = """
SELECT key, place, size, cipher, key_sealed, scan, damaged_at FROM stored_files WHERE key = $1"""
# A stranger's file that is byte for byte one of ours is a stranger's. Always in the same order:
# two uploads of the same files must not wait for each other.
TOUCH = """
WITH held AS (SELECT id FROM stored_files WHERE key = ANY($1::text[]) ORDER BY key
  FOR NO KEY UPDATE)
UPDATE stored_files f SET touched_at = $2,
  scan = CASE WHEN f.scan = 'MADE' AND f.key = ANY($3::text[]) THEN $4 ELSE f.scan END
FROM held WHERE f.id = held.id
RETURNING f.key, f.place, f.size, f.cipher, f.key_sealed, f.scan, f.damaged_at"""
# What somebody else recorded meanwhile stays, unless it is the very place that was found wanting.
# Nobody has been answered yet, and who is answered has committed after this: the log keeps the
# order, so that commit need not be waited for here.
RECORD = """
INSERT INTO stored_files
  (id, key, place, size, cipher, key_sealed, scan, touched_at, checked_at)
SELECT id, key, place, size, cipher, key_sealed, scan, $8, $8
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::bytea[], $7::text[])
  AS n (id, key, place, size, cipher, key_sealed, scan),
  (SELECT set_config('synchronous_commit', 'off', true)) AS lazily ORDER BY key
ON CONFLICT (key) DO UPDATE SET place = EXCLUDED.place, cipher = EXCLUDED.cipher,
  key_sealed = EXCLUDED.key_sealed, touched_at = $8, checked_at = $8, damaged_at = NULL
WHERE stored_files.place = ANY($9::text[]) RETURNING key"""
HEALED = """
UPDATE monitor_alerts SET resolved_at = $2, resolution = $3
WHERE code = ANY($4::text[]) AND resolved_at IS NULL AND data::jsonb ->> 'file' = ANY($1::text[])"""
HEALED_BY = "同样的文件重新上传了,已经补上。"
MOVE = """
UPDATE stored_files SET place = $3, cipher = $4, key_sealed = $5 WHERE key = $1 AND place = $2
RETURNING 1"""


@dataclass(frozen=True)
class StoredFiles:
    """The port ``FileRegister``; ``scanning``: somebody looks for viruses in what is new."""

    clock: Clock
    crypto: Crypto
    jobs: Jobs
    scanning: bool

    async def find(self, key: str) -> KeptFile | None:
        """Return what is known of a file."""
        found = await rows(FIND, [key])
        return kept_file(self.crypto, found[0]) if found else None

    async def touch(self, made: Mapping[str, bool]) -> Mapping[str, KeptFile]:
        """Return which of these are known; the sweep lets those alone for a week from now."""
        strangers = [key for key, ours in made.items() if not ours]
        values = [list(made), self.clock.now(), strangers, self._first(made=False).value]
        found = await rows(TOUCH, values)
        return {row["key"]: kept_file(self.crypto, row) for row in found}

    def _first(self, *, made: bool) -> Scan:
        if made:
            return Scan.MADE
        return Scan.PENDING if self.scanning else Scan.UNSCANNED

    async def record(self, files: Sequence[NewFile]) -> None:
        """Take note of objects that were written, and have them looked through."""
        if not files:
            return
        if self.scanning or any(each.instead_of for each in files):
            others = await self._record_and_follow(files)
        else:
            others = await self._record(files)
        if others:
            await self.touch(others)

    @transaction
    async def _record_and_follow(self, files: Sequence[NewFile]) -> Mapping[str, bool]:
        others = await self._record(files)
        strangers = [each.key for each in files if not each.made and each.key not in others]
        for key in strangers if self.scanning else ():
            await self.jobs.enqueue(SCAN, {"key": key}, key=f"{SCAN}:{key}")
        healed = [each.key for each in files if each.instead_of and each.key not in others]
        if healed:
            await rows(HEALED, [healed, self.clock.now(), HEALED_BY, [DAMAGED, MISSING]])
        return others

    async def _record(self, files: Sequence[NewFile]) -> Mapping[str, bool]:
        """Return what somebody else had recorded already, and whether it is ours."""
        wanting = [new.instead_of for new in files if new.instead_of is not None]
        new = [(uuid7(), each.key, each.place, each.size, *self._sealed(each)) for each in files]
        columns = [list(column) for column in zip(*new, strict=True)]
        recorded = {row["key"] for row in await rows(RECORD, [*columns, self.clock.now(), wanting])}
        return {each.key: each.made for each in files if each.key not in recorded}

    def _sealed(self, new: NewFile) -> tuple[str, bytes, str]:
        sealed = self.crypto.seal(new.data_key.secret, PURPOSE)
        return new.data_key.cipher.value, sealed, self._first(made=new.made).value

    @transaction
    async def moved(self, kept: KeptFile, place: str, data_key: DataKey) -> bool:
        """Take note that a file's bytes lie at another place; False when it is gone or moved."""
        sealed = self.crypto.seal(data_key.secret, PURPOSE)
        values = [kept.key, kept.place, place, data_key.cipher.value, sealed]
        return bool(await rows(MOVE, values))


def kept_file(crypto: Crypto, row: Mapping[str, Any]) -> KeptFile:
    """Return a file as its row tells it; one whose key cannot be opened is damaged."""
    cipher = FileCipher(row["cipher"])
    damaged = row["damaged_at"] is not None
    secret = bytes(cipher.key_bytes)
    if row["key_sealed"] is not None:
        try:
            secret = crypto.open(row["key_sealed"], PURPOSE)
        except ValueError:
            damaged = True
    return KeptFile(
        key=row["key"],
        place=row["place"],
        size=row["size"],
        data_key=DataKey(cipher, secret),
        scan=Scan(row["scan"]),
        damaged=damaged,
    )
