"""How many files are kept, how, and what is known of them; for operators."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from models.database import rows

BY_KIND = """
SELECT cipher, scan, count(*) AS files, sum(size)::bigint AS bytes, count(damaged_at) AS wrong,
  min(checked_at) AS oldest
FROM stored_files GROUP BY cipher, scan ORDER BY cipher, scan"""


@dataclass(frozen=True)
class FileCount:
    """Files that are sealed alike and known alike; ``size`` in plain bytes.

    ``wrong`` of them are damaged or gone; ``oldest`` is when the one was read that was read last.
    """

    cipher: str
    scan: str
    files: int
    size: int
    wrong: int
    oldest: datetime


async def count_files() -> Sequence[FileCount]:
    """Return all files, by how they are sealed and what the scanner said."""
    return [
        FileCount(
            row["cipher"], row["scan"], row["files"], row["bytes"], row["wrong"], row["oldest"]
        )
        for row in await rows(BY_KIND)
    ]
