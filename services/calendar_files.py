"""The file in which an announced year comes: CSV or YAML with date, is_workday and note."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from io import StringIO
from typing import Any

import yaml

from models.rules.announcement import AnnouncedDay

COLUMNS = {"date", "is_workday", "note"}
NEEDED = COLUMNS - {"note"}
WORDS = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
NOTE_CHARACTERS = 40


class CalendarRefused(Exception):
    """A calendar that cannot be used; ``faults`` says in sentences what is wrong with it."""

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(faults))


def read_days(text: str, *, as_yaml: bool) -> Sequence[AnnouncedDay]:
    """Read the days of a file; raise ``CalendarRefused`` naming every place that is wrong."""
    days, faults = [], []
    for place, row in _yaml_rows(text) if as_yaml else _csv_rows(text):
        try:
            days.append(_day(row))
        except ValueError as error:
            faults.append(f"{place}: {error}")
    if faults:
        raise CalendarRefused(faults)
    return days


def _csv_rows(text: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    reader = csv.DictReader(StringIO(text.removeprefix("\ufeff")), strict=True)
    try:
        head = set(reader.fieldnames or ())
        if not NEEDED <= head <= COLUMNS:
            raise CalendarRefused(["line 1: the columns are date, is_workday and note"])
        for row in reader:
            yield f"line {reader.line_num}", row
    except csv.Error as error:
        raise CalendarRefused([f"line {reader.line_num}: {error}"]) from error


def _yaml_rows(text: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    try:
        found = yaml.load(text, Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, ValueError) as error:
        raise CalendarRefused([f"it is not YAML: {error}"]) from error
    if not isinstance(found, list):
        raise CalendarRefused(["it is not a list of days"])
    for number, row in enumerate(found, start=1):
        yield f"day {number}", row if isinstance(row, Mapping) else {}


def _day(row: Mapping[str, Any]) -> AnnouncedDay:
    if not NEEDED <= set(row) <= COLUMNS or None in row.values():
        raise ValueError("a day has date, is_workday and note")
    works = row["is_workday"]
    if not isinstance(works, bool):
        works = WORDS.get(str(works).strip().lower())
    if works is None:
        raise ValueError(f"is_workday is true or false, not {row['is_workday']!r}")
    note = str(row.get("note", "")).strip()
    if len(note) > NOTE_CHARACTERS:
        raise ValueError(f"a note has at most {NOTE_CHARACTERS} characters")
    return AnnouncedDay(_date(row["date"]), works, note)


def _date(given: object) -> date:
    try:
        return date.fromisoformat(str(given).strip())
    except ValueError as error:
        raise ValueError(f"{given!r} is no date like 2027-01-31") from error
