"""Back-office systems that call us: a client id and a secret (client credentials)."""

from dataclasses import dataclass, field
from datetime import timedelta

from models.database import Duplicate
from models.ids import uuid7
from models.rules.identity import read_uscc
from models.staff import BackofficeClient
from models.unit import transaction
from services.actors import Machine
from services.errors import Conflict, Unauthenticated
from services.passwords import Decoy
from services.ports import Clock, Passwords, Tokens

MACHINE_AUDIENCE = "zhangban:backoffice"
TOKEN_LIFE = timedelta(minutes=15)


class ClientRefused(Unauthenticated):
    """Wrong client id, wrong secret or closed: the answer does not tell which."""

    code = "client_refused"
    sentence = "client_id 或 client_secret 不正确。"


class ClientIdTaken(Conflict):
    """A system with this client id exists."""

    code = "client_id_taken"
    sentence = "这个 client_id 已经存在。"


@dataclass(frozen=True)
class Machines:
    clock: Clock
    tokens: Tokens
    passwords: Passwords
    decoy: Decoy = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "decoy", Decoy(self.passwords))

    async def token(self, client_id: str, secret: str) -> str:
        """Return a token of 15 minutes that names the system's agency; raise ``ClientRefused``."""
        client = await BackofficeClient.get_or_none(client_id=client_id, active=True)
        right = await self.decoy.verify(None if client is None else client.secret_hash, secret)
        if client is None or not right:
            raise ClientRefused
        claims = {"sub": client.client_id, "agency": client.agency_uscc, "name": client.name}
        return self.tokens.issue(claims, audience=MACHINE_AUDIENCE, ttl=TOKEN_LIFE)

    async def create(self, *, client_id: str, secret: str, name: str, agency_uscc: str) -> Machine:
        """Add a back-office system; raise ``ClientIdTaken`` or, for a wrong code, ``UsccInvalid``.

        ``agency_uscc`` is the agency whose packages it may pull (统一社会信用代码).
        """
        client = BackofficeClient(
            id=uuid7(),
            client_id=client_id,
            name=name,
            agency_uscc=read_uscc(agency_uscc),
            secret_hash=await self.passwords.hash(secret),
            created_at=self.clock.now(),
        )
        try:
            await self._add(client)
        except Duplicate as error:
            raise ClientIdTaken from error
        return Machine(client.client_id, client.agency_uscc, client.name)

    @transaction
    async def _add(self, client: BackofficeClient) -> None:
        await client.save(force_create=True)
