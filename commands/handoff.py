"""``zhangban handoff``: packages on their way to the back-office, and sending one again."""

import argparse
import sys
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from composition import Parts, compose
from models.rules.calendar import SHANGHAI
from models.rules.states import HandoffStatus
from services.actors import SYSTEM
from services.errors import Problem
from services.handoff_lists import Listed, PackageFilter
from settings import Settings

PAGE = 100


def parser() -> argparse.ArgumentParser:
    """Return the reader of the command's words."""
    made = argparse.ArgumentParser(prog="zhangban handoff", description=__doc__)
    acts = made.add_subparsers(dest="act", required=True)
    listing = acts.add_parser("list", help="print packages, oldest first")
    listing.add_argument("--status", choices=["open", "READY", "LEASED", "ACKED"], default="open")
    listing.add_argument("--agency", help="统一社会信用代码")
    listing.add_argument("--case", help="its number")
    listing.add_argument("--late", action="store_true", help="only those past their hour")
    listing.add_argument("--returned", action="store_true", help="only those that came back")
    show = acts.add_parser("show", help="print a package and everything that happened to it")
    show.add_argument("package", type=UUID)
    again = acts.add_parser("resend", help="make a package ready again: same id, same bytes")
    again.add_argument("package", type=UUID)
    again.add_argument("--reason", default="", help="needed for one that was acknowledged")
    return made


async def run(settings: Settings, words: Sequence[str]) -> int:
    """Do it; return 0, or 1 with what is wrong on standard error."""
    arguments = parser().parse_args(words)
    parts = compose(settings)
    await parts.open()
    try:
        await do(parts, arguments)
    except Problem as error:
        print(f"zhangban: {error.code}: {error.text}", file=sys.stderr)
        return 1
    finally:
        await parts.close()
    return 0


async def do(parts: Parts, arguments: argparse.Namespace) -> None:
    """Do what the words say; print what came of it. Raises what the use-cases raise."""
    desk = parts.context.handoff_desk
    if arguments.act == "list":
        await _list(parts, arguments)
    elif arguments.act == "show":
        shown = await desk.show(arguments.package)
        print(_line(shown.package))
        for each in shown.history:
            why = [str(word) for word in (each.by, each.code, each.text) if word]
            until = [f"until {_time(each.until)}"] if each.until else []
            print("  ", _time(each.at), each.act, *why, *until)
    else:
        await desk.resend(SYSTEM, arguments.package, arguments.reason)
        print("ready again")


async def _list(parts: Parts, arguments: argparse.Namespace) -> None:
    status = None if arguments.status == "open" else HandoffStatus(arguments.status)
    wanted = PackageFilter(
        status=status,
        agency_uscc=arguments.agency,
        case_no=arguments.case,
        late=arguments.late or None,
        returned=arguments.returned or None,
    )
    after: UUID | None = None
    while True:
        page = await parts.context.handoff_desk.list(wanted, limit=PAGE, after=after)
        for package in page.packages:
            print(_line(package))
        after = page.following
        if after is None:
            return


def _line(package: Listed) -> str:
    words = [str(package.id), package.status, package.agency_uscc, package.case_no]
    words += [f"{package.seq}.", package.kind, f"leases={package.leases}"]
    if package.returns:
        words.append(f"returns={package.returns} ({package.return_code})")
    if package.leased_until is not None:
        words.append(f"leased by {package.leased_by} until {_time(package.leased_until)}")
    if package.acked_at is not None:
        words.append(f"acknowledged by {package.acked_by} {_time(package.acked_at)}")
    elif package.pull_by is not None:
        words.append(f"due {_time(package.pull_by)}")
    return "  ".join(words)


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"
