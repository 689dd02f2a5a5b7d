"""Files that are two things at once: what one program shows as a photo, another one runs."""

import re
import zipfile

from uploads.blocks import Blocks
from uploads.refusals import FileInFile

_SNIFFED = 1024
"""So far do browsers and readers of PDF look for what a file may be."""
_LONGEST = 24

# Cameras put previews, depth maps, videos and notes of their own behind a photo's end. Only what
# some program opens as another kind of file is refused; the working copy has none of it anyhow.
_BEGINNINGS = (
    *(b"PK\x03\x04", b"PK\x05\x06", b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b\x08"),
    *(b"\x7fELF", b"MZ", b"#!", b"\xca\xfe\xba\xbe", b"\xd0\xcf\x11\xe0", b"!<arch>"),
    *(b"GIF8", b"%!PS", b"<?xml", b"<?php"),
)
_PDF = rb"%PDF-\d"
_ACTIVE = (
    rb"<script[\s>]|<html[\s>]|<iframe[\s>]|<!doctype\s+html|<svg\s+(?:xmlns|onload)"
    rb"|<\?php\s|__HALT_COMPILER"
)
_IN_PICTURES = re.compile(_PDF + b"|" + _ACTIVE, re.IGNORECASE)
_IN_DOCUMENTS = re.compile(_ACTIVE, re.IGNORECASE)
_PADDING = b"\0\xff \t\r\n"


def check_picture(blocks: Blocks, end: int) -> None:
    """Raise ``FileInFile`` when a picture that ends at ``end`` is something else as well."""
    _check(blocks, end, _IN_PICTURES)


def check_document(blocks: Blocks, end: int) -> None:
    """Raise ``FileInFile`` when a PDF that ends at ``end`` is something else as well."""
    _check(blocks, end, _IN_DOCUMENTS)


def _check(blocks: Blocks, end: int, alien: re.Pattern[bytes]) -> None:
    if alien.search(blocks.at(0, _SNIFFED)):
        raise FileInFile
    if blocks.at(end, _SNIFFED).lstrip(_PADDING).startswith(_BEGINNINGS):
        raise FileInFile
    if blocks.search(alien, end, _LONGEST) is not None:
        raise FileInFile
    # A ZIP is found from its end, so it can hide behind anything and in any comment.
    if zipfile.is_zipfile(blocks.source):
        raise FileInFile
