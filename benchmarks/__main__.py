"""``make bench``: measure, print the table, exit 1 when a goal is missed."""

import logging
import signal
import sys
import time
from types import FrameType

import structlog

from benchmarks.callbacks import callbacks
from benchmarks.crowd import PHOTOS, crowd
from benchmarks.deadlines import deadlines
from benchmarks.drafts import prepare
from benchmarks.eyes import eyes
from benchmarks.handoff import handoff
from benchmarks.measures import DRAFTS, Measures
from benchmarks.report import Line, table
from benchmarks.rotation import rotation
from benchmarks.stage import staged
from benchmarks.starts import starts
from benchmarks.timers import timers

LIMIT_SECONDS = 1200
UNDERWAY = 256
LARGE = 16

NOTES = """
One API worker and one bare Sanic worker on the same pool settings, in turn, median of the rounds.
PostgreSQL syncs every commit, as in production; files and their names are synced on both sides.
256 cases are read again and again, as phones do; every submission is another account's, all on one
item and one day. An upload is a PDF of 4 MB a page in a form; the yardstick asks nobody who they
are, looks into no file, seals nothing and writes no row.
Nothing else should run on the machine meanwhile."""


class OutOfTime(Exception):
    """The whole run took too long."""


def main() -> int:
    """Measure everything; return the exit status."""
    began = time.monotonic()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    signal.signal(signal.SIGALRM, _stop)
    signal.alarm(LIMIT_SECONDS)
    try:
        lines = [*counted(), *ratios(), *starts()]
    except OutOfTime as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    print(f"\n{table(lines)}\n{NOTES}\nAll of it took {time.monotonic() - began:.0f} s.")
    return 0 if all(line.reached for line in lines) else 1


def counted() -> list[Line]:
    """Measure what needs nothing but the processor."""
    say("measuring deadlines")
    lines = [deadlines()]
    say("measuring the reading of a photo")
    return [*lines, eyes()]


def ratios() -> list[Line]:
    """Measure what needs a running installation."""
    say("starting PostgreSQL, Valkey, the sandbox, the API and the yardstick")
    with staged() as stage:
        say("preparing cases")
        prepared = prepare(stage, drafts=DRAFTS + PHOTOS, underway=UNDERWAY, large=LARGE)
        measures = Measures(stage, prepared)
        lines = []
        for measure in (
            measures.progress,
            measures.authentication,
            measures.submit,
        ):
            say(f"measuring {measure.__name__}")
            lines.append(measure())
        say("measuring uploads")
        lines += measures.uploads()
        say("measuring memory")
        lines.append(measures.memory())
        say("measuring timers")
        lines.append(timers(stage, prepared.underway[0].case_id))
        say("measuring callbacks")
        lines += callbacks(stage, prepared.underway)
        say("measuring the hand-off")
        lines += handoff(stage)
        say("measuring rotation of keys")
        lines.append(rotation(stage, prepared.underway))
        say(f"measuring answers while {PHOTOS} photos are read")
        lines += crowd(stage, prepared.drafts[-PHOTOS:])
        say("starting from nothing, twice")
        return lines


def say(what: str) -> None:
    print(f"... {what}", flush=True)


def _stop(number: int, frame: FrameType | None) -> None:
    raise OutOfTime(f"not done after {LIMIT_SECONDS} s")


if __name__ == "__main__":
    sys.exit(main())
