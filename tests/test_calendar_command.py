"""``zhangban calendar``: what an operator types, reads, and is refused."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from commands import calendar
from tests.conftest import Servers
from tests.world import make_settings
from tests.years import announced, as_csv

Run = Callable[..., tuple[int, str, str]]
WHO = ("--by", "张三")


@pytest.fixture
def run(servers: Servers, database: str, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a way to run the command: its exit status, and what it printed."""
    settings = make_settings(
        servers.folder, database, servers.valkey.url(), "http://127.0.0.1:1", 1
    )

    def act(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = asyncio.run(calendar.run(settings, words))
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return act


def test_a_provisional_year_is_shown(run: Run) -> None:
    status, out, _ = run("show", "2027")
    # 261 weekdays in 2027, less the thirteen days of the law.
    assert (status, out.splitlines()[0]) == (0, "2027: PROVISIONAL, 248 working days")
    assert len(out.splitlines()) == 1 + 13
    assert "2027-02-09 Tue off  春节补假" in out
    assert run("show", "2050")[1] == "2050: nothing is known, the weekday decides\n"


def test_a_year_is_imported_and_shown(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "2027.csv"
    file.write_text(as_csv(announced()), encoding="utf-8")
    words = ("import", str(file), "--source", "国办发明电〔2026〕7号", *WHO)
    status, out, _ = run(*words)
    assert (status, out) == (
        0,
        "edition 2027.2 is in force; running clocks are being counted anew\n",
    )
    assert run(*words)[:2] == (0, "nothing changed: that is known already\n")
    shown = run("show", "2027")[1]
    assert shown.startswith("2027: OFFICIAL, 248 working days\n")
    assert "2027-02-13 Sat work\n" in shown
    newest, first = run("versions")[1].splitlines()
    assert newest.split()[:2] == ["2", "2027.2"]
    assert newest.endswith("moved      0  国办发明电〔2026〕7号 (张三)")
    assert first.split()[:2] == ["1", "2026.1"] and first.endswith("(seeded)")


def test_every_fault_of_a_file_is_named(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "2027.yaml"
    file.write_text("- {date: 2027-01-01, is_workday: 3}\n- {date: x, is_workday: true}\n")
    words = ("--source", "国办发明电〔2026〕7号", *WHO)
    status, out, err = run("import", str(file), *words)
    assert (status, out) == (1, "")
    assert err.splitlines() == [
        "zhangban: day 1: is_workday is true or false, not 3",
        "zhangban: day 2: 'x' is no date like 2027-01-31",
    ]
    missing = tmp_path / "nothing.csv"
    assert run("import", str(missing), *words)[0] == 1
    file.write_bytes("- 年".encode("gb18030"))
    assert run("import", str(file), *words)[2].endswith("cannot be read as UTF-8 text\n")
    file.write_text("#" * (1024 * 1024 + 1))
    assert run("import", str(file), *words)[2].endswith("is too long for a year of days\n")
    assert len(run("versions")[1].splitlines()) == 1


def test_a_day_is_decided_and_taken_back(run: Run) -> None:
    words = ("--reason", "洪水停工", *WHO)
    assert run("override", "2027-07-08", "--off", *words)[0] == 0
    shown = run("show", "2027")[1]
    assert shown.startswith("2027: PROVISIONAL, 247 working days\n")
    assert "2027-07-08 Thu off  local: 洪水停工 (张三)\n" in shown
    assert run("override", "2027-07-08", "--clear", *words)[0] == 0
    assert run("show", "2027")[1].startswith("2027: PROVISIONAL, 248 working days\n")
    assert len(run("versions")[1].splitlines()) == 3


@pytest.mark.parametrize(
    "words",
    [
        ("override", "2027-07-08", "--off", "--reason", "洪水停工"),  # nobody
        ("override", "2027-07-08", "--reason", "洪水停工", *WHO),  # neither off nor work
        ("override", "2027-02-30", "--off", "--reason", "洪水停工", *WHO),
        ("import", "2027.csv", *WHO),
        (),
    ],
)
def test_what_is_missing_is_asked_for(run: Run, words: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(*words)
    assert ended.value.code == 2
