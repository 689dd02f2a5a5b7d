"""``zhangban items``: look at an item's file before anybody meets it, and bring it in."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from commands import pages
from composition import compose
from integrations.clock import SystemClock
from integrations.official_calendar import LAST, official_days
from models.rules.calendar import WorkCalendar, day_of
from models.rules.lint import Policy, rules_table
from models.rules.simulation import report
from services.errors import Problem
from services.item_checks import Examination, examine
from services.questions import read_questions
from settings import Settings

REFUSED, UNREADABLE = 1, 2


class FileUnreadable(Exception):
    """A file that is not there, or holds nothing like an item."""


def parser() -> argparse.ArgumentParser:
    """Return the reader of the command's words."""
    made = argparse.ArgumentParser(prog="zhangban items", description=__doc__)
    acts = made.add_subparsers(dest="act", required=True)
    lint = acts.add_parser("lint", help="tell what breaks a rule; 1 if anything may not be")
    lint.add_argument("--max-visits", type=int, default=1, help="how often people may have to come")
    run = acts.add_parser("simulate", help="run synthetic applicants through every branch")
    run.add_argument("--start", type=date.fromisoformat, help="the day they file; today by default")
    bring = acts.add_parser("import", help="keep drafts, for a supervisor to publish")
    asked = acts.add_parser("questions", help="replace the questions of the items that are named")
    rules = acts.add_parser("rules", help="print what the linter looks at")
    rules.add_argument("--write", action="store_true", help="write docs/items.md")
    for act in (lint, run, bring):
        act.add_argument("files", nargs="+", type=Path, help="YAML or JSON, one item each")
    asked.add_argument("files", nargs="+", type=Path, help="YAML or JSON, a list of questions")
    return made


def alone(words: Sequence[str]) -> int | None:
    """Do what needs no installation; None for the rest."""
    read = parser().parse_args(words)
    if read.act == "lint":
        return _each(read.files, lambda body: _lint(body, Policy(max_visits=read.max_visits)))
    if read.act == "simulate":
        start = read.start or today()
        return _each(read.files, lambda body: _simulate(body, start))
    if read.act == "rules":
        return _rules(write=read.write)
    return None


def _rules(*, write: bool) -> int:
    if write:
        return pages.write("rules")
    print(rules_table())
    return 0


async def installed(settings: Settings, words: Sequence[str]) -> int:
    """Bring items or questions into an installation."""
    read = parser().parse_args(words)
    parts = compose(settings)
    await parts.open()
    try:
        for file in read.files:
            data = read_file(file)
            if read.act == "import":
                draft = await parts.context.drafts.bring_in(_mapping(data))
                wrong = sum(each["severity"] == "REFUSES" for each in draft.findings)
                print(f"{file}: draft {draft.id}, {wrong} to be put right")
            else:
                number = await parts.context.questions.load(read_questions(data))
                print(f"{file}: {number} questions")
    except Problem as problem:
        print("\n".join([problem.text, *(f"{f.pointer} {f.detail}" for f in problem.faults)]))
        return REFUSED
    except FileUnreadable as error:
        print(f"zhangban: {error}", file=sys.stderr)
        return UNREADABLE
    finally:
        await parts.close()
    return 0


def read_file(file: Path) -> Any:
    """Return the plain data of a YAML or JSON file; raise ``FileUnreadable``."""
    try:
        data = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        # What JSON has no word for (a date, NaN, a number as a key) no item has either.
        if json.loads(json.dumps(data, allow_nan=False)) != data:
            raise FileUnreadable(f"{file}: not plain data")
    except (OSError, UnicodeDecodeError, ValueError, TypeError, yaml.YAMLError) as error:
        raise FileUnreadable(f"{file}: {error}") from error
    return data


def _mapping(data: Any) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        raise FileUnreadable("an item is a mapping of names and values")
    return data


def _each(files: Sequence[Path], act: Callable[[Mapping[str, Any]], Iterator[str | None]]) -> int:
    """Print what an act says of each file, after its name; None among the lines is a refusal."""
    worst = 0
    for file in files:
        try:
            lines = list(act(_mapping(read_file(file))))
        except FileUnreadable as error:
            print(f"zhangban: {error}", file=sys.stderr)
            worst = UNREADABLE
            continue
        print(f"== {file}")
        print("\n".join(line for line in lines if line is not None))
        worst = max(worst, REFUSED if None in lines else 0)
    return worst


def _lint(body: Mapping[str, Any], policy: Policy) -> Iterator[str | None]:
    found = examined(body, today(), policy)
    for finding in found.findings:
        word = "不能发布" if finding.refuses else "提醒"
        yield f"{word} {finding.code} {finding.pointer} {finding.sentence}({finding.basis})"
    refusals = len(found.refusals)
    yield f"{refusals}处不能发布,{len(found.findings) - refusals}处提醒"
    yield from [None] * bool(refusals)


def _simulate(body: Mapping[str, Any], start: date) -> Iterator[str | None]:
    found = examined(body, start, Policy())
    if found.simulation is None:
        yield "内容读不懂,不能模拟:"
        yield from (f"{each.code} {each.pointer} {each.sentence}" for each in found.refusals)
        yield None
        return
    yield report(found.simulation).rstrip()
    yield from [None] * bool(found.simulation.problems)


def today() -> date:
    """Return today's date in China."""
    return day_of(SystemClock().now())


def examined(body: Mapping[str, Any], start: date, policy: Policy) -> Examination:
    """Examine a body by the announced working days, and weekdays where none were announced."""
    days = {day.date: day.is_workday for day in official_days()}
    return examine(body, start, WorkCalendar.of(days, "announced", LAST), policy)
