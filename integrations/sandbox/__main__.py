"""The sandbox's command line: ``python -m integrations.sandbox --help``."""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from aiohttp import web

from .app import make_app
from .config import RefusedToStart, SandboxConfig
from .credentials import issue_credentials, read_credentials

_HOST = "127.0.0.1"


def _arguments(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m integrations.sandbox")
    parser.add_argument("--port", type=int, required=True, help="0 takes a free one")
    parser.add_argument("--state-dir", type=Path, required=True)
    parser.add_argument("--credentials", type=Path, help="default: issued in the state directory")
    parser.add_argument("--notify-base-url", required=True)
    parser.add_argument("--time-scale", type=float, default=1.0)
    return parser.parse_args(words)


def main(words: Sequence[str], environment: str) -> int:
    """Serve until SIGINT or SIGTERM; return the exit status. ``environment`` is ZHANGBAN_ENV."""
    arguments = _arguments(words)
    try:
        # Before anything is written: production gets no sandbox files either.
        SandboxConfig.refuse_production(environment)
        credentials = (
            read_credentials(arguments.credentials)
            if arguments.credentials
            else issue_credentials(arguments.state_dir)
        )
        config = SandboxConfig(
            credentials=credentials,
            state_dir=arguments.state_dir,
            notify_base_url=arguments.notify_base_url.rstrip("/"),
            time_scale=arguments.time_scale,
            environment=environment,
        )
        asyncio.run(_serve(config, arguments.port))
    except (RefusedToStart, OSError, ValueError) as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 1
    return 0


async def _serve(config: SandboxConfig, port: int) -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    runner = web.AppRunner(await make_app(config), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, _HOST, port).start()
        bound = runner.addresses[0][1]
        print(f"sandbox: http://{_HOST}:{bound}/phone", flush=True)
        await stop.wait()
    finally:
        await runner.cleanup()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ.get("ZHANGBAN_ENV", "")))
