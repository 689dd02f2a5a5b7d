"""How long ``zhangban dev`` takes from its start to the table of addresses."""

import sys
import time
from pathlib import Path

from benchmarks.report import Line
from benchmarks.stage import running, temporary_folder
from development import VAR
from integrations.embedded.port import remembered_port
from integrations.embedded.program import Program
from settings import inherited

GOAL_SECONDS = 20.0
MARK = "Zhangban is ready"


def starts() -> list[Line]:
    """Start with nothing but the installed packages, stop, start again over the data."""
    with temporary_folder():
        return [_line(name, _seconds(f"{name}-start")) for name in ("first", "second")]


def _seconds(name: str) -> float:
    port = remembered_port(VAR / "ports.json", "api")
    began = time.perf_counter()
    with running(
        Program(
            name,
            [sys.executable, "-m", "server", "dev"],
            {**inherited(), "PYTHONUNBUFFERED": "1", "PORT": str(port)},
            ready=lambda: MARK in Path(f"{name}.log").read_text(errors="replace"),
        )
    ):
        return time.perf_counter() - began


def _line(name: str, seconds: float) -> Line:
    reached = seconds <= GOAL_SECONDS
    return Line(
        f"ready after the {name} start", f"{seconds:.1f} s", f"<= {GOAL_SECONDS:.0f} s", reached
    )
