"""Who has just become known: what waited for them by name and ID number finds them."""

from uuid import UUID

from models.mandate import CoApplicant, Mandate
from services.identities import Identity
from services.persons import Persons


async def attach(persons: Persons, account_id: UUID, identity: Identity) -> None:
    """Give a person what was offered to them, and what waits for their signature.

    In the transaction that makes them known. Who was named otherwise is somebody else.
    """
    indexes = persons.indexes(identity.id_number)
    for mandate in await Mandate.filter(agent_index__in=indexes, agent_id=None):
        if persons.name_of(mandate.agent_name_sealed) == identity.name:
            await Mandate.filter(id=mandate.id).update(agent_id=account_id)
    for party in await CoApplicant.filter(id_number_index__in=indexes, account_id=None):
        if persons.name_of(party.name_sealed) == identity.name:
            await CoApplicant.filter(id=party.id).update(account_id=account_id)
