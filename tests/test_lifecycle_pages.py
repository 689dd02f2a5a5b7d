"""README and docs/lifecycle.md show the table as it is."""

from pathlib import Path

import pytest

from commands.lifecycle import PAGE, README, current, lifecycle
from tests.test_house import ROOT


def test_the_pages_are_current() -> None:
    for file, text in current(ROOT).items():
        assert file.read_text(encoding="utf-8") == text, "run: zhangban lifecycle --write"


def test_writing_brings_stale_pages_up_to_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert lifecycle(["--write"]) == 1
    assert "project's folder" in capsys.readouterr().err
    (tmp_path / "docs").mkdir()
    for file in (README, PAGE):
        file.write_text("# Kept\n<!-- lifecycle -->\nstale\n<!-- /lifecycle -->\nkept\n")
    assert lifecycle(["--write"]) == 0
    for file in (README, PAGE):
        text = file.read_text(encoding="utf-8")
        assert text.startswith("# Kept\n") and text.endswith("\nkept\n")
        assert "T13 deem_accepted" in text and "stale" not in text
    assert [file.name for file in (tmp_path / "docs").iterdir()] == ["lifecycle.md"]
