"""Who asks: what a bearer token says, per surface."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

from sanic import Request

from models.rules.events import Role
from services.actors import Citizen, Machine, Officer
from services.errors import Forbidden, Unauthenticated
from services.machines import MACHINE_AUDIENCE
from services.ports import EndedSessions, Tokens
from services.sessions import CITIZEN_AUDIENCE
from services.staff import STAFF_AUDIENCE

T = TypeVar("T")


@dataclass(frozen=True)
class Surface(Generic[T]):
    """A kind of caller: its name in the documentation and how it is recognised."""

    name: str
    read: Callable[[Request, Tokens], T]


def bearer(request: Request) -> str:
    """Return the bearer token; raise ``Unauthenticated``."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token:
        raise Unauthenticated
    return token


def citizen_of(token: str, tokens: Tokens) -> Citizen:
    claims = tokens.read(token, audience=CITIZEN_AUDIENCE)
    return Citizen(UUID(claims["sub"]), UUID(claims["sid"]))


async def check_open(who: object, ended: EndedSessions) -> None:
    """Raise ``Unauthenticated`` for a citizen whose session was ended, though the token lives."""
    if isinstance(who, Citizen) and await ended.has(who.session_id):
        raise Unauthenticated


def _officer(request: Request, tokens: Tokens) -> Officer:
    claims = tokens.read(bearer(request), audience=STAFF_AUDIENCE)
    return Officer(UUID(claims["sub"]), frozenset(map(Role, claims["roles"])), claims["unit"])


def _machine(request: Request, tokens: Tokens) -> Machine:
    claims = tokens.read(bearer(request), audience=MACHINE_AUDIENCE)
    return Machine(claims["sub"], claims["agency"], claims["name"])


def _reviewer(request: Request, tokens: Tokens) -> Officer:
    officer = _officer(request, tokens)
    if not officer.roles & {Role.WINDOW, Role.DEPT}:
        raise Forbidden
    return officer


def _editor(request: Request, tokens: Tokens) -> Officer:
    officer = _officer(request, tokens)
    if not officer.roles & {Role.DEPT, Role.SUPERVISOR}:
        raise Forbidden
    return officer


def _supervisor(request: Request, tokens: Tokens) -> Officer:
    officer = _officer(request, tokens)
    if Role.SUPERVISOR not in officer.roles:
        raise Forbidden
    return officer


PUBLIC: Surface[None] = Surface("public", lambda request, tokens: None)
CITIZEN: Surface[Citizen] = Surface(
    "citizen", lambda request, tokens: citizen_of(bearer(request), tokens)
)
STAFF: Surface[Officer] = Surface("staff", _reviewer)
EDITOR: Surface[Officer] = Surface("editor", _editor)
SUPERVISOR: Surface[Officer] = Surface("supervisor", _supervisor)
MACHINE: Surface[Machine] = Surface("backoffice", _machine)
