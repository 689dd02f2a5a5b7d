"""What is kept for the next time (我的材料库): rows that come with a filing and go with a consent.

The vault holds no files of its own: an entry points to a version of a filed case, so that emptying
it leaves exactly what the law keeps.
"""

from datetime import datetime
from uuid import UUID

from models.database import rows
from models.rules.privacy import STATEMENTS, Purpose
from models.rules.supply import FROM_REGISTERS, kept_as
from services.cases import Opened

# The consent's row is held: who takes it back waits, and then empties this too. What registers
# gave is not kept, for they are asked anew; the same bytes are kept once.
KEEP = """
WITH agreed AS (
  SELECT id FROM consents WHERE account_id = $1 AND case_id IS NULL AND purpose = $6
    AND version = $7 AND answer = 'GIVEN' AND withdrawn_at IS NULL AND superseded_at IS NULL
  FOR SHARE
)
INSERT INTO vault_entries (material_id, account_id, kind, kept_at)
SELECT m.id, $1, k.kind, $5 FROM unnest($3::text[], $4::text[]) AS k (code, kind)
JOIN materials m ON m.case_id = $2 AND m.code = k.code AND m.replaced_at IS NULL
WHERE EXISTS (SELECT FROM agreed) AND m.supply_mode <> ALL($8::text[])
  AND NOT EXISTS (SELECT FROM vault_entries v JOIN materials o ON o.id = v.material_id
    WHERE v.account_id = $1 AND v.kind = k.kind AND o.sha256 = m.sha256)
ON CONFLICT DO NOTHING"""
EMPTY = "DELETE FROM vault_entries WHERE account_id = $1"
# After two accounts became one: what its owner did not agree to is not kept.
SETTLE = """
DELETE FROM vault_entries v WHERE v.account_id = $1 AND NOT EXISTS (
  SELECT FROM consents WHERE account_id = $1 AND case_id IS NULL AND purpose = $2
    AND answer = 'GIVEN' AND withdrawn_at IS NULL AND superseded_at IS NULL)"""


async def keep(opened: Opened, now: datetime) -> None:
    """Keep what a filing brings that can be used again, if its applicant agreed to that.

    In the caller's transaction, with the case's row held.
    """
    papers = {spec["code"]: kept_as(spec) for spec in opened.item.materials}
    kinds = {code: paper.kind for code, paper in papers.items() if paper is not None}
    if not kinds:
        return
    case, told = opened.case, STATEMENTS[Purpose.SAVED_MATERIALS]
    values = [case.account_id, case.id, list(kinds), list(kinds.values()), now]
    modes = sorted(FROM_REGISTERS)
    await rows(KEEP, [*values, told.purpose.value, told.version, modes])


async def empty(account_id: UUID) -> None:
    """Forget everything that is kept for an account, in the caller's transaction."""
    await rows(EMPTY, [account_id])


async def settle(account_id: UUID) -> None:
    """Forget what an account that took another in has not agreed to keep."""
    await rows(SETTLE, [account_id, Purpose.SAVED_MATERIALS.value])
