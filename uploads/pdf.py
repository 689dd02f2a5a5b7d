"""PDF documents, opened in the child: pages counted, anything that could act is refused."""

import logging
from collections.abc import Iterator
from typing import Any, BinaryIO

from pypdf import PdfReader, apply_configuration
from pypdf.errors import LimitReachedError
from pypdf.generic import (
    ArrayObject,
    DictionaryObject,
    IndirectObject,
    NameObject,
    StreamObject,
)

from services.errors import MaterialUnreadable
from uploads import polyglots
from uploads.blocks import Blocks
from uploads.expansion import MAX_STREAM_BYTES, Scales, at
from uploads.refusals import PdfActive, PdfCarriesFiles, PdfEncrypted, PdfTooHeavy, PdfTooLong

MAX_PAGES = 200
MAX_OBJECTS = 200_000
TAIL_BYTES = 4096
"""So near the end stands the end marker; the norm says 1024, some writers add notes of theirs."""

# Actions that only move the view or open a browser on a click (ISO 32000-1, table 198).
_HARMLESS_ACTIONS = frozenset({"/GoTo", "/URI", "/Named", "/Thread", "/Hide", "/SetOCGState"})
_ACTIONS = frozenset(
    {"/JavaScript", "/Launch", "/GoToR", "/GoToE", "/SubmitForm", "/ResetForm", "/ImportData"}
    | {"/Rendition", "/Movie", "/Sound", "/Trans", "/GoTo3DView", "/RichMediaExecute"}
)
_ACTIVE_KEYS = frozenset({"/JS", "/JavaScript", "/XFA"})
_FILE_KEYS = frozenset({"/EmbeddedFiles", "/EF"})
_END = b"%%EOF"
_NUL = "\0"
_PADDING = b"\0 \t\r\n\f"
_STEP = 256 * 1024
_LIMITS: dict[str, Any] = {
    "zlib_maximum_output_length": MAX_STREAM_BYTES,
    "lzw_maximum_output_length": MAX_STREAM_BYTES,
    "run_length_maximum_output_length": MAX_STREAM_BYTES,
    "stream_decoding_work_maximum_length": 2 * MAX_STREAM_BYTES,
    # Nothing in a stranger's file may start a program, not even a decoder.
    "jbig2dec_binary": None,
}

# What is wrong with a stranger's file is told to the stranger, not to a log.
logging.getLogger("pypdf").setLevel(logging.CRITICAL)


def check(source: BinaryIO) -> int:
    """Return how many pages a PDF has.

    Raises ``MaterialUnreadable`` or a subclass, and whatever the parser raises.
    """
    polyglots.check_document(Blocks(source), end_of(source))
    source.seek(0)
    try:
        with apply_configuration(**_LIMITS):
            return _check(PdfReader(source, strict=False))
    except LimitReachedError as bomb:
        raise PdfTooHeavy from bomb


def end_of(source: BinaryIO) -> int:
    """Return where the last end marker ends; without one the file was cut off."""
    blocks = Blocks(source)
    size = _size_without_padding(blocks)
    start = max(size - TAIL_BYTES, 0)
    found = blocks.at(start, size - start).rfind(_END)
    if found < 0:
        raise MaterialUnreadable
    return start + found + len(_END)


def _size_without_padding(blocks: Blocks) -> int:
    """Return where the last byte is that means something: some disks fill blocks up with zeros."""
    end = blocks.size
    while end:
        start = max(end - _STEP, 0)
        kept = blocks.at(start, end - start).rstrip(_PADDING)
        if kept:
            return start + len(kept)
        end = start
    return 0


def _check(reader: PdfReader) -> int:
    if reader.is_encrypted:
        raise PdfEncrypted
    pages = len(reader.pages)
    if not pages:
        raise MaterialUnreadable
    if pages > MAX_PAGES:
        raise PdfTooLong
    check_opening(reader)
    scales = Scales()
    for number, dictionary in every_dictionary(reader):
        check_harmless(dictionary)
        if isinstance(dictionary, StreamObject):
            scales.check(number, dictionary)
    for page in reader.pages:
        scales.check_page(page)
    return pages


def check_opening(reader: PdfReader) -> None:
    """What happens on opening may choose the view, and nothing else."""
    opening = at(reader.root_object, "/OpenAction")
    if isinstance(opening, DictionaryObject) and at(opening, "/S") != "/GoTo":
        raise PdfActive


def check_harmless(dictionary: DictionaryObject) -> None:
    """Raise when the dictionary acts or carries a file."""
    if not _FILE_KEYS.isdisjoint(dictionary) or at(dictionary, "/Type") == "/EmbeddedFile":
        raise PdfCarriesFiles
    if not _ACTIVE_KEYS.isdisjoint(dictionary):
        raise PdfActive
    named = at(dictionary, "/S")
    is_action = at(dictionary, "/Type") == "/Action"
    if named in _ACTIONS or (is_action and named not in _HARMLESS_ACTIONS):
        raise PdfActive


def every_dictionary(reader: PdfReader) -> Iterator[tuple[int | None, DictionaryObject]]:
    """Yield each dictionary of each object in the file, reachable or not.

    Walking the table instead of the page tree leaves no corner (outlines, forms, annotations,
    name trees) to forget, and knows no cycles. What is an object itself comes with its number.
    """
    places = [(number, gen) for gen, table in reader.xref.items() for number in table]
    places += [(number, 0) for number in reader.xref_objStm]
    if len(places) > MAX_OBJECTS:
        raise MaterialUnreadable
    yield from ((None, found) for found in _within(reader.trailer))
    for number, generation in places:
        whole = reader.get_object(IndirectObject(number, generation, reader))
        yield from ((number if found is whole else None, found) for found in _within(whole))
        # The reader keeps all that it has read: of a scan that is the whole file.
        reader.resolved_objects.pop((generation, number), None)


def _within(value: Any) -> Iterator[DictionaryObject]:
    waiting: list[Any] = [value]
    while waiting:
        value = waiting.pop()
        # Readers end a name where this byte is, the parser does not: what is /Launch to them is
        # another name here. No name has it by right (7.3.5).
        if isinstance(value, NameObject) and _NUL in value:
            raise MaterialUnreadable
        if isinstance(value, DictionaryObject):
            waiting.extend(value)
            yield value
            waiting.extend(value.values())
        elif isinstance(value, ArrayObject):
            waiting.extend(value)
