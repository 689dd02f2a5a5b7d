"""What an item wants of a material (``reading`` of its data), and what it is held against."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from models.rules.reading.documents import DocumentKind
from models.rules.reading.fields import FieldName


class Owner(StrEnum):
    """Whose name a document has to bear."""

    APPLICANT = "APPLICANT"
    ORGANISATION = "ORGANISATION"
    FORM = "FORM"
    ANYBODY = "ANYBODY"


@dataclass(frozen=True)
class Wants:
    """The ``reading`` entry of a material.

    ``documents``: the kinds that are right here; empty: any, nothing is told of kinds. ``every``:
    each of them has to be there (both sides of a card). ``name`` and ``number`` are form fields
    that say whose document it is, for the owner FORM. ``seal``: a red seal is due. ``unexpired``:
    the day it is good until has not passed. ``fills``: form fields that what is read may fill.
    """

    documents: tuple[DocumentKind, ...] = ()
    every: bool = False
    owner: Owner = Owner.ANYBODY
    name: str | None = None
    number: str | None = None
    seal: bool = False
    unexpired: bool = False
    fills: tuple[tuple[str, FieldName], ...] = ()

    @property
    def zh(self) -> str:
        """Return the documents' names as one phrase."""
        return "、".join(kind.zh for kind in self.documents) or "材料"

    @property
    def is_text(self) -> bool:
        """Tell whether there must be text on it."""
        return bool(self.documents) and DocumentKind.PORTRAIT not in self.documents


@dataclass(frozen=True)
class Person:
    """Whose document is wanted; ``called`` is what to call them in a sentence."""

    name: str | None
    number: str | None
    called: str

    def __repr__(self) -> str:
        return f"Person({self.called})"


@dataclass(frozen=True)
class Elsewhere:
    """A page of another material of the case: its fingerprint and its text, line by line."""

    material: str
    page: int
    fingerprint: str
    lines: frozenset[str]


@dataclass(frozen=True)
class Against:
    """What a reading is held against: today, the owner, the pages of the other materials."""

    today: date
    owner: Person | None = None
    elsewhere: tuple[Elsewhere, ...] = ()


def wants_of(material: Mapping[str, Any]) -> Wants | None:
    """Return what an item's material wants of a reading; None when nothing is declared.

    Raise ``ValueError`` or ``KeyError`` for a declaration that says what is not known; the lint of
    items refuses it before it is published.
    """
    said = material.get("reading")
    if said is None:
        return None
    unknown = set(said) - set(Wants.__dataclass_fields__)
    if unknown:
        raise KeyError(sorted(unknown)[0])
    return Wants(
        documents=tuple(DocumentKind(each) for each in said.get("documents", ())),
        every=bool(said.get("every", False)),
        owner=Owner(said.get("owner", Owner.ANYBODY)),
        name=said.get("name"),
        number=said.get("number"),
        seal=bool(said.get("seal", False)),
        unexpired=bool(said.get("unexpired", False)),
        fills=tuple((field, FieldName(name)) for field, name in said.get("fills", {}).items()),
    )
