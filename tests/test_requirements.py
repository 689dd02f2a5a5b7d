"""The list of requirements and the script that holds the tests against it."""

from collections import Counter
from pathlib import Path

import pytest

from tests import requirements
from tests.requirements import Requirement, coverage, marked, shown

ONE = Requirement("一次性告知", "Pre-review", "S0", "Everything at once.")
TWO = Requirement("备案", "先办后验", "S0", "Filed before.", also=("备案 filing",))

MARKED = """
import pytest

@pytest.mark.requirement("一次性告知", "补正")
@pytest.mark.parametrize("n", [1, 2])
async def test_everything(n): ...

@pytest.mark.requirement("备案")
class TestFiled:
    def test_it(self): ...

@pytest.mark.requirement("备案")
def not_a_test(): ...

@pytest.mark.slow
def test_unmarked(): ...
"""


def test_markers_are_read_from_functions_and_classes_that_are_tests() -> None:
    assert sorted(marked(MARKED)) == [
        ("一次性告知", "test_everything"),
        ("备案", "TestFiled"),
        ("补正", "test_everything"),
    ]


def test_a_name_that_is_computed_is_refused() -> None:
    with pytest.raises(ValueError, match="malformed node"):
        list(marked("@pytest.mark.requirement(NAME)\ndef test_it(): ...\n"))


def test_gaps_and_unknown_names_are_found() -> None:
    seen = coverage([ONE, TWO], {"备案 filing": ["a.py::test_a"], "别的": ["b.py::test_b"]})
    assert seen.tests == {"一次性告知": [], "备案": ["a.py::test_a"]}
    assert (seen.gaps, seen.unknown) == (["一次性告知"], ["别的"])


@pytest.mark.parametrize(
    ("marks", "status", "said"),
    [
        (["一次性告知", "备案"], 0, "2 rows, 0 without a test, 0 unknown names"),
        (["一次性告知"], 1, "NO TEST"),
        (["一次性告知", "备案", "别的"], 1, "no such row: 别的"),
    ],
)
def test_the_script_fails_on_a_gap(
    marks: list[str],
    status: int,
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    tests = tmp_path / "tests"
    tests.mkdir()
    names = ", ".join(f'"{name}"' for name in marks)
    text = f"@pytest.mark.requirement({names})\ndef test_it(): ...\n"
    (tests / "test_one.py").write_text(text, encoding="utf-8")
    assert requirements.report([ONE, TWO], shown(tests)) == status
    printed = capsys.readouterr().out
    assert said in printed
    assert "Pre-review: 一次性告知 (S0)\n    tests/test_one.py::test_it" in printed


def test_the_list_is_whole() -> None:
    rows = requirements.requirements()
    # 18 of the catalogue, 17 of the pre-review, 9 of 先办后验, 6 of supervision.
    whole = {"Catalogue": 18, "Pre-review": 17, "先办后验": 9, "Supervision": 6}
    assert Counter(row.section for row in rows if row.section in whole) == whole
    names = [name for row in rows for name in (row.name, *row.also)]
    assert len(names) == len(set(names))
    assert all(row.source in {"S0", "S1", "S2", "S3", "S4"} and row.asks for row in rows)


def test_every_row_of_the_plans_is_shown_by_a_test() -> None:
    seen = coverage(requirements.requirements(), shown())
    assert len(seen.tests) == 75
    assert (list(seen.gaps), list(seen.unknown)) == ([], [])
