"""PDF documents, opened in the child: pages counted, anything that could act is refused."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject

from services.errors import MaterialUnreadable
from uploads.refusals import PdfActive, PdfCarriesFiles, PdfEncrypted, PdfTooLong

MAX_PAGES = 200
MAX_OBJECTS = 200_000

# Actions that only move the view or open a browser on a click (ISO 32000-1, table 198).
_HARMLESS_ACTIONS = frozenset({"/GoTo", "/URI", "/Named", "/Thread", "/Hide", "/SetOCGState"})
_ACTIONS = frozenset(
    {"/JavaScript", "/Launch", "/GoToR", "/GoToE", "/SubmitForm", "/ResetForm", "/ImportData"}
    | {"/Rendition", "/Movie", "/Sound", "/Trans", "/GoTo3DView", "/RichMediaExecute"}
)
_ACTIVE_KEYS = frozenset({"/JS", "/JavaScript", "/XFA"})
_FILE_KEYS = frozenset({"/EmbeddedFiles", "/EF"})

# What is wrong with a stranger's file is told to the stranger, not to a log.
logging.getLogger("pypdf").setLevel(logging.CRITICAL)


def inspect(source: str, kind: str, working: str, thumbnail: str) -> dict[str, Any]:
    """Check the PDF at ``source``; its working copy is itself, so nothing is written.

    Raises ``MaterialUnreadable`` or a subclass, and whatever the parser raises.
    """
    with Path(source).open("rb") as file:
        reader = PdfReader(file, strict=False)
        if reader.is_encrypted:
            raise PdfEncrypted
        pages = len(reader.pages)
        if not pages:
            raise MaterialUnreadable
        if pages > MAX_PAGES:
            raise PdfTooLong
        check_opening(reader)
        for dictionary in every_dictionary(reader):
            check(dictionary)
    return {"pages": pages, "width": None, "height": None, "working_mime": kind}


def check_opening(reader: PdfReader) -> None:
    """What happens on opening may choose the view, and nothing else."""
    opening = at(reader.root_object, "/OpenAction")
    if isinstance(opening, DictionaryObject) and at(opening, "/S") != "/GoTo":
        raise PdfActive


def check(dictionary: DictionaryObject) -> None:
    """Raise when the dictionary acts or carries a file."""
    if not _FILE_KEYS.isdisjoint(dictionary) or at(dictionary, "/Type") == "/EmbeddedFile":
        raise PdfCarriesFiles
    if not _ACTIVE_KEYS.isdisjoint(dictionary):
        raise PdfActive
    named = at(dictionary, "/S")
    is_action = at(dictionary, "/Type") == "/Action"
    if named in _ACTIONS or (is_action and named not in _HARMLESS_ACTIONS):
        raise PdfActive


def at(dictionary: DictionaryObject, key: str) -> Any:
    """Return the value itself even where the file says it by reference, None when absent."""
    # The dictionary's own get would return the reference, and hide a script behind it.
    try:
        return dictionary[key]
    except KeyError:
        return None


def every_dictionary(reader: PdfReader) -> Iterator[DictionaryObject]:
    """Yield each dictionary of each object in the file, reachable or not.

    Walking the table instead of the page tree leaves no corner (outlines, forms, annotations,
    name trees) to forget, and knows no cycles.
    """
    waiting: list[Any] = [reader.trailer]
    places = [(number, gen) for gen, table in reader.xref.items() for number in table]
    places += [(number, 0) for number in reader.xref_objStm]
    if len(places) > MAX_OBJECTS:
        raise MaterialUnreadable
    for number, generation in places:
        waiting.append(reader.get_object(IndirectObject(number, generation, reader)))
        while waiting:
            value = waiting.pop()
            if isinstance(value, DictionaryObject):
                yield value
                waiting.extend(value.values())
            elif isinstance(value, ArrayObject):
                waiting.extend(value)
