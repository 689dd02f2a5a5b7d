"""The command line: ``zhangban dev`` for one machine, single commands for production."""

import argparse
import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping, MutableMapping, Sequence
from functools import partial
from typing import Any

import orjson
import structlog
from pydantic import ValidationError
from redis.exceptions import RedisError
from sanic import Sanic
from sanic.worker.loader import AppLoader

import development
from api.app import build_app
from composition import Parts, compose
from integrations.embedded.secrets import development_secrets
from integrations.jobs import install_jobs
from integrations.official_calendar import official_days
from integrations.redis import connect, make_pool
from integrations.sandbox.__main__ import main as sandbox_main
from models.database import is_answering, is_current, migrate_database
from models.rules.events import Role
from models.staff import BackofficeClient, StaffMember
from services.seeding import catalogue
from settings import Environment, Settings, development_port, environment_name

log = structlog.get_logger("zhangban")


def configure_logging() -> None:
    """JSON lines on standard output; libraries only speak up when something is wrong."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stdout, format="%(message)s")
    # It tells the values of every statement when asked to; nobody may ask.
    logging.getLogger("tortoise").setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            # Never the local variables: they hold names, numbers and passwords.
            structlog.processors.ExceptionRenderer(
                structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
            ),
            _without_values,
            structlog.processors.JSONRenderer(serializer=_as_line),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.BytesLoggerFactory(sys.stdout.buffer),
        cache_logger_on_first_use=True,
    )


def _as_line(event: Mapping[str, Any], **options: Any) -> bytes:
    try:
        return orjson.dumps(event, **options)
    except TypeError:
        # A lone surrogate or a number beyond 64 bits: what happened is told all the same.
        return json.dumps(event, **options).encode()


def _without_values(_: object, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Keep where an error arose, not its text: drivers quote rows in it, and pydantic input."""
    errors = list(event.get("exception", ()))
    while errors:
        error = errors.pop()
        error.pop("exc_value", None)
        error.pop("exc_notes", None)
        for group in error.get("exceptions", ()):
            errors.extend(group)
    return event


def make_app(settings: Settings) -> Sanic[Any, Any]:
    """Return the application with its adapters opened and closed by the server's life."""
    # Each worker is a process of its own, and makes its own app.
    configure_logging()
    parts = compose(settings)
    app = build_app(parts.context, proxies=settings.proxies)

    async def start(_: Sanic[Any, Any]) -> None:
        await parts.open()

    async def stop(_: Sanic[Any, Any]) -> None:
        await parts.close()

    app.register_listener(start, "before_server_start")
    app.register_listener(stop, "after_server_stop")
    return app


def serve(settings: Settings) -> int:
    """Serve HTTP until SIGTERM or Ctrl-C."""
    if settings.workers == 1:
        app = make_app(settings)
        app.run(settings.host, settings.port, single_process=True, access_log=False, motd=False)
        return 0
    loader = AppLoader(factory=partial(make_app, settings))
    app = loader.load()
    app.prepare(
        settings.host, settings.port, workers=settings.workers, access_log=False, motd=False
    )
    Sanic.serve(primary=app, app_loader=loader)
    return 0


async def work(settings: Settings) -> int:
    """Work jobs off until SIGTERM or Ctrl-C."""
    parts = compose(settings)
    await parts.open()
    worker = parts.worker()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, worker.stop)
    try:
        await worker.run()
    finally:
        await parts.close()
    return 0


async def migrate(settings: Settings) -> int:
    """Bring the database to the newest schema; safe to run from several machines at once."""
    url = settings.database_url.get_secret_value()
    parts = compose(settings)
    await migrate_database(parts.database)
    await install_jobs(url)
    await parts.adapters.close()
    return 0


async def seed(settings: Settings) -> int:
    """Publish the catalogue, the windows and the calendar; repeating it changes nothing."""
    parts = compose(settings)
    await parts.open()
    try:
        new = await parts.seeding.seed(official_days())
        log.info("seeded", new_items=new)
    finally:
        await parts.close()
    return 0


async def prepare(settings: Settings) -> int:
    """Development only: migrate, seed, and make the accounts that the table of addresses names."""
    if settings.env is not Environment.DEVELOPMENT:
        print("zhangban: prepare is for development; use migrate and seed", file=sys.stderr)
        return 1
    await migrate(settings)
    await seed(settings)
    parts = compose(settings)
    await parts.open()
    try:
        await _make_accounts(parts)
    finally:
        await parts.close()
    return 0


async def _make_accounts(parts: Parts) -> None:
    # Looked up first: hashing a dozen passwords for nothing would cost seconds at every start.
    passwords = development_secrets(development.VAR / "secrets").passwords
    staff = {
        "window01": ("窗口人员", Role.WINDOW),
        "dept01": ("审批部门受理人员", Role.DEPT),
        "supervisor01": ("电子监察人员", Role.SUPERVISOR),
    }
    for username in staff.keys() - set(await StaffMember.all().values_list("username", flat=True)):
        name, role = staff[username]
        await parts.context.staff.create(
            username=username,
            password=passwords[username],
            name=name,
            roles=frozenset({role}),
            unit="示例县政务服务中心",
        )
    agencies = {
        f"{development.BACKOFFICE_CLIENT}-{item['agency_uscc']}": item for item in catalogue()
    }
    known = set(await BackofficeClient.all().values_list("client_id", flat=True))
    for client_id in agencies.keys() - known:
        await parts.context.machines.create(
            client_id=client_id,
            secret=passwords["backoffice"],
            name=f"{agencies[client_id]['agency']}审批系统",
            agency_uscc=str(agencies[client_id]["agency_uscc"]),
        )


async def doctor(settings: Settings) -> int:
    """Say what is wrong with an installation; exit 0 when nothing is."""
    parts = compose(settings)
    await parts.open()
    try:
        faults = [fault async for fault in _faults(settings, parts)]
    finally:
        await parts.close()
    for fault in faults:
        print(f"FAULT {fault}")
    print(f"{len(faults)} fault(s)" if faults else "ok")
    return 1 if faults else 0


async def _faults(settings: Settings, parts: Parts) -> AsyncIterator[str]:
    if not await is_answering():
        yield "the database does not answer"
    elif not await is_current():
        yield "the database is not on the newest schema: zhangban migrate"
    elif not await parts.context.items.published():
        yield "no service item is published: zhangban seed"
    pool = make_pool(settings.redis_url.get_secret_value())
    try:
        await connect(pool).ping()
    except RedisError as error:
        yield f"Redis does not answer ({type(error).__name__})"
    finally:
        await pool.disconnect()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    if not os.access(settings.data_dir, os.W_OK):
        yield f"{settings.data_dir} cannot be written"


COMMANDS: Mapping[str, Callable[[Settings], Any]] = {
    "serve": serve,
    "work": work,
    "migrate": migrate,
    "seed": seed,
    "prepare": prepare,
    "doctor": doctor,
}


def main(words: Sequence[str] | None = None) -> int:
    """Run a command; return its exit status."""
    parser = argparse.ArgumentParser(prog="zhangban", description=__doc__)
    parser.add_argument("command", choices=["dev", "sandbox", *COMMANDS])
    parser.add_argument("rest", nargs=argparse.REMAINDER, help="arguments of the sandbox")
    arguments = parser.parse_args(words)
    if arguments.command == "dev":
        return development.run(development_port())
    if arguments.command == "sandbox":
        return sandbox_main(arguments.rest, environment_name())
    configure_logging()
    try:
        settings = Settings()
    except ValidationError as error:
        for fault in error.errors(include_input=False, include_url=False):
            name = "_".join(str(part) for part in fault["loc"]).upper() or "settings"
            print(f"ZHANGBAN_{name}: {fault['msg']}", file=sys.stderr)
        return 2
    result = COMMANDS[arguments.command](settings)
    return asyncio.run(result) if asyncio.iscoroutine(result) else int(result)


if __name__ == "__main__":
    sys.exit(main())
