"""Files of an announced year: CSV and YAML give the same days, and every slip its place."""

import pytest

from services.calendar_files import CalendarRefused, read_days
from tests.years import announced, as_csv


def test_csv_and_yaml_give_the_same_days() -> None:
    rows = [
        f"- {{date: {day.date}, is_workday: {str(day.is_workday).lower()}}}" for day in announced()
    ]
    assert read_days("\n".join(rows), as_yaml=True) == announced()
    assert read_days(as_csv(announced()), as_yaml=False) == announced()
    # As a spreadsheet writes it.
    spreadsheet = "\ufeff" + as_csv(announced()).replace("\n", "\r\n")
    assert read_days(spreadsheet, as_yaml=False) == announced()


def test_a_note_is_kept_and_may_be_left_out() -> None:
    [named] = read_days("date,is_workday,note\n2027-01-01,no, 元旦 \n", as_yaml=False)
    [plain] = read_days("is_workday,date\nFALSE,2027-01-01\n", as_yaml=False)
    assert (named.note, plain.note) == ("元旦", "")
    assert (named.date, named.is_workday) == (plain.date, plain.is_workday)


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("", ["line 1: the columns are date, is_workday and note"]),
        ("date,works\n", ["line 1: the columns are date, is_workday and note"]),
        (
            "date,is_workday\n2027-02-30,1\n2027-03-01,perhaps\n2027-03-02\n2027-03-03,1,x\n",
            [
                "line 2: '2027-02-30' is no date like 2027-01-31",
                "line 3: is_workday is true or false, not 'perhaps'",
                "line 4: a day has date, is_workday and note",
                "line 5: a day has date, is_workday and note",
            ],
        ),
        (
            "date,is_workday,note\n2027-01-01,0," + "长" * 41,
            ["line 2: a note has at most 40 characters"],
        ),
    ],
)
def test_every_slip_of_a_csv_file_has_its_line(text: str, faults: list[str]) -> None:
    with pytest.raises(CalendarRefused) as refused:
        read_days(text, as_yaml=False)
    assert list(refused.value.faults) == faults


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("- [", "it is not YAML"),
        ("date: 2027-01-01", "it is not a list of days"),
        ("- 2027-01-01", "day 1: a day has date, is_workday and note"),
        ("- {date: 2027-01-01, is_workday: 2}", "day 1: is_workday is true or false, not 2"),
        ("- {date: 2027-02-30, is_workday: true}", "is not YAML|is no date"),
        ("- {date: 5, is_workday: true, note: }", "a day has date"),
    ],
)
def test_every_slip_of_a_yaml_file_has_its_day(text: str, fault: str) -> None:
    with pytest.raises(CalendarRefused, match=fault):
        read_days(text, as_yaml=True)
