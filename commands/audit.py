"""``zhangban audit``: does the record still say what was recorded."""

import argparse
from collections.abc import Sequence

from composition import compose
from services.verification import Tally, verify
from settings import Settings


async def audit(settings: Settings, words: Sequence[str]) -> int:
    """Run ``audit verify`` (exit 1 when something was changed) or ``audit seal``."""
    parser = argparse.ArgumentParser(prog="zhangban audit", description=__doc__)
    acts = parser.add_subparsers(dest="act", required=True)
    checking = acts.add_parser("verify", help="look at every event and every row of the log")
    checking.add_argument("--anchor", help="what seal printed once, and was kept elsewhere")
    acts.add_parser("seal", help="take an anchor now and print it, to be kept elsewhere")
    arguments = parser.parse_args(words)
    parts = compose(settings)
    await parts.open()
    try:
        if arguments.act == "seal":
            print((await parts.audit.anchor()).value)
            return 0
        return await _verify(arguments.anchor)
    finally:
        await parts.close()


async def _verify(anchor: str | None) -> int:
    tally, faults = Tally(), 0
    async for fault in verify(tally, anchor):
        faults += 1
        print(f"FAULT {fault}")
    if tally.unsealed_events:
        since = tally.sealed_from.isoformat() if tally.sealed_from else "now"
        print(
            f"NOTE {tally.unsealed_events} event(s) of {tally.unsealed_cases} case(s) are unsealed:"
            f" recorded before {since}, when hashing began"
        )
    print(
        f"{tally.cases} case(s), {tally.events} event(s), {tally.entries} row(s) of the log,"
        f" {tally.anchors} anchor(s); newest anchor: {_shown(tally)}"
    )
    print(f"{faults} fault(s)" if faults else "ok")
    return 1 if faults else 0


def _shown(tally: Tally) -> str:
    return tally.newest.value if tally.newest else "none"
