"""ZIP packages of strangers: looked at entry by entry before any of it is believed."""

import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from services.errors import MaterialUnreadable
from uploads.blocks import Blocks
from uploads.refusals import FileInFile, OfdCarriesFiles, OfdTooHeavy

MAX_ENTRIES = 4000
"""A document of 200 pages has a page, a picture and a few fonts each: 1,000."""
MAX_ENTRY_BYTES = 64 * 1024 * 1024
MAX_TOTAL_BYTES = 256 * 1024 * 1024
MAX_RATIO = 300
"""XML of a page shrinks to a fiftieth, an empty bitmap to a thousandth, and is small."""
RATIO_COUNTS_FROM = 4 * 1024 * 1024
MAX_NAME = 255

_PIECE = 256 * 1024
_HEADER_BYTES = 30
_END, _END_BYTES = b"PK\x05\x06", 22
_ENCRYPTED = 0x1
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
# Nothing that a page shows begins so: programs, packages, documents within the document.
_ALIEN = (
    b"PK\x03\x04",
    b"MZ",
    b"\x7fELF",
    b"#!",
    b"%PDF-",
    b"Rar!",
    b"7z\xbc\xaf",
    b"\xd0\xcf\x11\xe0",
)


@dataclass(frozen=True)
class Package:
    """A package whose every entry was unpacked once and has the size and checksum it claims."""

    opened: zipfile.ZipFile
    names: frozenset[str]

    def read(self, name: str, most: int) -> bytes:
        """Return an entry; raise ``MaterialUnreadable`` when it is absent or above ``most``."""
        if name not in self.names or self.opened.getinfo(name).file_size > most:
            raise MaterialUnreadable
        return self.opened.read(name)


def open_package(source: BinaryIO) -> Package:
    """Open a package and try everything in it.

    Raises ``MaterialUnreadable`` or a subclass, and what the library raises.
    """
    opened = zipfile.ZipFile(source)
    entries = opened.infolist()
    if len(entries) > MAX_ENTRIES:
        raise OfdTooHeavy
    _check_places(opened, entries, Blocks(source))
    names = [_name_of(entry) for entry in entries]
    # Two entries of one name are two documents, and each program picks another one.
    if len({name.casefold() for name in names}) < len(names):
        raise MaterialUnreadable
    _check_sizes(entries)
    for entry in entries:
        _unpack(opened, entry)
    return Package(opened, frozenset(names))


def _check_places(opened: zipfile.ZipFile, entries: list[zipfile.ZipInfo], blocks: Blocks) -> None:
    """Check that the entries fill the file from its first byte, one behind the other."""
    # Without a comment the end record is the very end.
    if not blocks.at(blocks.size - _END_BYTES, _END_BYTES).startswith(_END):
        raise FileInFile
    end = 0
    for entry in sorted(entries, key=lambda each: each.header_offset):
        if end == 0 and entry.header_offset:
            raise FileInFile
        # A bomb lets many entries share the same bytes.
        if entry.header_offset < end:
            raise OfdTooHeavy
        end = entry.header_offset + _HEADER_BYTES + entry.compress_size
    if not end <= opened.start_dir <= blocks.size:
        raise MaterialUnreadable


def _name_of(entry: zipfile.ZipInfo) -> str:
    """Return an entry's name; raise for one that would leave its folder."""
    name = entry.filename
    parts = name.rstrip("/").split("/")
    if not name or len(name) > MAX_NAME or any(part in ("", ".", "..") for part in parts):
        raise MaterialUnreadable
    # The library cuts a name off where a NUL is; others may not.
    if name != entry.orig_filename:
        raise MaterialUnreadable
    if "\\" in name or ":" in name or not name.isprintable():
        raise MaterialUnreadable
    return name


def _check_sizes(entries: list[zipfile.ZipInfo]) -> None:
    for entry in entries:
        if entry.flag_bits & _ENCRYPTED or entry.compress_type not in _METHODS:
            raise MaterialUnreadable
        large = entry.file_size > RATIO_COUNTS_FROM
        if large and entry.file_size > MAX_RATIO * entry.compress_size:
            raise OfdTooHeavy
        if entry.file_size > MAX_ENTRY_BYTES:
            raise OfdTooHeavy
    if sum(entry.file_size for entry in entries) > MAX_TOTAL_BYTES:
        raise OfdTooHeavy


def _unpack(opened: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    """Read an entry to its end; the library stops at the size it claims, and compares the sum."""
    size = 0
    try:
        for piece in _pieces(opened, entry):
            if not size and piece.startswith(_ALIEN):
                raise OfdCarriesFiles
            size += len(piece)
    except (zipfile.BadZipFile, zlib.error, EOFError) as broken:
        raise MaterialUnreadable from broken
    if size != entry.file_size:
        raise MaterialUnreadable


def _pieces(opened: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    with opened.open(entry) as file:
        while piece := file.read(_PIECE):
            yield piece
