"""Who asks: what a bearer token says, per surface."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

from sanic import Request

from api.context import Context
from models.rules.events import Role
from models.rules.scopes import Scope
from services.actors import Citizen, Machine, Officer
from services.errors import Forbidden, Unauthenticated
from services.ports import EndedSessions, Tokens
from services.sessions import CITIZEN_AUDIENCE
from services.staff import Present

T = TypeVar("T")


class SetupPending(Forbidden):
    """The first password was not changed, or there is no second factor yet."""

    code = "setup_pending"
    sentence = "请先修改初始密码并绑定动态验证码,然后重新登录。"


@dataclass(frozen=True)
class Surface(Generic[T]):
    """A kind of caller: its name in the documentation and how it is recognised.

    ``roles`` are those of which staff need one; ``scope`` what a back-office system needs.
    """

    name: str
    read: Callable[[Request, Context], Awaitable[T]]
    roles: frozenset[Role] = frozenset()
    scope: Scope | None = None


def bearer(request: Request) -> str:
    """Return the bearer token; raise ``Unauthenticated``."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token:
        raise Unauthenticated
    return token


def citizen_of(token: str, tokens: Tokens) -> Citizen:
    claims = tokens.read(token, audience=CITIZEN_AUDIENCE)
    return Citizen(UUID(claims["sub"]), UUID(claims["sid"]))


async def _anybody(request: Request, ctx: Context) -> None:
    return None


async def check_open(who: Citizen, ended: EndedSessions) -> None:
    """Raise ``Unauthenticated`` for a citizen whose session was ended, though the token lives."""
    if await ended.has(who.session_id):
        raise Unauthenticated


async def _citizen(request: Request, ctx: Context) -> Citizen:
    who = citizen_of(bearer(request), ctx.tokens)
    await check_open(who, ctx.ended)
    return who


async def _member(request: Request, ctx: Context) -> Present:
    return await ctx.staff.authenticate(bearer(request))


def _staff(name: str, *roles: Role) -> Surface[Officer]:
    """Return the surface of members of staff who hold one of these roles."""
    wanted = frozenset(roles)

    async def read(request: Request, ctx: Context) -> Officer:
        present = await _member(request, ctx)
        if present.setup:
            raise SetupPending
        if not present.officer.roles & wanted:
            raise Forbidden
        return present.officer

    return Surface(name, read, roles=wanted)


def _machine(scope: Scope) -> Surface[Machine]:
    """Return the surface of back-office systems that were granted a scope."""

    async def read(request: Request, ctx: Context) -> Machine:
        address = request.client_ip or "unknown"
        machine = await ctx.machines.authenticate(bearer(request), address, scope)
        await ctx.limiter.hit("machine", machine.client_id)
        return machine

    return Surface("backoffice", read, scope=scope)


PUBLIC: Surface[None] = Surface("public", _anybody)
CITIZEN: Surface[Citizen] = Surface("citizen", _citizen)
# Whoever has a session, also one that only sets the login up.
MEMBER: Surface[Present] = Surface("member", _member)
STAFF = _staff("staff", Role.WINDOW, Role.DEPT)
EDITOR = _staff("editor", Role.DEPT, Role.SUPERVISOR)
SUPERVISOR = _staff("supervisor", Role.SUPERVISOR)
APPROVER = _staff("approver", Role.WINDOW, Role.DEPT, Role.SUPERVISOR)
AUDITOR = _staff("auditor", Role.AUDITOR)
ADMIN = _staff("admin", Role.ADMIN)
PULLING = _machine(Scope.PACKAGES_PULL)
READING = _machine(Scope.MATERIALS_READ)
REPORTING = _machine(Scope.EVENTS_WRITE)
