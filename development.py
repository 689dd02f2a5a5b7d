"""``make serve``: everything on one machine, with the sandbox as the outside world.

PostgreSQL, Valkey, the sandbox, the API and the job worker run as children of one supervisor;
their data, secrets and ports are kept under ``var/``, so that a second start goes on where the
first one stopped, however it was stopped.
"""

import asyncio
import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from urllib.parse import urlsplit

from integrations.embedded.lock import AlreadyRunningError, only_one
from integrations.embedded.port import is_free, remembered_port
from integrations.embedded.postgres import Postgres
from integrations.embedded.process import EmbeddedError
from integrations.embedded.program import Program
from integrations.embedded.secrets import DevelopmentSecrets, development_secrets
from integrations.embedded.supervisor import Supervisor
from integrations.embedded.valkey import Valkey
from integrations.sandbox.credentials import Credentials, issue_credentials
from models.catalogue import DIRECTORY
from settings import Settings, inherited

VAR = Path("var")
PREFIX = "ZHANGBAN_"
DATABASE = "zhangban"
FINANCE = "11511499MB90002008"
TEMPLATES = ("wxsandbox-template-case-action", "wxsandbox-template-case-progress")
BACKOFFICE_CLIENT = "backoffice"
BACKOFFICE_KEY = "development"
STAFF = {
    "Window staff": "window01",
    "Department staff": "dept01",
    "Finance (refunds)": "finance01",
    "Township's window": "township01",
    "Supervisor": "supervisor01",
    "Auditor": "auditor01",
    "Administrator": "admin01",
}


@dataclass(frozen=True)
class Stack:
    """What one development installation is made of."""

    port: int
    sandbox_port: int
    postgres: Postgres
    valkey: Valkey
    secrets: DevelopmentSecrets
    credentials: Credentials

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def sandbox_url(self) -> str:
        return f"http://127.0.0.1:{self.sandbox_port}"

    def environment(self) -> dict[str, str]:
        """Return what the API, the worker and the commands read (see settings.py)."""
        values = {
            "ENV": "development",
            "PORT": str(self.port),
            "DATA_DIR": str((VAR / "data").resolve()),
            "DATABASE_URL": self.postgres.url(DATABASE),
            "REDIS_URL": self.valkey.url(),
            "TOKEN_KEY_FILE": str(self.secrets.token_key_file.resolve()),
            "DOCUMENT_KEY_FILE": str(self.secrets.document_key_file.resolve()),
            "FIELD_KEYS": f"1={self.secrets.field_key}",
            "INDEX_KEY": self.secrets.index_key,
            "FINANCE_USCC": FINANCE,
            **self._outside(),
        }
        return {
            **inherited(),
            "PYTHONUNBUFFERED": "1",
            **{f"ZHANGBAN_{name}": value for name, value in values.items()},
        }

    def _outside(self) -> Mapping[str, str]:
        made = self.credentials
        return {
            "WECHAT_API_BASE": self.sandbox_url,
            "WECHAT_APPID": made.appid,
            "WECHAT_SECRET": made.app_secret,
            "WECHAT_TEMPLATE_ACTION": TEMPLATES[0],
            "WECHAT_TEMPLATE_PROGRESS": TEMPLATES[1],
            "WECHAT_OPEN_BASE": self.sandbox_url,
            "WECHAT_H5_APPID": made.h5_appid,
            "WECHAT_H5_SECRET": made.h5_secret,
            "WECHAT_APP_APPID": made.app_appid,
            "WECHAT_APP_SECRET": made.app_secret_open,
            "NETID_API_BASE": self.sandbox_url,
            "NETID_ACCESS_KEY": made.netid_access_key,
            "NETID_SECRET": made.netid_secret,
            "OIDC_ISSUER": f"{self.sandbox_url}/oidc",
            "OIDC_CLIENT_ID": made.oidc_client_id,
            "OIDC_CLIENT_SECRET": made.oidc_client_secret,
            "NONTAX_API_BASE": self.sandbox_url,
            "NONTAX_PUBLIC_BASE": self.sandbox_url,
            "NONTAX_UNIT_CODE": made.nontax_unit,
            "NONTAX_SECRET": made.nontax_secret,
            "WXPAY_API_BASE": self.sandbox_url,
            "WXPAY_API_BACKUP": self.sandbox_url,
            "WXPAY_MCHID": made.merchant_id,
            "WXPAY_MCH_SERIAL": made.merchant_serial,
            "WXPAY_MCH_KEY_FILE": str(made.merchant_key_file.resolve()),
            "WXPAY_APIV3_KEY": made.apiv3_key,
            "WXPAY_APP_APPID": made.app_appid,
            "WXPAY_H5_APPID": made.h5_appid,
            "WXPAY_PUB_KEY_ID": made.platform_public_key_id,
            "WXPAY_PUB_KEY_FILE": str(made.platform_public_key_file.resolve()),
            "NOTIFY_BASE_URL": self.api_url,
            "SMS_API_BASE": self.sandbox_url,
            "SMS_ACCESS_KEY": made.sms_access_key,
            "SMS_SECRET": made.sms_secret,
            "REALNAME_API_BASE": self.sandbox_url,
            "REALNAME_SECRET_ID": made.realname_secret_id,
            "REALNAME_SECRET_KEY": made.realname_secret_key,
            "REGISTERS_API_BASE": self.sandbox_url,
            "REGISTERS_ACCESS_KEY": made.registers_access_key,
            "REGISTERS_SECRET": made.registers_secret,
            "CERTIFICATES_API_BASE": self.sandbox_url,
            "CERTIFICATES_ACCESS_KEY": made.certificates_access_key,
            "CERTIFICATES_SECRET": made.certificates_secret,
            "COURIER_ORDER_URL": f"{self.sandbox_url}/order/borderapi.do",
            "COURIER_QUERY_URL": f"{self.sandbox_url}/poll/query.do",
            "COURIER_CUSTOMER": made.courier_customer,
            "COURIER_KEY": made.courier_key,
            "COURIER_SALT": made.courier_salt,
        }

    def programs(self) -> list[Program]:
        """Return the programs in the order of their start."""
        env = self.environment()
        zhangban = [sys.executable, "-m", "server"]
        # Once per run: an API that is started again after a crash need not wait for it.
        prepare = cache(lambda: self._prepare(env))
        return [
            self.postgres.program(),
            self.valkey.program(),
            Program("sandbox", self._sandbox_command(), env, ready=self._sandbox_is_ready),
            Program(
                "api",
                [*zhangban, "serve"],
                env,
                ready=lambda: _answers(f"{self.api_url}/health/ready"),
                before=prepare,
            ),
            Program("worker", [*zhangban, "work"], env),
        ]

    def _prepare(self, env: Mapping[str, str]) -> None:
        self.postgres.create_database(DATABASE)
        command = [sys.executable, "-m", "server", "prepare"]
        ran = subprocess.run(command, env=dict(env), check=False)  # noqa: S603 - our own command
        if ran.returncode != 0:
            raise EmbeddedError(f"the database could not be prepared (code {ran.returncode})")

    def _sandbox_command(self) -> list[str]:
        return [
            *(sys.executable, "-m", "integrations.sandbox"),
            *("--port", str(self.sandbox_port)),
            *("--state-dir", str(VAR / "sandbox")),
            *("--notify-base-url", self.api_url),
            *("--time-scale", "0.1"),
        ]

    def _sandbox_is_ready(self) -> bool:
        return _answers(f"{self.sandbox_url}/phone/api/citizens")


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as reply:  # noqa: S310 - our own address
            return bool(reply.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def make_stack(port: int) -> Stack:
    """Make or find everything under ``var/``; the caller holds the lock."""
    return _stack(port, partial(remembered_port, VAR / "ports.json"))


def _stack(port: int, port_of: Callable[[str], int]) -> Stack:
    return Stack(
        port=port,
        sandbox_port=port_of("sandbox"),
        postgres=Postgres(VAR / "postgres", port_of("postgres")),
        valkey=Valkey(VAR / "valkey", port_of("valkey")),
        secrets=development_secrets(VAR / "secrets"),
        credentials=issue_credentials(VAR / "sandbox"),
    )


def settings_here() -> Settings | None:
    """Return the settings of what ``zhangban dev`` has set up in this folder, if it has."""
    if not (VAR / "addresses.json").exists():
        return None
    api = urlsplit(json.loads((VAR / "addresses.json").read_text())["api"])
    ports = json.loads((VAR / "ports.json").read_text())
    stack = _stack(api.port or 0, ports.__getitem__)
    ours = {name: value for name, value in stack.environment().items() if name.startswith(PREFIX)}
    return Settings.model_validate(
        {name.removeprefix(PREFIX).lower(): value for name, value in ours.items()}
    )


def _write_address_book(stack: Stack) -> None:
    """Tell other programs on this machine (the demo) where everything is."""
    book = {
        "api": stack.api_url,
        "sandbox": stack.sandbox_url,
        "passwords": dict(stack.secrets.passwords),
        "secrets": str((VAR / "secrets").resolve()),
        "templates": list(TEMPLATES),
    }
    file = VAR / "addresses.json"
    file.touch(mode=0o600)
    file.write_text(json.dumps(book, indent=1))


def table(stack: Stack) -> str:
    """Return the table of addresses that ends the start."""
    passwords = stack.secrets.passwords
    rows = [
        ("Citizens' API", f"{stack.api_url}/v1"),
        ("API documentation", f"{stack.api_url}/docs"),
        ("Health", f"{stack.api_url}/health/ready"),
        ("Metrics", f"{stack.api_url}/metrics"),
        ("The citizen's phone", f"{stack.sandbox_url}/phone"),
        *((who, f"{name} / {passwords[name]}") for who, name in STAFF.items()),
        ("Their one-time codes", ".venv/bin/zhangban staff code window01"),
        ("Back-office client", f"backoffice-<agency code>, key {stack.secrets.machine_key_file}"),
        ("PostgreSQL", f"127.0.0.1:{stack.postgres.port}/{DATABASE}"),
        ("Data and logs", f"{VAR}/"),
    ]
    width = max(len(name) for name, _ in rows)
    lines = [f"  {name:<{width}}  {address}" for name, address in rows]
    return "\n".join(["", "Zhangban is ready:", *lines, "", "Play a whole case: make demo", ""])


def run(port: int) -> int:
    """Start everything, print the table, run until Ctrl-C; return the exit status."""
    if not DIRECTORY.is_dir():
        raise SystemExit("run this in the project's folder")
    try:
        with only_one(VAR / "lock"):
            if not is_free(port):
                print(f"port {port} is taken; choose another: PORT=8001 make serve")
                return 1
            stack = make_stack(port)
            _write_address_book(stack)
            supervisor = Supervisor(
                stack.programs(), started=lambda: print(table(stack), flush=True)
            )
            return asyncio.run(supervisor.run())
    except AlreadyRunningError as error:
        print(f"zhangban: {error}")
        return 1
