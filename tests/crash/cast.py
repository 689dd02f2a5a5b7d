"""Who takes part: an installation with lines that can be cut, and many drafts ready to be filed."""

import asyncio
import random
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import asyncpg

from benchmarks.drafts import prepare
from benchmarks.stage import Stage
from composition import Parts, compose
from development import DATABASE
from integrations.embedded.port import remembered_port
from integrations.embedded.program import Program
from models.ids import uuid7
from models.rules.events import Role
from models.rules.privacy import STATEMENTS, Purpose
from models.rules.units import UnitKind
from models.staff import OrgUnit, StaffSession
from services.actors import SYSTEM
from services.members import Post
from services.sessions import CITIZEN_AUDIENCE
from services.staff import STAFF_AUDIENCE
from settings import Settings
from tests.crash.points import Points
from tests.crash.proxy import Proxy
from tests.journeys.site import Site, make_stack

LIFE = timedelta(days=2)
PREFIX = "ZHANGBAN_"

PHONES = """
INSERT INTO wechat_identities (id, account_id, appid, openid, created_at)
SELECT gen_random_uuid(), c.account_id, $1, 'wxsandbox-crowd' || right(c.id::text, 12) || '0', now()
FROM cases c WHERE c.id = ANY($2::uuid[])"""
CONSENTS = """
INSERT INTO consents (id, account_id, purpose, version, kind, answer, digest, answered_at)
SELECT gen_random_uuid(), c.account_id, $1, $2, 'CONSENT', 'GIVEN', '', now()
FROM cases c WHERE c.id = ANY($3::uuid[])"""


@dataclass(frozen=True)
class Draft:
    """A case that is ready to be filed, and whose it is."""

    case_id: UUID
    token: str

    @property
    def openid(self) -> str:
        return f"wxsandbox-crowd{self.case_id.hex[-12:]}0"


@dataclass
class CrashSite(Site):
    """An installation whose API is called, and whose parts call each other, over bad lines.

    ``lines``: "api" (citizens, staff and pullers to the API), "postgres" (API and worker to the
    database), "sandbox" (API and worker to the channel), "callbacks" (the channel to the API).
    """

    seed: int = 0
    lined: bool = False
    lines: dict[str, Proxy] = field(default_factory=dict)
    points: Points = field(default_factory=Points)

    def lay_lines(self) -> None:
        ports = self.folder / "ports.json"
        targets = {
            "api": self.stack.port,
            "callbacks": self.stack.port,
            "sandbox": self.stack.sandbox_port,
            "postgres": self.stack.postgres.port,
        }
        for name, target in targets.items():
            port = remembered_port(ports, f"line-{name}")
            watch = self.points.watcher if name == "postgres" else None
            chance = random.Random(f"{self.seed}:{name}")
            self.lines[name] = Proxy(port, target, chance, watch)

    @property
    def environment(self) -> dict[str, str]:
        env = super().environment
        env[f"{PREFIX}READING"] = "false"
        if not self.lined:
            return env
        url = env[f"{PREFIX}DATABASE_URL"]
        plain, there = f":{self.stack.postgres.port}/", f":{self.lines['postgres'].port}/"
        env[f"{PREFIX}DATABASE_URL"] = url.replace(plain, there)
        plain, there = self.stack.sandbox_url, f"http://127.0.0.1:{self.lines['sandbox'].port}"
        for name, value in env.items():
            if value.startswith(plain):
                env[name] = value.replace(plain, there)
        env[f"{PREFIX}NOTIFY_BASE_URL"] = f"http://127.0.0.1:{self.lines['callbacks'].port}"
        return env

    def open_plainly(self) -> None:
        """Start the servers and the sandbox, and prepare the database, on good lines."""
        self.stack.postgres.start()
        self.stack.valkey.start()
        self.stack.postgres.create_database(DATABASE)
        self.start("sandbox", *self.sandbox_words())
        assert self.run("-m", "server", "prepare").returncode == 0

    def serve(self) -> None:
        """Start API and worker; from now on everybody goes by the lines."""
        self.lined = True
        self.start("api", "-m", "server", "serve")
        self.start("worker", "-m", "server", "work")

    def sandbox_words(self) -> Sequence[str]:
        notify = f"http://127.0.0.1:{self.lines['callbacks'].port}"
        return (
            *("-m", "integrations.sandbox", "--port", str(self.stack.sandbox_port)),
            *("--state-dir", str(self.folder / "var/sandbox"), "--time-scale", "0.05"),
            *("--notify-base-url", notify),
        )

    def run(self, *words: str) -> "subprocess.CompletedProcess[bytes]":
        """Run Python with these words to its end."""
        return subprocess.run(
            [sys.executable, *words],
            env=self.environment,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=600,
            check=False,
        )

    def machine_key(self) -> str:
        """Return the private key of the development back-office systems."""
        return (self.folder / "var/secrets/backoffice_key.pem").read_text()

    def settings(self) -> Settings:
        """Return the settings of somebody on a good line to the database."""
        env = self.environment
        ours = {name: value for name, value in env.items() if name.startswith(PREFIX)}
        return Settings.model_validate(
            {name.removeprefix(PREFIX).lower(): value for name, value in ours.items()}
        )


def open_site(folder: Path, seed: int) -> CrashSite:
    """Return an installation under a folder; the lines are laid, nothing runs yet."""
    site = CrashSite(folder, make_stack(folder), seed=seed)
    site.lay_lines()
    return site


def make_drafts(site: CrashSite, number: int) -> Sequence[Draft]:
    """Make so many drafts, each of an account of its own with a phone that can pay."""
    settings = site.settings()
    stage = Stage(
        folder=site.folder,
        settings=settings,
        sandbox_url=site.stack.sandbox_url,
        api_pid=0,
        bare_port=0,
        unasked_port=0,
        worker=Program("none", [], {}),
    )
    made = prepare(stage, drafts=number, underway=0, large=0).drafts
    ids = [each.case_id for each in made]
    return asyncio.run(_equip(settings, site.stack.postgres.url(DATABASE), ids))


async def _equip(settings: Settings, url: str, ids: Sequence[UUID]) -> Sequence[Draft]:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(PHONES, settings.wechat_appid, ids)
        purpose = Purpose.PAYMENT_CHANNEL
        await connection.execute(CONSENTS, purpose.value, STATEMENTS[purpose].version, ids)
        found = await connection.fetch(
            "SELECT id, account_id FROM cases WHERE id = ANY($1::uuid[])", ids
        )
    finally:
        await connection.close()
    parts = compose(settings)
    try:
        return [Draft(row["id"], _citizen_token(parts, row["account_id"])) for row in found]
    finally:
        await parts.close()


def _citizen_token(parts: Parts, account: UUID) -> str:
    claims = {"sub": str(account), "sid": str(uuid7())}
    return parts.context.tokens.issue(claims, audience=CITIZEN_AUDIENCE, ttl=LIFE)


def make_clerks(site: CrashSite, number: int) -> Sequence[str]:
    """Hire window staff; return their tokens."""
    return asyncio.run(_clerks(site.settings(), number))


async def _clerks(settings: Settings, number: int) -> Sequence[str]:
    parts = compose(settings)
    await parts.open()
    try:
        unit = await OrgUnit.get(kind=UnitKind.COUNTY_CENTER)
        post = Post(frozenset({Role.WINDOW}), unit.id)
        tokens = []
        for turn in range(number):
            made = await parts.context.members.create(SYSTEM, f"crash{turn:02}", "测试人员", post)
            now = datetime.now(UTC)
            member = made.officer.id
            session = await StaffSession.create(
                id=uuid7(), member_id=member, started_at=now, expires_at=now + LIFE
            )
            claims = {"sub": str(member), "sid": str(session.id), "unit": unit.id}
            tokens.append(parts.context.tokens.issue(claims, audience=STAFF_AUDIENCE, ttl=LIFE))
        return tokens
    finally:
        await parts.close()
