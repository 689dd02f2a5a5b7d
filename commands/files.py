"""``zhangban files``: sweep the store, read it again, say what is in it."""

import argparse
from collections.abc import Sequence

from composition import Parts, compose
from models.rules.calendar import SHANGHAI
from services.errors import Problem
from services.file_counts import count_files
from settings import Settings


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="zhangban files", description=__doc__)
    acts = made.add_subparsers(dest="act", required=True)
    acts.add_parser("status", help="tell how many files are kept, how, and what is known of them")
    acts.add_parser("sweep", help="remove what nobody has referred to for a week")
    scrub = acts.add_parser("scrub", help="read files again, those not read longest first")
    scrub.add_argument("--limit", type=_number, default=10_000, help="files (%(default)s)")
    scrub.add_argument(
        "--unsealed", action="store_true", help="only those that lie open, to seal them"
    )
    return made


def _number(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 100_000_000:
        raise argparse.ArgumentTypeError("between 1 and 100000000")
    return number


async def files(settings: Settings, words: Sequence[str]) -> int:
    """Run an act; exit 1 when a file is damaged or gone, or the store does not answer."""
    read = parser().parse_args(words)
    parts = compose(settings)
    await parts.open()
    try:
        if read.act == "status":
            return await _status()
        if read.act == "sweep":
            return await _sweep(parts)
        return await _scrub(parts, read.limit, unsealed=read.unsealed)
    except Problem as failed:
        print(f"FAULT {failed.code}")
        return 1
    finally:
        await parts.close()


async def _status() -> int:
    wrong = 0
    for each in await count_files():
        wrong += each.wrong
        print(
            f"{each.cipher} {each.scan}: {each.files} file(s), {each.size} byte(s), all read since"
            f" {each.oldest.astimezone(SHANGHAI):%Y-%m-%d %H:%M}, {each.wrong} damaged or gone"
        )
    print(f"FAULT {wrong} file(s) damaged or gone" if wrong else "ok")
    return 1 if wrong else 0


async def _sweep(parts: Parts) -> int:
    swept = await parts.keeping.sweeps.sweep()
    print(
        f"{swept.files} file(s) that nobody referred to, {swept.objects} object(s) of no file,"
        f" {swept.temporary} broken upload(s) removed"
    )
    return 0


async def _scrub(parts: Parts, limit: int, *, unsealed: bool) -> int:
    done = await parts.keeping.scrubs.scrub(limit, unsealed_only=unsealed)
    print(f"{done.right} file(s) right, {done.sealed} sealed, {done.wrong} damaged or gone")
    return 1 if done.wrong else 0
