"""Judge a client (``serve``) or a server (without a word) at the hand-off's hard cases."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from miniapp_stub.conformance.checks import examine
from miniapp_stub.conformance.entrance import public_half
from miniapp_stub.conformance.examiner import Examiner
from miniapp_stub.conformance.playing import SCENES, Stage, make_key, play
from miniapp_stub.conformance.report import Line, Report
from miniapp_stub.puller.wire import Credentials, key_name

PORT = 8020


def serving_parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="zhangban conformance serve",
        description="Play the county for a client, and judge what it does.",
    )
    made.add_argument("--host", default="127.0.0.1", help="where to listen (%(default)s)")
    made.add_argument("--port", type=int, default=PORT, help="0 takes a free one (%(default)s)")
    made.add_argument("--seed", type=int, default=1, help="the same seed makes the same packages")
    made.add_argument("--client-id", default="vendor", help="how the client calls itself")
    made.add_argument("--key", type=Path, help="its key (PEM), the public half is enough; "
                      "without it one is made and written to conformance_key.pem")  # fmt: skip
    names = [each.name for each in SCENES]
    made.add_argument("--only", nargs="+", default=[], choices=names, metavar="CASE")
    made.add_argument("--seconds", type=float, default=600, help="end after these (%(default)s)")
    made.add_argument("--report", type=Path, help="write the report as HTML, too")
    return made


def checking_parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="zhangban conformance",
        description="Play a client for a test system, and judge what it answers. It acknowledges a "
        "package and reports on its case: never use it on the system that citizens use. To judge "
        "a client instead: zhangban conformance serve --help",
    )
    made.add_argument("--base-url", required=True)
    made.add_argument("--client-id", required=True)
    made.add_argument("--key", type=Path, required=True, help="the client's private key (PEM)")
    made.add_argument("--key-name", help="its kid; the key's thumbprint (RFC 7638) by default")
    made.add_argument("--report", type=Path, help="write the report as HTML, too")
    return made


def main(words: Sequence[str]) -> int:
    """Judge; return 0 only when everything passed, 2 when it could not begin."""
    try:
        if words[:1] == ["serve"]:
            arguments = serving_parser().parse_args(words[1:])
            report = _serve(arguments)
        else:
            arguments = checking_parser().parse_args(words)
            report = _check(arguments)
        if arguments.report:
            arguments.report.write_text(report.html(), encoding="utf-8")
    except (OSError, ValueError) as error:
        print(f"conformance: {error}", file=sys.stderr)
        return 2
    return 0 if report.passed else 1


def _serve(arguments: argparse.Namespace) -> Report:
    key_file = arguments.key or Path("conformance_key.pem")
    if arguments.key is None and not key_file.exists():
        make_key(key_file)
    stage = Stage(
        client_id=arguments.client_id,
        public_key=public_half(key_file.read_text()),
        seed=arguments.seed,
        host=arguments.host,
        port=arguments.port,
        only=tuple(arguments.only),
    )
    report = asyncio.run(play(stage, arguments.seconds, str(key_file)))
    print(report.text())
    return report


def _check(arguments: argparse.Namespace) -> Report:
    pem = arguments.key.read_text()
    credentials = Credentials(arguments.client_id, pem, arguments.key_name or key_name(pem))
    examiner = Examiner(arguments.base_url.rstrip("/"), credentials)
    report = examine(examiner, _tell)
    print(f"\n{report.text()}")
    return report


def _tell(line: Line) -> None:
    print(f"{line.name}: {line.verdict}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
