"""``python -m miniapp_stub.puller``: pull packages from the county and report events back.

Configuration is a TOML file (``--config``) or environment variables with the same names in capitals
after ``PULLER_``: base_url, client_id, key_file, and if you like key_name, data_dir, lease_seconds,
poll_seconds.
"""

import argparse
import json
import logging
import os
import signal
import sys
import time
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from miniapp_stub.puller.events import Events
from miniapp_stub.puller.materials import Materials
from miniapp_stub.puller.pulling import Puller
from miniapp_stub.puller.signatures import Signatures
from miniapp_stub.puller.store import Store
from miniapp_stub.puller.wire import Credentials, NotLetIn, Unreachable, Wire, key_name

log = logging.getLogger("puller")
DEFAULTS = {"key_name": "", "data_dir": "puller-data", "lease_seconds": 600, "poll_seconds": 5.0}
# What the conformance kit wants to hear of every case that is opened.
PRACTICE: Sequence[tuple[str, Mapping[str, Any]]] = (
    ("review_started", {}),
    ("decided", {"decision": "APPROVED", "document_no": "演练〔2026〕1号"}),
)


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m miniapp_stub.puller", description=__doc__)
    made.add_argument("--config", type=Path, help="a TOML file; without it, the environment")
    acts = made.add_subparsers(dest="act", required=True)
    run = acts.add_parser("run", help="pull and report until Ctrl-C")
    run.add_argument("--once", action="store_true", help="end when nothing is left to pull")
    run.add_argument("--practice", action="store_true", help="start and approve each new case")
    report = acts.add_parser("report", help="put an event into the outbox")
    report.add_argument("case_no")
    report.add_argument("type")
    report.add_argument("payload", nargs="?", type=json.loads, default={}, help="JSON")
    acts.add_parser("status", help="count packages and events by state")
    return made


def configuration(file: Path | None, environment: Mapping[str, str]) -> dict[str, Any]:
    """Return the configuration; raise KeyError for a name that is missing."""
    if file is not None:
        given: dict[str, Any] = tomllib.loads(file.read_text())
    else:
        prefix = "PULLER_"
        names = [name for name in environment if name.startswith(prefix)]
        given = {name.removeprefix(prefix).lower(): environment[name] for name in names}
    found = {**DEFAULTS, **given}
    for name in ("base_url", "client_id", "key_file"):
        found[name]
    return found


def open_puller(
    config: Mapping[str, Any], passing: Callable[[str], None], *, practice: bool
) -> tuple[Puller, Events, Store]:
    """Return the puller's parts with their data folder made; nobody else may read it."""
    folder = Path(config["data_dir"])
    (folder / "materials").mkdir(parents=True, exist_ok=True, mode=0o700)
    pem = Path(config["key_file"]).read_text()
    credentials = Credentials(config["client_id"], pem, config["key_name"] or key_name(pem))
    wire = Wire(str(config["base_url"]).rstrip("/"), credentials)
    store = Store(folder / "puller.sqlite")
    materials = Materials(wire, folder / "materials", passing)
    reports = PRACTICE if practice else ()
    seconds = int(config["lease_seconds"])
    signatures = Signatures(wire)
    puller = Puller(wire, store, materials, signatures, passing, seconds=seconds, reports=reports)
    return puller, Events(wire, store, passing), store


def run(puller: Puller, events: Events, poll: float, *, once: bool) -> None:
    """Pull and report, round by round; ``once`` ends when a round had nothing to pull."""
    while True:
        try:
            events.send()
            leased = puller.pull()
            # What was acknowledged just now may have something to report.
            events.send()
        except Unreachable as error:
            log.warning("no answer, trying again: %s", error)
            leased = 0
        if once and not leased:
            return
        if not leased:
            time.sleep(poll)


def dying_at(point: str) -> Callable[[str], None]:
    """Return what is called at each named point; tests have it killed at one of them."""

    def passing(name: str) -> None:
        if name == point:
            os.kill(os.getpid(), signal.SIGKILL)

    return passing


def main(words: Sequence[str] | None = None) -> int:
    arguments = parser().parse_args(words)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    practice = arguments.act == "run" and arguments.practice
    try:
        config = configuration(arguments.config, os.environ)
        passing = dying_at(os.environ.get("PULLER_DIE_AT", ""))
        puller, events, store = open_puller(config, passing, practice=practice)
    except (KeyError, OSError, ValueError) as error:
        print(f"puller: configuration: {error!r}", file=sys.stderr)
        return 2
    try:
        if arguments.act == "report":
            store.add_event(arguments.case_no, arguments.type, arguments.payload)
        elif arguments.act == "status":
            print(json.dumps(store.tally(), indent=2))
        else:
            run(puller, events, float(config["poll_seconds"]), once=arguments.once)
    except KeyboardInterrupt:
        return 0
    except NotLetIn as error:
        print(f"puller: {error}", file=sys.stderr)
        return 1
    except KeyError as error:
        print(f"puller: no such open case: {error}", file=sys.stderr)
        return 1
    finally:
        store.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
