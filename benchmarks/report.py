"""The table that a run ends in."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """One measured thing; without a yardstick ``bare`` and ``ratio`` are empty."""

    what: str
    ours: str
    goal: str
    reached: bool
    bare: str = ""
    ratio: str = ""

    @property
    def cells(self) -> tuple[str, ...]:
        verdict = "ok" if self.reached else "MISSED"
        return self.what, self.ours, self.bare, self.ratio, self.goal, verdict


HEAD = ("what", "ours", "bare", "ratio", "goal", "")


def table(lines: Sequence[Line]) -> str:
    """Return the lines as a table."""
    rows = [HEAD, *(line.cells for line in lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column in (0, len(HEAD) - 1) else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
