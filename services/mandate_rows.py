"""The row of a mandate, written in one place whichever way the power comes about."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from models.ids import uuid7
from models.mandate import Mandate
from models.rules.mandates import Act, MandateKind, MandateStatus
from services.identities import Identity
from services.persons import Persons


@dataclass(frozen=True, repr=False)
class Wanted:
    """Who may act for whom, how, as what, and who saw that it is true (``basis``)."""

    kind: MandateKind
    status: MandateStatus
    principal_id: UUID
    agent_id: UUID | None
    agent: Identity
    acts: Iterable[Act]
    basis: str
    until: datetime | None = None
    item_id: UUID | None = None
    case_id: UUID | None = None


async def write(persons: Persons, wanted: Wanted, by: UUID, now: datetime) -> Mandate:
    """Write a mandate in the caller's transaction; an active one counts from now on."""
    return await Mandate.create(
        id=uuid7(),
        principal_id=wanted.principal_id,
        agent_id=wanted.agent_id,
        agent_index=persons.index(wanted.agent.id_number),
        agent_name_sealed=persons.seal_name(wanted.agent.name),
        kind=wanted.kind.value,
        acts=sorted(wanted.acts),
        item_id=wanted.item_id,
        case_id=wanted.case_id,
        status=wanted.status.value,
        basis=wanted.basis,
        granted_by=by,
        valid_from=now,
        valid_until=wanted.until,
        accepted_at=now if wanted.status is MandateStatus.ACTIVE else None,
        created_at=now,
    )
