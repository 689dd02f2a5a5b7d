"""``zhangban machine``: back-office systems and their public keys."""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)
from jose import jwk
from jose.exceptions import JWKError

from composition import Parts, compose
from models.rules.scopes import Scope
from services.actors import SYSTEM
from services.errors import Problem
from services.registrations import Grants
from settings import Settings


class KeyUnreadable(Exception):
    """A file that holds no public key."""


def parser() -> argparse.ArgumentParser:
    """Return the reader of the command's words."""
    made = argparse.ArgumentParser(prog="zhangban machine", description=__doc__)
    acts = made.add_subparsers(dest="act", required=True)
    acts.add_parser("list", help="print every system and its keys")
    add = acts.add_parser("add", help="add a system of an agency")
    add.add_argument("client")
    add.add_argument("name")
    add.add_argument("agency", help="统一社会信用代码")
    add.add_argument("--network", action="append", default=[], help="CIDR it calls from")
    add.add_argument("--item", action="append", default=[], help="code of an item; all by default")
    key = acts.add_parser("add-key", help="add a public key (PEM or JWK) beside the others")
    key.add_argument("client")
    key.add_argument("file", type=Path)
    key.add_argument("--kid", help="its name; the thumbprint by default")
    revoke = acts.add_parser("revoke-key", help="revoke a key and the tokens that it got")
    revoke.add_argument("client")
    revoke.add_argument("kid")
    return made


async def run(settings: Settings, words: Sequence[str]) -> int:
    """Do it; return 0, or 1 with what is wrong on standard error."""
    arguments = parser().parse_args(words)
    try:
        public = None if arguments.act != "add-key" else read_key(arguments.file, arguments.kid)
        parts = compose(settings)
        await parts.open()
        try:
            await _do(parts, arguments, public)
        finally:
            await parts.close()
    except (Problem, KeyUnreadable) as error:
        text = f"{error.code}: {error.text}" if isinstance(error, Problem) else str(error)
        print(f"zhangban: {text}", file=sys.stderr)
        return 1
    return 0


async def _do(
    parts: Parts, arguments: argparse.Namespace, public: Mapping[str, Any] | None
) -> None:
    register = parts.context.registrations
    if arguments.act == "list":
        for client in await register.list():
            print(client.client_id, client.agency_uscc, "open" if client.active else "closed")
            for key in client.keys:
                print("  ", key.kid, "revoked" if key.revoked_at else "good")
    elif arguments.act == "add":
        grants = Grants(tuple(Scope), arguments.network, arguments.item)
        await register.add(SYSTEM, arguments.client, arguments.name, arguments.agency, grants)
    elif public is not None:
        print((await register.add_key(SYSTEM, arguments.client, public)).kid)
    else:
        await register.revoke_key(SYSTEM, arguments.client, arguments.kid)


def read_key(file: Path, kid: str | None) -> Mapping[str, Any]:
    """Return the JWK of a file that holds one, or a public key as PEM; raise ``KeyUnreadable``."""
    try:
        content = file.read_bytes()
        if content.lstrip().startswith(b"{"):
            found: dict[str, Any] = dict(json.loads(content))
        else:
            public = load_pem_public_key(content)
            pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
            found = dict(jwk.construct(pem.decode(), "ES256").to_dict())
    except (OSError, ValueError, TypeError, JWKError, UnsupportedAlgorithm) as error:
        raise KeyUnreadable(f"{file} holds no public P-256 key (PEM or JWK)") from error
    return found if kid is None else {**found, "kid": kid}
