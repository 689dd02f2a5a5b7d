"""What the kit found, for a person: a line per case, as text and as one HTML file."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from html import escape


class Verdict(StrEnum):
    PASSED = "passed"
    FAILED = "FAILED"
    NOT_SEEN = "not seen"
    NOT_OFFERED = "not offered"


@dataclass(frozen=True)
class Line:
    """One case: what was expected, what was seen, and how to mend it if it failed."""

    name: str
    title: str
    verdict: Verdict
    expected: str
    seen: str
    mend: str

    @property
    def advice(self) -> str:
        return self.mend if self.verdict in (Verdict.FAILED, Verdict.NOT_SEEN) else ""


@dataclass(frozen=True)
class Report:
    """``about`` says what was judged, where and with which seed."""

    about: str
    lines: Sequence[Line]

    @property
    def passed(self) -> bool:
        """Tell whether nothing failed and nothing is still unseen; what is optional may lack."""
        good = (Verdict.PASSED, Verdict.NOT_OFFERED)
        return bool(self.lines) and all(line.verdict in good for line in self.lines)

    @property
    def summary(self) -> str:
        counts = [(word, sum(line.verdict is word for line in self.lines)) for word in Verdict]
        return ", ".join(f"{number} {word}" for word, number in counts if number)

    def text(self) -> str:
        shown = [self.about, ""]
        for line in self.lines:
            shown.append(f"{line.verdict:<11} {line.name:<28} {line.title}")
            if line.verdict is not Verdict.PASSED:
                shown.append(f"{'':11} expected: {line.expected}")
                shown.append(f"{'':11} seen:     {line.seen}")
            if line.advice:
                shown.append(f"{'':11} mend:     {line.advice}")
        return "\n".join([*shown, "", self.summary])

    def html(self) -> str:
        """Return a page that needs nothing else: it is sent by mail and opened years later."""
        rows = "\n".join(_row(line) for line in self.lines)
        return (
            '<!doctype html><html lang="en"><meta charset="utf-8">'
            f"<title>Conformance</title><style>{STYLE}</style>"
            f"<h1>Conformance of the hand-off (移交一致性测试)</h1><p>{escape(self.about)}</p>"
            f"<p><b>{escape(self.summary)}</b></p><table><tr><th>Case<th>Verdict"
            f"<th>Expected<th>Seen<th>How to mend</tr>\n{rows}\n</table></html>\n"
        )


STYLE = (
    "body{font:15px/1.5 sans-serif;margin:2em;color:#1b1b1b;background:#fff}"
    "table{border-collapse:collapse}th,td{border:1px solid #999;padding:.4em .6em;"
    "text-align:left;vertical-align:top}th{background:#eee}"
    ".passed{background:#d7f0d7}.FAILED{background:#f7d0d0}.not{background:#fdf1c7}"
)


def _row(line: Line) -> str:
    cells = (line.expected, line.seen, line.advice)
    rest = "".join(f"<td>{escape(cell)}" for cell in cells)
    verdict = f'<td class="{line.verdict}">{line.verdict}'
    return f"<tr><td><b>{escape(line.name)}</b><br>{escape(line.title)}{verdict}{rest}</tr>"
