"""Credit (信用): whether something unrepaired stands against a person."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from models.case import Case
from models.credit import CreditEvent
from models.ids import uuid7
from models.rules.credit import Behaviour, CreditStatus

ENDED = [status.value for status in CreditStatus if status.ended]


async def has_bad(account_id: UUID) -> bool:
    """Tell whether a person has a credit event that was confirmed and neither ended nor repaired.

    It keeps them from 容缺, 先办后验 and 告知承诺 (安阳条例29) and from nothing else.
    """
    standing = CreditEvent.filter(account_id=account_id, confirmed_at__not_isnull=True)
    return await standing.exclude(status__in=ENDED).exists()


@dataclass(frozen=True)
class Credit:
    async def propose(
        self,
        case: Case,
        behaviour: Behaviour,
        basis: str,
        evidence: Sequence[str],
        now: datetime,
        *,
        by: Collection[UUID] = (),
    ) -> CreditEvent:
        """Propose an event (T40, T41), in the caller's transaction; it is held against nobody yet.

        ``evidence`` names what shows it, without personal data; ``by`` are the officers whose
        finding it is.
        """
        return await CreditEvent.create(
            id=uuid7(),
            account_id=case.account_id,
            case_id=case.id,
            behaviour=behaviour.value,
            basis=basis,
            evidence=list(evidence),
            status=CreditStatus.PROPOSED.value,
            proposed_by=[str(each) for each in by],
            proposed_at=now,
        )
