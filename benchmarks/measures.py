"""What is measured, and how: both sides in turn, round by round, the ratio of their medians."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from uuid import uuid4

from benchmarks import papers
from benchmarks.drafts import LARGE_SLOT, Draft, Prepared
from benchmarks.load import Plan, run
from benchmarks.report import Line
from benchmarks.stage import Stage

ROUNDS = 5
CONNECTIONS = 24
READ_SECONDS = 2.0
SUBMITS = 300
UPLOADS = 6
UPLOAD_MEGABYTES = 20
CROWD = 8
CROWD_MEGABYTES = 50
MEMORY_MEGABYTES = 200
BOUNDARY = "bench-6f1d2c3b4a596877"

DRAFTS = 2 * SUBMITS * (ROUNDS + 1)
"""How many drafts ``submit`` needs: for both sides, one round to warm up included."""


class RowsDiffer(Exception):
    """The yardstick does not write what a submission writes: the ratio would mean nothing."""


@dataclass
class Measures:
    """The measurements; each can be taken once."""

    stage: Stage
    prepared: Prepared
    _drafts: Iterator[Draft] = field(init=False)

    def __post_init__(self) -> None:
        self._drafts = iter(self.prepared.drafts)

    def progress(self) -> Line:
        """Read progress, against one query by key."""
        cases = self.prepared.underway
        ours = [_request("GET", f"/v1/cases/{each.case_id}/progress", each) for each in cases]
        bare = [_request("GET", f"/progress/{each.case_id}", each) for each in cases]

        def read(port: int, requests: list[str], seconds: float = READ_SECONDS) -> float:
            return run(Plan(port, CONNECTIONS, requests, seconds)).per_second

        return _compare(
            "progress read",
            lambda: read(self.stage.port, ours),
            lambda: read(self.stage.bare_port, bare),
            goal=0.5,
        )

    def submit(self) -> Line:
        """Submit drafts, against the same rows from bare asyncpg in one transaction."""
        counts = [self.stage.counts()]

        def ours() -> float:
            return self._submit(self.stage.port, "/v1/cases/{}/submit")

        def bare() -> float:
            return self._submit(self.stage.bare_port, "/submit/{}")

        for side in (ours, bare):
            side()
            counts.append(self.stage.counts())
        by_ours, by_bare = _grown(counts[0], counts[1]), _grown(counts[1], counts[2])
        if by_ours != by_bare:
            raise RowsDiffer(f"{by_ours} by a submission, {by_bare} by the yardstick")
        return _compare("submit", ours, bare, goal=0.4)

    def _submit(self, port: int, path: str) -> float:
        requests = [
            _request("POST", path.format(each.case_id), each)
            for each in islice(self._drafts, SUBMITS)
        ]
        return run(Plan(port, CONNECTIONS, requests)).per_second

    def upload(self) -> Line:
        """Upload files of 20 MB one after the other, against stream, hash, write and fsync."""
        return _compare(
            f"upload of {UPLOAD_MEGABYTES} MB",
            lambda: self._upload(self.stage.port, UPLOADS, UPLOAD_MEGABYTES, at_once=1),
            lambda: self._upload(self.stage.bare_port, UPLOADS, UPLOAD_MEGABYTES, at_once=1),
            goal=0.5,
        )

    def memory(self) -> Line:
        """Upload 8 files of 50 MB at once; read the most memory that the API ever had."""
        self._upload(self.stage.port, CROWD, CROWD_MEGABYTES, at_once=CROWD)
        status = Path(f"/proc/{self.stage.api_pid}/status").read_text()
        peak = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
        megabytes = int(peak.split()[1]) / 1024
        return Line(
            f"API's peak memory, {CROWD} uploads of {CROWD_MEGABYTES} MB at once",
            f"{megabytes:.0f} MB",
            f"< {MEMORY_MEGABYTES} MB",
            megabytes < MEMORY_MEGABYTES,
        )

    def _upload(self, port: int, number: int, megabytes: int, *, at_once: int) -> float:
        end = f"\r\n--{BOUNDARY}--\r\n".encode()
        body = self.stage.folder / f"{megabytes}.pdf"
        if not body.exists():
            body.write_bytes(papers.rest(megabytes * 1024 * 1024) + end)
        requests = [
            _form(f"/v1/cases/{each.case_id}/materials/{LARGE_SLOT}", each, body.stat().st_size)
            for each in islice(cycle(self.prepared.large), number)
        ]
        return run(Plan(port, at_once, requests, body=str(body))).per_second


def _request(method: str, path: str, who: Draft, **headers: object) -> str:
    """Return a request; the yardstick gets the same headers and ignores them."""
    lines = {
        "Host": "127.0.0.1",
        "Authorization": f"Bearer {who.token}",
        "Idempotency-Key": uuid4().hex,
        **headers,
    }
    if method == "POST":
        lines.setdefault("Content-Length", 0)
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n"


def _form(path: str, who: Draft, size: int) -> str:
    """Return the request for a form and the beginning of its file, without the rest of it."""
    part = (
        f"--{BOUNDARY}\r\n"
        'Content-Disposition: form-data; name="file"; filename="scan.pdf"\r\n'
        "Content-Type: application/pdf\r\n\r\n"
    ) + papers.opening().decode("latin-1")
    headers = {
        "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
        "Content-Length": len(part) + size,
    }
    return _request("POST", path, who, **headers) + part


def _compare(
    what: str, ours: Callable[[], float], bare: Callable[[], float], *, goal: float
) -> Line:
    """Take both sides in turn: the machine's own ups and downs then meet both alike."""
    rounds = [(ours(), bare()) for _ in range(ROUNDS)]
    our_rate = median(pair[0] for pair in rounds)
    bare_rate = median(pair[1] for pair in rounds)
    ratio = our_rate / bare_rate
    return Line(
        what,
        f"{our_rate:.0f}/s" if our_rate > 100 else f"{our_rate:.1f}/s",
        f">= {goal}",
        ratio >= goal,
        bare=f"{bare_rate:.0f}/s" if bare_rate > 100 else f"{bare_rate:.1f}/s",
        ratio=f"{ratio:.2f}",
    )


def _grown(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int]:
    return {name: after[name] - before[name] for name in after if after[name] != before[name]}
