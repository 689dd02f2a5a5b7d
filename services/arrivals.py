"""Who has just become known: what waited for them by name and ID number finds them."""

from datetime import datetime
from uuid import UUID

from models.account import Account, Person
from models.case import Case
from models.handoff import ImportedCase
from models.mandate import CoApplicant, Mandate
from services.identities import Identity
from services.persons import Persons


async def attach(persons: Persons, account_id: UUID, identity: Identity, now: datetime) -> None:
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
    await _claim(persons, account_id, identity, now)


async def _claim(persons: Persons, account_id: UUID, identity: Identity, now: datetime) -> None:
    """Give a person the cases that were lodged elsewhere before they came."""
    waiting = ImportedCase.filter(
        id_number_index__in=persons.indexes(identity.id_number), claimed_at=None
    )
    for imported in await waiting.select_related("case"):
        expected = imported.case.account_id
        person = await Person.get(account_id=expected)
        if persons.name_of(person.name_sealed) == identity.name:
            await Case.filter(id=imported.case_id).update(account_id=account_id)
            await ImportedCase.filter(case_id=imported.case_id).update(claimed_at=now)
            # What stood for them until now is empty.
            await Person.filter(account_id=expected).delete()
            await Account.filter(id=expected).update(joined_id=account_id)
