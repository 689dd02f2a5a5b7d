"""``zhangban staff``: the first administrator, a way back in, and development's codes."""

import argparse
import getpass
import sys
from collections.abc import Sequence

import pyotp

from commands.development_accounts import book
from composition import Parts, compose
from models.rules.events import Role
from models.rules.passwords import is_good
from models.rules.powers import STAFF_ROLES
from models.staff import OrgUnit, StaffMember
from services.actors import SYSTEM
from services.errors import Problem
from services.members import Post
from services.staff import read_username
from settings import Environment, Settings, environment_name


def parser() -> argparse.ArgumentParser:
    """Return the reader of the command's words; a password is never one of them."""
    made = argparse.ArgumentParser(prog="zhangban staff", description=__doc__)
    acts = made.add_subparsers(dest="act", required=True)
    create = acts.add_parser("create", help="add an account; its first password is asked for")
    create.add_argument("username")
    create.add_argument("--name", required=True, help="the person's name")
    create.add_argument(
        "--role", required=True, action="append", choices=[role.value for role in STAFF_ROLES]
    )
    create.add_argument("--unit", required=True, help="the unit's id or name")
    reset = acts.add_parser("reset", help="give a new first password, drop the second factor")
    reset.add_argument("username")
    code = acts.add_parser("code", help="print the one-time code of a development account")
    code.add_argument("username")
    return made


def alone(words: Sequence[str]) -> int | None:
    """Do what needs no installation's settings; None for the rest."""
    arguments = parser().parse_args(words)
    return _code(arguments.username) if arguments.act == "code" else None


async def run(settings: Settings, words: Sequence[str]) -> int:
    """Do it; return 0, or 1 with what is wrong on standard error."""
    arguments = parser().parse_args(words)
    username = read_username(arguments.username)
    password = _password()
    if not is_good(password, username):
        return _wrong("the password is too weak: 12 characters or more, of three kinds")
    parts = compose(settings)
    await parts.open()
    try:
        if arguments.act == "create":
            return await _create(parts, arguments, password)
        return await _reset(parts, username, password)
    except Problem as error:
        return _wrong(f"{error.code}: {error.text}")
    finally:
        await parts.close()


async def _create(parts: Parts, arguments: argparse.Namespace, password: str) -> int:
    found = [await OrgUnit.get_or_none(**{key: arguments.unit}) for key in ("id", "name")]
    unit = next((each for each in found if each is not None), None)
    if unit is None:
        return _wrong(f"there is no unit {arguments.unit}")
    post = Post(frozenset(map(Role, arguments.role)), unit.id)
    members = parts.context.members
    await members.create(SYSTEM, arguments.username, arguments.name, post, password)
    print("made; the first login changes the password and sets up the one-time codes")
    return 0


async def _reset(parts: Parts, username: str, password: str) -> int:
    member = await StaffMember.get_or_none(username=username)
    if member is None:
        return _wrong(f"there is no account {username}")
    await parts.context.members.reset_totp(SYSTEM, member.id)
    await parts.context.members.reset_password(SYSTEM, member.id, password)
    print("reset; the next login changes the password and sets up the one-time codes")
    return 0


def _code(username: str) -> int:
    if environment_name() == Environment.PRODUCTION:
        return _wrong("codes of real people are on their phones")
    secret = book().get(read_username(username))
    if secret is None:
        return _wrong(f"there is no development account {username}")
    print(pyotp.TOTP(secret).now())
    return 0


def _password() -> str:
    if sys.stdin.isatty():
        return getpass.getpass("first password: ")
    return sys.stdin.readline().rstrip("\n")


def _wrong(text: str) -> int:
    print(f"zhangban: {text}", file=sys.stderr)
    return 1
