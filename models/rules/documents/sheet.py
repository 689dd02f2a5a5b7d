"""A document before it is on paper: what it says, in the order in which it is said."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from models.rules.documents.facts import Deadline
from models.rules.documents.words import plain_day


@dataclass(frozen=True)
class Table:
    """Rows under a heading; every row has as many cells as there are columns."""

    heading: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Sheet:
    """A notice of an organ to a person; ``number`` is its 文号, ``check`` finds it publicly."""

    title: str
    subtitle: str
    number: str
    organ: str
    addressee: str
    blocks: tuple[str | Table, ...]
    basis: str
    deadlines: tuple[Deadline, ...]
    dated: date
    check: str
    link: str

    def content(self) -> dict[str, Any]:
        """Return the document as plain values: what is sealed, printed and shown."""
        return {
            "title": self.title,
            "subtitle": self.subtitle,
            "number": self.number,
            "organ": self.organ,
            "addressee": self.addressee,
            "blocks": [_block(each) for each in self.blocks],
            "basis": self.basis,
            "deadlines": [_deadline(each) for each in self.deadlines],
            "dated": self.dated.isoformat(),
            "dated_text": plain_day(self.dated),
            "check": self.check,
            "link": self.link,
        }


def _block(block: str | Table) -> dict[str, Any]:
    if isinstance(block, str):
        return {"text": block}
    return {
        "heading": block.heading,
        "columns": list(block.columns),
        "rows": [list(row) for row in block.rows],
    }


def _deadline(deadline: Deadline) -> dict[str, Any]:
    return {
        "clock": deadline.clock.value,
        "text": deadline.until,
        "last_day": deadline.last_day.isoformat(),
        "counted_from": deadline.counted_from.isoformat(),
        "counted": deadline.counted,
        "provisional": deadline.provisional,
    }
