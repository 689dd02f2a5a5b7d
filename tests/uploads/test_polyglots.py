"""A file is one thing: what another program would run is refused, a camera's notes are not."""

import io

import pytest

from tests.uploads import drawing
from uploads import polyglots
from uploads.blocks import Blocks
from uploads.refusals import FileInFile

PHOTO = drawing.jpeg()
ZIP = drawing.zipped({"a.class": b"\xca\xfe\xba\xbe"})
VIDEO = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + bytes(range(256)) * 400


def check(data: bytes, end: int) -> None:
    polyglots.check_picture(Blocks(io.BytesIO(data)), end)


SECOND = {
    "zip": ZIP,
    "zip after padding": bytes(700) + ZIP,
    "zip far behind": VIDEO + ZIP,
    "pdf": drawing.pdf(),
    "pdf far behind": VIDEO + drawing.pdf(),
    "page": b"<html><script>alert(1)</script>",
    "page in capitals, far behind": VIDEO + b"<SCRIPT SRC=//x.invalid>",
    "vector picture": b"<svg xmlns='http://www.w3.org/2000/svg' onload='x()'>",
    "php": b"<?php system($_GET[0]);",
    "phar": VIDEO + b"__HALT_COMPILER(); ?>",
    "program": b"MZ\x90\x00",
    "unix program": b"\x00\x00\x7fELF\x02",
    "shell": b"\r\n#!/bin/sh\nrm -rf /",
    "rar": b"Rar!\x1a\x07\x01\x00",
    "7z": b"7z\xbc\xaf\x27\x1c",
    "gif": b"GIF89a",
}


@pytest.mark.parametrize("second", SECOND.values(), ids=SECOND.keys())
def test_a_second_file_behind_a_photo_is_refused(second: bytes) -> None:
    with pytest.raises(FileInFile):
        check(PHOTO + second, len(PHOTO))


def test_a_second_file_within_a_photo_is_refused() -> None:
    """A comment may hold anything, so a photo may be a whole package from its first byte on."""
    for comment in (ZIP, b"%PDF-1.4\n1 0 obj", b"*/<html><body>"):
        data = drawing.jpeg(comment=comment)
        with pytest.raises(FileInFile):
            check(data, len(data))


SEFT = b"\x00\x00\x01\x0aMotionPhoto_Data" + VIDEO + b"SEFH\x6b\x00\x00\x00SEFT"
NOTES = {
    "nothing": b"",
    "padding": bytes(100_000),
    "preview": drawing.jpeg((160, 120)),
    "video": VIDEO,
    "Samsung": SEFT,
    "a sentence": b'vivo{"model":"V2024"}',
    "a marker of Huawei": b"v3_f31\x00" + bytes(40) + b"LIVE_1234567890",
}


@pytest.mark.parametrize("note", NOTES.values(), ids=NOTES.keys())
def test_what_cameras_put_behind_a_photo_is_no_second_file(note: bytes) -> None:
    check(PHOTO + note, len(PHOTO))


def test_a_boundary_between_blocks_hides_nothing() -> None:
    for before in range(256 * 1024 - 12, 256 * 1024 + 4):
        data = PHOTO + b"v" * (before - len(PHOTO)) + b"<script >" + b"v" * 100_000
        with pytest.raises(FileInFile):
            check(data, len(PHOTO))
