"""The command line: ``zhangban dev`` for one machine, single commands for production."""

import argparse
import asyncio
import gc
import json
import logging
import signal
import sys
from collections.abc import Callable, Coroutine, Mapping, MutableMapping, Sequence
from functools import partial
from typing import Any

import orjson
import structlog
from pydantic import ValidationError
from sanic import Sanic
from sanic.worker.loader import AppLoader

import development
from api.app import build_app
from commands import (
    archive,
    calendar,
    conformance,
    handoff,
    installation,
    items,
    lifecycle,
    machine,
    staff,
)
from commands.audit import audit
from commands.files import files
from commands.keys import keys
from commands.payments import payments
from composition import compose
from integrations.sandbox.__main__ import main as sandbox_main
from settings import Settings, development_port, environment_name

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
        # What the program is made of stays: no later collection need look through it again.
        gc.collect()
        gc.freeze()

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

    def stop() -> None:
        worker.stop()
        parts.abandon()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    try:
        await worker.run()
    finally:
        await parts.close()
    return 0


COMMANDS: Mapping[str, Callable[[Settings], Any]] = {
    "serve": serve,
    "work": work,
    "migrate": installation.migrate,
    "seed": installation.seed,
    "prepare": installation.prepare,
    "doctor": installation.doctor,
}
# These can do without an installation; None says that this time one is needed.
ALONE: Mapping[str, Callable[[Sequence[str]], int | None]] = {
    "conformance": conformance.conformance,
    "lifecycle": lifecycle.lifecycle,
    "items": items.alone,
    "staff": staff.alone,
}
# These read words of their own.
WORDED: Mapping[str, Callable[[Settings, Sequence[str]], Coroutine[Any, Any, int]]] = {
    "items": items.installed,
    "archive": archive.run,
    "audit": audit,
    "calendar": calendar.run,
    "machine": machine.run,
    "staff": staff.run,
    "keys": keys,
    "files": files,
    "payments": payments,
    "handoff": handoff.run,
}


def _settings(command: str) -> Settings | None:
    """Return the settings, or say what is wrong with them.

    What an operator asks for needs none in a checkout that runs ``zhangban dev``.
    """
    try:
        return Settings()
    except ValidationError as error:
        faults = error.errors(include_input=False, include_url=False)
    nothing_said = any(fault["loc"] == ("database_url",) for fault in faults)
    here = development.settings_here() if nothing_said and command in WORDED else None
    if here is None:
        for fault in faults:
            name = "_".join(str(part) for part in fault["loc"]).upper() or "settings"
            print(f"ZHANGBAN_{name}: {fault['msg']}", file=sys.stderr)
    return here


def main(words: Sequence[str] | None = None) -> int:
    """Run a command; return its exit status."""
    parser = argparse.ArgumentParser(prog="zhangban", description=__doc__)
    parser.add_argument("command", choices=sorted({"dev", "sandbox", *COMMANDS, *ALONE, *WORDED}))
    parser.add_argument("rest", nargs=argparse.REMAINDER, help="the command's own arguments")
    arguments = parser.parse_args(words)
    if arguments.command == "dev":
        return development.run(development_port())
    if arguments.command == "sandbox":
        return sandbox_main(arguments.rest, environment_name())
    if arguments.command in ALONE:
        done = ALONE[arguments.command](arguments.rest)
        if done is not None:
            return done
    configure_logging()
    settings = _settings(arguments.command)
    if settings is None:
        return 2
    if arguments.command in WORDED:
        return asyncio.run(WORDED[arguments.command](settings, arguments.rest))
    result = COMMANDS[arguments.command](settings)
    return asyncio.run(result) if asyncio.iscoroutine(result) else int(result)


if __name__ == "__main__":
    sys.exit(main())
