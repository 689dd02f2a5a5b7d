"""How much of one person may lie here: uploads on their way, and files that wait for a slot."""

from datetime import datetime
from uuid import UUID

from models.database import rows
from services.materials import MEGABYTE
from services.upload_problems import UploadsTooMany

MAX_OPEN = 30
MAX_HELD = 120
"""Open and stored ones: photos in a material stay stored for a day, and one has 30 pages."""
MAX_HELD_BYTES = 300 * MEGABYTE
MAX_DAY_BYTES = 2 * MAX_HELD_BYTES
"""With what was stored and given up again: the store keeps that for a week all the same."""

HELD = """
SELECT count(*) FILTER (WHERE state = 'OPEN') AS open,
  count(*) FILTER (WHERE state <> 'ENDED') AS number,
  coalesce(sum(size) FILTER (WHERE state <> 'ENDED'), 0) AS bytes,
  coalesce(sum(size), 0) AS day_bytes
FROM uploads WHERE account_id = $1 AND expires_at > $2
  AND (state IN ('OPEN', 'STORED') OR state = 'ENDED' AND stored IS NOT NULL)"""


async def check_room(account_id: UUID, size: int, now: datetime, *, is_open: bool) -> None:
    """Raise ``UploadsTooMany`` when a further upload is too much.

    Who holds the account's row counts right; anybody else learns what is so just now.
    """
    held = (await rows(HELD, [account_id, now]))[0]
    if is_open and held["open"] >= MAX_OPEN:
        raise UploadsTooMany
    if held["number"] >= MAX_HELD or held["bytes"] + size > MAX_HELD_BYTES:
        raise UploadsTooMany
    if held["day_bytes"] + size > MAX_DAY_BYTES:
        raise UploadsTooMany
