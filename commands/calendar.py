"""``zhangban calendar``: show a year, import an announced one, decide a day, list the editions."""

import argparse
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from composition import Parts, compose
from models.calendar import CalendarVersion, LocalDay, WorkDay
from services.calendar_files import CalendarRefused, read_days
from settings import Settings

FILE_BYTES = 1024 * 1024
UNCHANGED = "nothing changed: that is known already"


async def run(settings: Settings, words: Sequence[str]) -> int:
    """Do what the words say; return 1 and name every fault when it is refused."""
    given = _parser().parse_args(words)
    parts = compose(settings)
    await parts.open()
    try:
        return int(await given.act(parts, given))
    except CalendarRefused as error:
        for fault in error.faults:
            print(f"zhangban: {fault}", file=sys.stderr)
        return 1
    finally:
        await parts.close()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="zhangban calendar", description=__doc__)
    acts = parser.add_subparsers(required=True)
    show = acts.add_parser("show", help="the days of a year that are not as their weekday")
    show.add_argument("year", type=int)
    show.set_defaults(act=_show)
    read = acts.add_parser("import", help="make a year official, from CSV or YAML")
    read.add_argument("file", type=Path, help="date, is_workday and note of every day")
    read.add_argument("--source", required=True, help="the notice, as 国办发明电〔2026〕7号")
    read.set_defaults(act=_import)
    override = acts.add_parser("override", help="decide locally whether people work on a day")
    override.add_argument("date", type=date.fromisoformat)
    which = override.add_mutually_exclusive_group(required=True)
    for option, works in (("--off", False), ("--work", True), ("--clear", None)):
        which.add_argument(option, dest="works", action="store_const", const=works)
    override.add_argument("--reason", required=True)
    override.set_defaults(act=_override)
    for each in (read, override):
        each.add_argument("--by", required=True, help="who does it; it is recorded")
    acts.add_parser("versions", help="the editions, the newest first").set_defaults(act=_versions)
    return parser


async def _show(parts: Parts, given: argparse.Namespace) -> int:
    days, local = await parts.seeding.editions.days(given.year)
    if not days and not local:
        print(f"{given.year}: nothing is known, the weekday decides")
        return 0
    states = sorted({day.status for day in days})
    print(f"{given.year}: {', '.join(states)}, {_working(days, local)} working days")
    for line in sorted([*map(_day, filter(_differs, days)), *map(_local, local)]):
        print(line)
    return 0


def _working(days: Sequence[WorkDay], local: Sequence[LocalDay]) -> int:
    works = {day.date: day.is_workday for day in days}
    works.update({day.date: day.is_workday for day in local})
    return sum(works.values())


def _differs(day: WorkDay) -> bool:
    return day.is_workday != (day.date.weekday() < 5)


def _day(day: WorkDay) -> str:
    return f"{day.date:%Y-%m-%d %a} {'work' if day.is_workday else 'off '} {day.note}".rstrip()


def _local(day: LocalDay) -> str:
    works = "work" if day.is_workday else "off "
    return f"{day.date:%Y-%m-%d %a} {works} local: {day.reason} ({day.decided_by})"


async def _import(parts: Parts, given: argparse.Namespace) -> int:
    days = read_days(_read(given.file), as_yaml=given.file.suffix in (".yaml", ".yml"))
    edition = await parts.seeding.editions.import_year(days, source=given.source, by=given.by)
    return _tell(edition)


def _read(file: Path) -> str:
    try:
        if file.stat().st_size > FILE_BYTES:
            raise CalendarRefused([f"{file} is too long for a year of days"])
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CalendarRefused([f"{file} cannot be read as UTF-8 text"]) from error


async def _override(parts: Parts, given: argparse.Namespace) -> int:
    edition = await parts.seeding.editions.override(
        given.date, given.works, reason=given.reason, by=given.by
    )
    return _tell(edition)


def _tell(edition: CalendarVersion | None) -> int:
    if edition is None:
        print(UNCHANGED)
    else:
        print(f"edition {edition.version} is in force; running clocks are being counted anew")
    return 0


async def _versions(parts: Parts, given: argparse.Namespace) -> int:
    for each in await parts.seeding.editions.versions():
        who = each.imported_by or "seeded"
        print(
            f"{each.number:>3} {each.version:<10} {each.imported_at:%Y-%m-%d %H:%M} UTC"
            f" moved {each.moved:>6}  {each.source} ({who})"
        )
    return 0
