"""Which test shows which requirement: ``python -m tests.requirements`` lists it, 1 on a gap.

Tests are read, not imported: a marker is ``@pytest.mark.requirement("name", ...)``.
"""

import ast
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).parent.parent
FILE = ROOT / "docs" / "requirements.yaml"


@dataclass(frozen=True)
class Requirement:
    """One row: ``also`` are other ways to write its name."""

    name: str
    section: str
    source: str
    asks: str
    also: tuple[str, ...] = ()


def requirements() -> Sequence[Requirement]:
    """Return the rows in the order of the file."""
    rows = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return [Requirement(**{**row, "also": tuple(row.get("also", ()))}) for row in rows]


def marked(source: str) -> Iterator[tuple[str, str]]:
    """Yield (requirement, test) of one file's text; a marker on a class counts too."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            if not node.name.lower().startswith("test"):
                continue
            for mark in node.decorator_list:
                yield from ((name, node.name) for name in _names(mark))


def _names(mark: ast.expr) -> Iterator[str]:
    if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.requirement":
        for argument in mark.args:
            # A name that is computed could not be looked up here.
            yield str(ast.literal_eval(argument))


def shown(folder: Path = ROOT / "tests") -> Mapping[str, list[str]]:
    """Return the tests by the name that their markers give, as ``file::test``."""
    found: dict[str, list[str]] = {}
    for file in sorted(folder.rglob("*.py")):
        for name, test in marked(file.read_text(encoding="utf-8")):
            found.setdefault(name, []).append(f"{file.relative_to(folder.parent)}::{test}")
    return found


@dataclass(frozen=True)
class Coverage:
    """What is shown by which tests, what by none, and which names no row has."""

    tests: Mapping[str, Sequence[str]]
    gaps: Sequence[str]
    unknown: Sequence[str]


def coverage(rows: Sequence[Requirement], found: Mapping[str, Sequence[str]]) -> Coverage:
    """Hold the rows against the markers."""
    names = {name: row.name for row in rows for name in (row.name, *row.also)}
    tests: dict[str, list[str]] = {row.name: [] for row in rows}
    for name, each in found.items():
        if name in names:
            tests[names[name]] += each
    gaps = [name for name, each in tests.items() if not each]
    return Coverage(tests, gaps, sorted(set(found) - set(names)))


def report(rows: Sequence[Requirement], found: Mapping[str, Sequence[str]]) -> int:
    """Print every row with its tests; return 1 when one has none or a name is not a row."""
    seen = coverage(rows, found)
    for row in rows:
        print(f"{row.section}: {row.name} ({row.source})")
        for test in seen.tests[row.name] or ["NO TEST"]:
            print(f"    {test}")
    for name in seen.unknown:
        print(f"no such row: {name}")
    print(f"{len(rows)} rows, {len(seen.gaps)} without a test, {len(seen.unknown)} unknown names")
    return 1 if seen.gaps or seen.unknown else 0


if __name__ == "__main__":
    sys.exit(report(requirements(), shown()))
