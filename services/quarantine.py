"""Quarantine: a file that came from outside is handed out only once nothing was found in it."""

from collections.abc import Collection, Mapping
from uuid import UUID

from models.database import rows
from services.errors import Conflict, Forbidden, MaterialInfected
from services.ports.files import Scan

SCANS = "SELECT key, scan FROM stored_files WHERE key = ANY($1::text[])"
# What was put together from photos is as harmless as the worst of them.
OF_MATERIALS = """
SELECT held.id, f.scan FROM (
  SELECT id, original_key FROM materials WHERE id = ANY($1::uuid[])
  UNION SELECT material_id, original_key FROM material_pages WHERE material_id = ANY($1::uuid[])
) held JOIN stored_files f ON f.key = held.original_key"""
BEST_FIRST = (Scan.MADE, Scan.CLEAN, Scan.UNSCANNED, Scan.PENDING, Scan.INFECTED)


class FileQuarantined(Conflict):
    """Nobody has looked through the file yet."""

    code = "file_quarantined"
    sentence = "文件正在做安全检查,通常几分钟就好,请稍后再打开。"


class FileInfected(Forbidden):
    """A virus was found in the file: it is kept as evidence, and nobody may have it."""

    code = "file_infected"
    sentence = "这个文件没有通过安全检查(发现病毒),不能打开。"


KEPT_IN = (FileQuarantined, FileInfected)
"""Why a file is not handed out."""


async def scans_of(keys: Collection[str]) -> Mapping[str, Scan]:
    """Return what is known of files, by key."""
    return {row["key"]: Scan(row["scan"]) for row in await rows(SCANS, [sorted(set(keys))])}


async def scans_of_materials(ids: Collection[UUID]) -> Mapping[UUID, Scan]:
    """Return the worst that is known of each material's file and of its pages, by its id."""
    worst: dict[UUID, Scan] = {}
    for row in await rows(OF_MATERIALS, [list(ids)]):
        scan, known = Scan(row["scan"]), worst.get(row["id"], Scan.MADE)
        worst[row["id"]] = max(scan, known, key=BEST_FIRST.index)
    return worst


async def check_release(key: str) -> None:
    """Raise ``FileQuarantined`` or ``FileInfected`` when nobody may have the file now."""
    scan = (await scans_of([key])).get(key)
    if scan is Scan.INFECTED:
        raise FileInfected
    if scan is not None and scan.keeps_it_in:
        raise FileQuarantined


async def check_taken(*keys: str) -> Mapping[str, Scan]:
    """Return what is known of files that were just referred to, in the caller's transaction.

    Raises ``MaterialInfected``. The scanner waits for whoever refers to a file, and whoever
    refers to one for the scanner: one of the two sees what the other did.
    """
    scans = await scans_of(keys)
    if Scan.INFECTED in scans.values():
        raise MaterialInfected
    return scans
