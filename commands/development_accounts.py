"""The accounts of a development installation, made as in production: by an administrator's act,
then a first login that changes the password and sets the second factor up.
"""

import asyncio
import json
import time
from collections.abc import Mapping
from pathlib import Path

import pyotp
from jose import jwk

import development
from composition import Parts
from integrations.embedded.secrets import development_secrets, write_secret
from models.rules.events import Role
from models.rules.scopes import Scope
from models.staff import BackofficeClient, MachineKey, OrgUnit, StaffMember
from services.actors import SYSTEM
from services.members import Post
from services.registrations import Grants
from services.seeding import catalogue

CENTRE = "示例县政务服务中心"
HEALTH = "示例县卫生健康局"
FINANCE = "示例县财政局"
NORTH = "北桥镇便民服务中心"
PEOPLE: Mapping[str, tuple[str, Role, str, str | None]] = {
    "window01": ("窗口人员", Role.WINDOW, CENTRE, "W-COUNTY"),
    "dept01": ("审批部门受理人员", Role.DEPT, HEALTH, None),
    "finance01": ("财政退付审核人员", Role.DEPT, FINANCE, None),
    "supervisor01": ("电子监察人员", Role.SUPERVISOR, CENTRE, None),
    "township01": ("乡镇窗口人员", Role.WINDOW, NORTH, "W-NORTH"),
    "auditor01": ("安全审计员", Role.AUDITOR, CENTRE, None),
    "admin01": ("系统管理员", Role.ADMIN, CENTRE, None),
}
STEP_SECONDS = 30


def book(folder: Path | None = None) -> dict[str, str]:
    """Return the secrets of the second factors by username."""
    file = (folder or development.VAR / "secrets") / "totp.json"
    found: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    return found


async def make_accounts(parts: Parts) -> None:
    """Make what is missing; one that cannot be used any more is made anew."""
    known = {member.username: member for member in await StaffMember.all()}
    secrets = book()
    lacking = [
        username
        for username in PEOPLE
        if username not in secrets or username not in known or not known[username].totp_since
    ]
    # At once, for most of the time goes into hashing passwords on threads of their own.
    await asyncio.gather(*(_make(parts, name, known.get(name)) for name in lacking))
    await _make_machines(parts)


async def _make(parts: Parts, username: str, member: StaffMember | None) -> None:
    members = parts.context.members
    name, role, unit_name, window = PEOPLE[username]
    unit = await OrgUnit.get(name=unit_name)
    if member is None:
        post = Post(frozenset({role}), unit.id, window)
        first = (await members.create(SYSTEM, username, name, post)).password
    else:
        await members.reset_totp(SYSTEM, member.id)
        first = await members.reset_password(SYSTEM, member.id)
    await _enrol(parts, username, first)


async def _enrol(parts: Parts, username: str, first: str) -> None:
    context = parts.context
    folder = development.VAR / "secrets"
    token = (await context.staff.login(username, first)).access_token
    who = await context.staff.authenticate(token)
    password = development_secrets(folder).passwords[username]
    await context.enrolment.change_password(who, first, password)
    secret = (await context.enrolment.begin_totp(who)).secret
    known = json.dumps({**book(), username: secret}, indent=1)
    write_secret(folder / "totp.json", known.encode())
    # The code before the present one, so that the present one is left for the first login.
    code = pyotp.TOTP(secret).at(int(time.time()) - STEP_SECONDS)
    await context.enrolment.confirm_totp(who, code)
    await context.staff.logout(who)


async def _make_machines(parts: Parts) -> None:
    register = parts.context.registrations
    pem = development_secrets(development.VAR / "secrets").machine_key_file.read_text()
    public = {
        **jwk.construct(pem, "ES256").public_key().to_dict(),
        "kid": development.BACKOFFICE_KEY,
    }
    agencies = {
        f"{development.BACKOFFICE_CLIENT}-{item['agency_uscc']}": item for item in catalogue()
    }
    known = {client.client_id for client in await BackofficeClient.all()}
    keyed = {key.machine.client_id for key in await MachineKey.all().select_related("machine")}
    for client_id, item in agencies.items():
        if client_id not in known:
            name = f"{item['agency']}审批系统"
            grants = Grants(tuple(Scope))
            await register.add(SYSTEM, client_id, name, str(item["agency_uscc"]), grants)
        if client_id not in keyed:
            await register.add_key(SYSTEM, client_id, public)
