"""README and docs/ show the rules as they are."""

from pathlib import Path

import pytest

from commands.items import alone
from commands.lifecycle import lifecycle
from commands.pages import PAGES, current
from models.rules.lint import RULES
from tests.test_house import ROOT


@pytest.mark.parametrize(
    ("name", "command"),
    [("lifecycle", "zhangban lifecycle --write"), ("rules", "zhangban items rules --write")],
)
def test_the_pages_are_current(name: str, command: str) -> None:
    for file, text in current(name, ROOT).items():
        assert file.read_text(encoding="utf-8") == text, f"run: {command}"


@pytest.mark.parametrize(
    ("name", "shown"), [("lifecycle", "T13 deem_accepted"), ("rules", "| fee_without_basis |")]
)
def test_writing_brings_stale_pages_up_to_date(
    name: str,
    shown: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def write() -> int | None:
        return lifecycle(["--write"]) if name == "lifecycle" else alone(["rules", "--write"])

    monkeypatch.chdir(tmp_path)
    assert write() == 1
    assert "project's folder" in capsys.readouterr().err
    (tmp_path / "docs").mkdir()
    for file in PAGES[name]:
        Path(file).write_text(f"# Kept\n<!-- {name} -->\nstale\n<!-- /{name} -->\nkept\n")
    assert write() == 0
    for file in PAGES[name]:
        text = Path(file).read_text(encoding="utf-8")
        assert text.startswith("# Kept\n") and text.endswith("\nkept\n")
        assert shown in text and "stale" not in text


def test_without_writing_it_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert lifecycle([]) == 0
    assert capsys.readouterr().out.startswith("stateDiagram-v2\n")
    assert alone(["rules"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2 + len(RULES)
