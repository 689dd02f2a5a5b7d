"""What the puller keeps: packages, cases, and the events that have to be reported.

Every method that changes something is one transaction that is on disk when it returns
(``synchronous = FULL``). A package goes KEPT (its bytes are here), TAKEN (its materials are here
too, and the case has it), ACKED (the county knows). Each step may be taken again and changes
nothing then: this is why a kill at any point neither loses nor doubles.
"""

import json
import sqlite3
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

TABLES = """
CREATE TABLE IF NOT EXISTS packages (
  id TEXT PRIMARY KEY, case_no TEXT NOT NULL, seq INTEGER NOT NULL, kind TEXT NOT NULL,
  digest TEXT NOT NULL, body TEXT NOT NULL, signature TEXT, lease_token TEXT,
  state TEXT NOT NULL CHECK (state IN ('KEPT', 'TAKEN', 'ACKED')),
  UNIQUE (case_no, seq)
);
CREATE TABLE IF NOT EXISTS cases (
  case_no TEXT PRIMARY KEY, package_id TEXT NOT NULL REFERENCES packages (id),
  ended INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS outbox (
  event_id TEXT PRIMARY KEY, case_no TEXT NOT NULL REFERENCES cases (case_no),
  seq INTEGER NOT NULL, type TEXT NOT NULL, occurred_at TEXT NOT NULL, payload TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('WAITING', 'SENT', 'REFUSED', 'DROPPED')), answer TEXT,
  UNIQUE (case_no, seq)
);
"""
NEXT = """
SELECT * FROM outbox o WHERE state = 'WAITING' AND case_no NOT IN (SELECT value FROM json_each(?))
  AND EXISTS (SELECT 1 FROM packages p JOIN cases c ON c.package_id = p.id
    WHERE c.case_no = o.case_no AND p.state = 'ACKED')
  AND NOT EXISTS (SELECT 1 FROM outbox e
    WHERE e.case_no = o.case_no AND e.seq < o.seq AND e.state = 'REFUSED')
ORDER BY case_no, seq LIMIT 1
"""
FIRST, ENDED = "ACCEPTED", "ENDED"


class Broken(Exception):
    """A package that cannot be taken as it came; ``code`` is one of the county's technical words:
    SCHEMA, DIGEST, MATERIAL_UNREADABLE, UNAVAILABLE, OTHER. ``reason`` tells no personal data."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code, self.reason = code, reason


@dataclass(frozen=True)
class Package:
    """A package whose digest is right; ``body`` exactly as it came."""

    id: str
    case_no: str
    seq: int
    kind: str
    digest: str
    body: str
    signature: str | None
    lease_token: str

    @property
    def content(self) -> dict[str, Any]:
        return dict(json.loads(self.body))


@dataclass(frozen=True)
class Event:
    event_id: str
    case_no: str
    seq: int
    type: str
    occurred_at: str
    payload: Mapping[str, Any]


class Store:
    """One SQLite file; one process uses it at a time."""

    def __init__(self, file: Path) -> None:
        self.db = sqlite3.connect(file, timeout=30)
        self.db.row_factory = sqlite3.Row
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute("PRAGMA synchronous = FULL")
        self.db.execute("PRAGMA foreign_keys = ON")
        self.db.executescript(TABLES)

    def close(self) -> None:
        self.db.close()

    def keep(self, package: Package) -> None:
        """Keep a package; one that is known gets the new lease. Raises ``Broken``."""
        with self.db:
            known = self.db.execute("SELECT * FROM packages WHERE id = ?", (package.id,)).fetchone()
            if known is not None:
                if known["digest"] != package.digest:
                    raise Broken("OTHER", "this package came before with another content")
                self._set(package.id, lease_token=package.lease_token)
                return
            values = (*vars(package).values(), "KEPT")
            try:
                self.db.execute("INSERT INTO packages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
            except sqlite3.IntegrityError as error:
                raise Broken("OTHER", "another package has this case and seq") from error

    def unfinished(self) -> Sequence[Package]:
        """Return what is not acknowledged and has a lease that was not lost, in order."""
        found = self.db.execute(
            "SELECT * FROM packages WHERE state <> 'ACKED' AND lease_token IS NOT NULL"
            " ORDER BY case_no, seq"
        )
        return [Package(**{name: row[name] for name in Package.__match_args__}) for row in found]

    def must_wait(self, package: Package) -> bool:
        """Tell whether something of the case has to be taken first."""
        if package.kind == FIRST:
            return False
        earlier = "SELECT 1 FROM packages WHERE case_no = ? AND seq < ? AND state <> 'ACKED'"
        case = "SELECT 1 FROM cases WHERE case_no = ?"
        if self.db.execute(case, (package.case_no,)).fetchone() is None:
            return True
        return self.db.execute(earlier, (package.case_no, package.seq)).fetchone() is not None

    def is_taken(self, package: Package) -> bool:
        found = self.db.execute("SELECT state FROM packages WHERE id = ?", (package.id,))
        return bool(found.fetchone()["state"] != "KEPT")

    def take(self, package: Package, reports: Sequence[tuple[str, Mapping[str, Any]]] = ()) -> None:
        """Take a package into its case, once; its materials are here.

        The place for a vendor's own work: the case is opened, completed or stopped in this
        transaction, or not at all. ``reports`` are events of a case that is opened now.
        """
        with self.db:
            if self.is_taken(package):
                return
            if package.kind == FIRST:
                self.db.execute(
                    "INSERT INTO cases (case_no, package_id) VALUES (?, ?)",
                    (package.case_no, package.id),
                )
                for kind, payload in reports:
                    self._add(package.case_no, kind, payload)
            elif package.kind == ENDED:
                self.db.execute("UPDATE cases SET ended = 1 WHERE case_no = ?", (package.case_no,))
                self.db.execute(
                    "UPDATE outbox SET state = 'DROPPED' WHERE case_no = ? AND state <> 'SENT'",
                    (package.case_no,),
                )
            self._set(package.id, state="TAKEN")

    def acknowledged(self, package: Package) -> None:
        with self.db:
            self._set(package.id, state="ACKED", lease_token=None)

    def lease_lost(self, package_id: str) -> None:
        """Forget a lease; the package will be served again."""
        with self.db:
            self._set(package_id, lease_token=None)

    def _set(self, package_id: str, **values: Any) -> None:
        names = ", ".join(f"{name} = ?" for name in values)
        self.db.execute(
            f"UPDATE packages SET {names} WHERE id = ?",  # noqa: S608 - names are ours
            (*values.values(), package_id),
        )

    def add_event(self, case_no: str, kind: str, payload: Mapping[str, Any]) -> None:
        """Put an event into the outbox; raise KeyError for a case that is unknown or over."""
        with self.db:
            case = "SELECT 1 FROM cases WHERE case_no = ? AND NOT ended"
            if self.db.execute(case, (case_no,)).fetchone() is None:
                raise KeyError(case_no)
            self._add(case_no, kind, payload)

    def _add(self, case_no: str, kind: str, payload: Mapping[str, Any]) -> None:
        # Number and id are given once, with the event: sent again, it is the same event.
        self.db.execute(
            "INSERT INTO outbox SELECT ?, ?, coalesce(max(seq), 0) + 1, ?, ?, ?, 'WAITING', NULL"
            " FROM outbox WHERE case_no = ?",
            (
                uuid.uuid4().hex,
                case_no,
                kind,
                datetime.now(UTC).isoformat(),
                json.dumps(payload),
                case_no,
            ),
        )

    def next_event(self, paused: Collection[str]) -> Event | None:
        """Return the next event to send: in order, of a case whose first package is acknowledged.

        Cases in ``paused`` are left out; so are cases with an event that a person has to look at.
        """
        row = self.db.execute(NEXT, (json.dumps(sorted(paused)),)).fetchone()
        if row is None:
            return None
        values = {name: row[name] for name in Event.__match_args__}
        return Event(**{**values, "payload": json.loads(row["payload"])})

    def answered(self, event: Event, state: str, answer: str) -> None:
        with self.db:
            self.db.execute(
                "UPDATE outbox SET state = ?, answer = ? WHERE event_id = ?",
                (state, answer, event.event_id),
            )

    def rewind(self, case_no: str, seq: int) -> bool:
        """Let the events of a case be sent again from ``seq`` on; tell whether that one exists."""
        with self.db:
            changed = self.db.execute(
                "UPDATE outbox SET state = 'WAITING' WHERE case_no = ? AND seq >= ?"
                " AND EXISTS (SELECT 1 FROM outbox WHERE case_no = ? AND seq = ?)",
                (case_no, seq, case_no, seq),
            )
            return changed.rowcount > 0

    def tally(self) -> dict[str, int]:
        """Return how many packages and events there are, by state."""
        counted = (
            "SELECT 'packages ' || state, count(*) FROM packages GROUP BY 1"
            " UNION ALL SELECT 'events ' || state, count(*) FROM outbox GROUP BY 1"
        )
        return dict(self.db.execute(counted).fetchall())
