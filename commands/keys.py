"""``zhangban keys``: which keys seal what, and moving everything to the active one, online."""

import argparse
from collections import defaultdict
from collections.abc import Sequence

from composition import Parts, compose
from services.keys import Tally
from settings import Settings

PER_SECOND = 2000


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="zhangban keys", description=__doc__)
    acts = made.add_subparsers(dest="act", required=True)
    acts.add_parser("status", help="tell how many rows each key has sealed, by column")
    rotate = acts.add_parser("rotate", help="seal every row under the active key")
    reindex = acts.add_parser("reindex", help="make every blind index anew under INDEX_KEY")
    for act in (rotate, reindex):
        act.add_argument(
            "--per-second", type=_rate, default=PER_SECOND, help="rows at most (%(default)s)"
        )
    return made


def _rate(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 1_000_000:
        raise argparse.ArgumentTypeError("between 1 and 1000000")
    return number


async def keys(settings: Settings, words: Sequence[str]) -> int:
    """Run an act; exit 1 when rows are left that it could not move."""
    read = parser().parse_args(words)
    parts = compose(settings)
    await parts.open()
    try:
        if read.act == "status":
            await _status(parts)
            return 0
        move = parts.keys.rotate if read.act == "rotate" else parts.keys.reindex
        tally = await move(Progress(), per_second=read.per_second)
    finally:
        await parts.close()
    return _ended(tally)


class Progress:
    """Prints a line for every thousand rows of a column."""

    def __init__(self) -> None:
        self._told: dict[str, int] = {}

    def __call__(self, name: str, number: int) -> None:
        if number // 1000 > self._told.get(name, -1):
            self._told[name] = number // 1000
            print(f"{name}: {number} row(s)", flush=True)


async def _status(parts: Parts) -> None:
    crypto = parts.adapters.crypto
    needed: dict[int, int] = defaultdict(int)
    for use in await parts.keys.status():
        needed[use.key_id] += use.rows
        print(f"{use.place.name}: {use.rows} row(s) by key {use.key_id}")
    for key_id in sorted({*needed, *crypto.known_keys}):
        if key_id == crypto.active_key:
            word = "active"
        elif key_id not in crypto.known_keys:
            word = "MISSING: its rows cannot be read"
        else:
            word = "needed: zhangban keys rotate" if needed[key_id] else "may be dropped"
        print(f"key {key_id}: {needed[key_id]} row(s), {word}")


def _ended(tally: Tally) -> int:
    for name, number in sorted(tally.renewed.items()):
        print(f"{name}: {number} row(s) moved")
    for name, number in sorted(tally.unreadable.items()):
        print(f"FAULT {name}: {number} row(s) by no key that the settings name")
    if tally.busy:
        print(f"FAULT {tally.busy} row(s) were busy to the end: run it again")
    print(f"{tally.renewed.total()} row(s) moved" if tally.renewed.total() else "nothing to move")
    return 1 if tally.faults else 0
