"""The clients do not know whom they talk to."""

from pathlib import Path

INTEGRATIONS = Path(__file__).parents[2] / "integrations"
APART = {"sandbox", "embedded"}


def test_no_client_knows_of_a_sandbox() -> None:
    """Switching to production is configuration only, so that no branch may depend on it."""
    files = [
        path
        for path in INTEGRATIONS.rglob("*.py")
        if not APART & set(path.relative_to(INTEGRATIONS).parts)
    ]
    assert len(files) > 15
    for path in files:
        assert "sandbox" not in path.read_text(encoding="utf-8").lower(), path
