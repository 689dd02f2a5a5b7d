"""What can be used again (材料复用): the applicant's own filed materials, by tap, never by itself.

Two ways lead here. What an accepted case or a window has found right is not asked for again,
consent or not (前序材料一律不再要求提供); what else was filed is kept only for who agreed to it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from models.case import Case
from models.database import rows
from models.rules.calendar import day_of
from models.rules.mandates import Act
from models.rules.privacy import Purpose
from models.rules.supply import FROM_REGISTERS, SourceKind, TrustLevel, fits, paper_of
from services import access, consents
from services.actors import Citizen
from services.cases import Cases
from services.files import EXTENSIONS

MOST = 200
# The newest verdict that the applicant was told: what was found wanting is not offered again.
TOLD = """SELECT d.verdict FROM verdicts d WHERE d.material_id = m.id
  AND (d.round < c.round OR c.state NOT IN ('SUBMITTED', 'PRE_REVIEWING'))
  ORDER BY d.round DESC, d.at DESC LIMIT 1"""
# Of a case's owner ($4), not of this case ($5) nor of one that is kept and used no more. Who acts
# for somebody sees of earlier cases what they may read there; the vault is the case's owner's.
FOUND = f"""
SELECT m.id, m.code, m.sha256, m.mime, m.size, m.trust_level, m.verification, m.valid_until,
  c.item_version_id, c.case_no, c.submitted_at, v.material_id IS NOT NULL AND $6 AS kept,
  v.last_used_at, {access.MAY} AS readable
FROM cases c JOIN materials m ON m.case_id = c.id
LEFT JOIN vault_entries v ON v.material_id = m.id AND v.account_id = $4
WHERE c.account_id = $4 AND c.id <> $5 AND c.submitted_at IS NOT NULL AND c.restricted_at IS NULL
  AND m.supply_mode <> ALL($7::text[]) AND ($8::uuid IS NULL OR m.id = $8)
  AND 'FAIL' IS DISTINCT FROM ({TOLD})
  AND ((v.material_id IS NOT NULL AND $6) OR (m.replaced_at IS NULL AND {access.MAY} AND (
    m.verification = 'ORIGINAL_SEEN' OR (c.accepted_at IS NOT NULL AND 'PASS' = ({TOLD})))))
ORDER BY c.submitted_at DESC, m.id DESC LIMIT $9"""  # noqa: S608


@dataclass(frozen=True)
class Reusable:
    """A filed version that may be used again; ``case_no`` and ``item_name`` None: not for them.

    ``kept`` tells that it is in the vault, and not only in an earlier case.
    """

    material_id: UUID
    kind: str
    own: bool
    kept: bool
    trust: TrustLevel
    sha256: str
    mime: str
    size: int
    valid_until: date | None
    filed_at: datetime
    case_no: str | None
    item_name: str | None

    @property
    def source(self) -> SourceKind:
        return SourceKind.VAULT if self.kept else SourceKind.EARLIER

    def is_over(self, today: date) -> bool:
        return self.valid_until is not None and self.valid_until < today

    def suits(self, spec: Mapping[str, Any]) -> bool:
        """Tell whether it is what a slot asks for, in a form that the slot takes."""
        paper = paper_of(spec)
        if paper is None or (paper.kind, paper.own) != (self.kind, self.own):
            return False
        return fits(spec, EXTENSIONS.get(self.mime, "").removeprefix("."), self.size)


async def find(
    cases: Cases, who: Citizen, case: Case, only: UUID | None = None
) -> Sequence[Reusable]:
    """Return what a case could take over, the newest first; expired ones are among them.

    ``who`` may fill the case: that was asked before.
    """
    agreed = await consents.has(case.account_id, Purpose.SAVED_MATERIALS)
    asked = [who.account_id, Act.READ.value, cases.clock.now(), case.account_id, case.id]
    modes = sorted(FROM_REGISTERS)
    found = [
        await _reusable(cases, row)
        for row in await rows(FOUND, [*asked, agreed, modes, only, MOST])
    ]
    # The same photo was filed in more than one case: it is one choice.
    once: dict[tuple[str, str], Reusable] = {}
    for each in found:
        if each is not None and (each.kept or (each.kind, each.sha256) not in once):
            once[each.kind, each.sha256] = each
    return list(once.values())


def fitting(
    found: Sequence[Reusable], spec: Mapping[str, Any], now: datetime
) -> Sequence[Reusable]:
    """Return what a slot can take over now."""
    return [each for each in found if each.suits(spec) and not each.is_over(day_of(now))]


async def _reusable(cases: Cases, row: Mapping[str, Any]) -> Reusable | None:
    item = await cases.items.version(row["item_version_id"])
    spec = next((each for each in item.materials if each["code"] == row["code"]), None)
    paper = None if spec is None else paper_of(spec)
    if paper is None:
        return None
    return Reusable(
        material_id=row["id"],
        kind=paper.kind,
        own=paper.own,
        kept=row["kept"],
        trust=TrustLevel(row["trust_level"]),
        sha256=row["sha256"],
        mime=row["mime"],
        size=row["size"],
        valid_until=row["valid_until"],
        filed_at=row["submitted_at"],
        case_no=row["case_no"] if row["readable"] else None,
        item_name=item.name if row["readable"] else None,
    )
