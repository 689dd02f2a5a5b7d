"""Files are opened in child processes only: a few at once, the rest wait their turn."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.errors import MaterialUnreadable
from services.ports.files import DataKey
from uploads.kinds import Kind
from uploads.messages import told
from uploads.pool import Places, Pool
from uploads.refusals import INSPECTION_REFUSALS, InspectionDown
from uploads.sealed_files import SealedFile
from uploads.sealing import fresh_key
from uploads.workers import ChildLimits, Program


@dataclass(frozen=True)
class Finding:
    """What a file turned out to be; a size in pixels for a picture only."""

    pages: int
    width: int | None
    height: int | None
    working_mime: str


@dataclass(frozen=True)
class Inspected:
    """What was found, and the copies that were made, sealed each under a key of its own."""

    finding: Finding
    working: SealedFile | None
    thumbnail: SealedFile | None


class Inspector:
    """Inspects files in at most ``at_once`` children, started when first needed.

    A file that does not get its turn within ``queue_seconds`` is answered ``InspectionDown``.
    """

    def __init__(
        self,
        limits: ChildLimits | None = None,
        *,
        at_once: int = 2,
        queue_seconds: float = 30.0,
    ) -> None:
        self._pool = Pool(
            limits or ChildLimits(), Program(), Places(at_once, queue_seconds), InspectionDown
        )

    @property
    def pids(self) -> frozenset[int]:
        """Return the process ids of the children, for operators."""
        return self._pool.pids

    async def inspect(
        self, source: SealedFile, kind: Kind, working: Path, thumbnail: Path
    ) -> Inspected:
        """Check the file at ``source``; a picture's copies are written to the other two paths.

        Raises ``MaterialUnreadable`` or a subclass for a file that cannot be opened or kills the
        child, ``InspectionDown`` when no child is to be had, ``StoreUnwritable``.
        """
        copies: list[tuple[Path, DataKey]] = []

        def request() -> dict[str, Any]:
            # A key seals one file once: a child that begins anew gets others.
            for leftover, _ in copies:
                leftover.unlink(missing_ok=True)
            copies[:] = [(path, fresh_key(source.key.cipher)) for path in (working, thumbnail)]
            return {
                "job": "picture" if kind.is_picture else "document",
                "kind": kind.value,
                "source": told(source.path, source.key, source.size),
                "working": told(*copies[0]),
                "thumbnail": told(*copies[1]),
            }

        reply = await self._pool.answer(request)
        if "found" not in reply:
            raise INSPECTION_REFUSALS.get(reply["refused"], MaterialUnreadable)
        made = [SealedFile.at(path, key) for path, key in copies]
        return Inspected(Finding(**reply["found"]), *made)

    async def close(self) -> None:
        """Let running inspections end, then end the children. What comes later is refused."""
        await self._pool.close()
