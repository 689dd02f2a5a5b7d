"""What is measured, and how: both sides in turn, round by round, the ratio of their medians."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import cycle, islice
from statistics import median
from uuid import uuid4

from benchmarks import papers
from benchmarks.drafts import LARGE_SLOT, Draft, Prepared
from benchmarks.load import Plan, run
from benchmarks.report import Line
from benchmarks.stage import Stage

ROUNDS = 5
CONNECTIONS = 24
ROUND_SECONDS = 2.0
SUBMIT_PATH = "/v1/cases/{}/submit"
BARE_SUBMIT = "/submit/{}"
SUBMITS = 400
# How many files of so many megabytes are uploaded in a round.
UPLOADS = {1: 40, 20: 6, 200: 1}
UPLOAD_SECONDS = 50.0
UPLOAD_PATH = f"/v1/cases/{{}}/materials/{LARGE_SLOT}"
MEGABYTE = 1024 * 1024
CROWD = 16
CROWD_MEGABYTES = 100
MEMORY_MEGABYTES = 32
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

        def read(port: int, requests: list[str]) -> float:
            return run(Plan(port, CONNECTIONS, requests, ROUND_SECONDS, again=True)).per_second

        return compare(
            "progress read",
            lambda: read(self.stage.port, ours),
            lambda: read(self.stage.bare_port, bare),
            goal=0.5,
        )

    def authentication(self) -> Line:
        """Read progress with a token, against one process that asks nobody who they are."""
        cases = self.prepared.underway
        headers = [{"X-Account": _account(each.token)} for each in cases]
        paths = ("/v1/cases/{}/progress", "/unasked/{}")
        asked, unasked = (
            [
                _request("GET", path.format(each.case_id), each, **more)
                for each, more in zip(cases, headers, strict=True)
            ]
            for path in paths
        )

        def read(requests: list[str]) -> float:
            plan = Plan(self.stage.unasked_port, CONNECTIONS, requests, ROUND_SECONDS, again=True)
            return run(plan).per_second

        return compare(
            "progress read, with who it is asked first",
            lambda: read(asked),
            lambda: read(unasked),
            goal=0.85,
        )

    def submit(self) -> Line:
        """Submit drafts, against the same rows from bare asyncpg in one transaction."""
        rows = {
            path: self._rows(port, path)
            for port, path in ((self.stage.port, SUBMIT_PATH), (self.stage.bare_port, BARE_SUBMIT))
        }
        if rows[SUBMIT_PATH] != rows[BARE_SUBMIT]:
            raise RowsDiffer(str(rows))
        return compare(
            "submit",
            lambda: self._submit(self.stage.port, SUBMIT_PATH),
            lambda: self._submit(self.stage.bare_port, BARE_SUBMIT),
            goal=0.4,
        )

    def _rows(self, port: int, path: str) -> Mapping[str, float]:
        """Submit for one round; return how many rows a submission adds to each table."""
        before = self.stage.counts()
        self._submit(port, path)
        after = self.stage.counts()
        submitted = after["case_events"] - before["case_events"]
        return {
            name: (after[name] - before[name]) / submitted
            for name in after
            if after[name] != before[name]
        }

    def _submit(self, port: int, path: str) -> float:
        requests = [
            _request("POST", path.format(each.case_id), each)
            for each in islice(self._drafts, SUBMITS)
        ]
        return run(Plan(port, CONNECTIONS, requests, ROUND_SECONDS)).per_second

    def uploads(self) -> list[Line]:
        """Upload files of each size one after the other, against stream, hash, write and fsync."""
        return [self._uploads_of(megabytes, number) for megabytes, number in UPLOADS.items()]

    def _uploads_of(self, megabytes: int, number: int) -> Line:
        return compare(
            f"upload of {megabytes} MB",
            lambda: self._upload(self.stage.port, UPLOAD_PATH, number, megabytes),
            lambda: self._upload(self.stage.bare_port, "/upload", number, megabytes),
            goal=0.6,
        )

    def memory(self) -> Line:
        """Upload 16 files of 100 MB at once; read how much memory the API took for that."""
        self._upload(self.stage.port, UPLOAD_PATH, 1, CROWD_MEGABYTES)
        before = self.stage.memory_of_api("VmRSS")
        self.stage.forget_peak_of_api()
        self._upload(self.stage.port, UPLOAD_PATH, CROWD, CROWD_MEGABYTES, at_once=CROWD)
        grown = self.stage.memory_of_api("VmHWM") - before
        return Line(
            f"API's memory grows, {CROWD} uploads of {CROWD_MEGABYTES} MB at once",
            f"{grown:.0f} MB",
            f"< {MEMORY_MEGABYTES} MB",
            grown < MEMORY_MEGABYTES,
        )

    def _upload(
        self, port: int, path: str, number: int, megabytes: int, *, at_once: int = 1
    ) -> float:
        end = f"\r\n--{BOUNDARY}--\r\n".encode()
        body = self.stage.folder / f"{megabytes}.pdf"
        if not body.exists():
            body.write_bytes(papers.rest(megabytes * MEGABYTE) + end)
        requests = [
            _form(path.format(each.case_id), each, body.stat().st_size)
            for each in islice(cycle(self.prepared.large), number)
        ]
        return run(Plan(port, at_once, requests, UPLOAD_SECONDS, body=str(body))).per_second


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


def _account(token: str) -> str:
    """Return whose token it is, as its payload says."""
    payload = token.split(".")[1]
    claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return str(claims["sub"])


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


def compare(
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
