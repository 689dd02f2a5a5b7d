"""Files on their way in and out: the one file of a form, a stored file for one asker, its name."""

import re
import unicodedata
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

MAX_NAME = 200
UNNAMED = "未命名"
EXTENSIONS = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "image/heic": ".heic",
    "image/heif": ".heif",
    "application/pdf": ".pdf",
    "application/ofd": ".ofd",
}
# What Windows takes for a device, whatever the extension, and what it takes in no name.
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|$)", re.IGNORECASE)
_UNSAVABLE = re.compile(r'[<>:"/\\|?*]')


class FormFile(Protocol):
    """The file of a form; ``name`` is the client's word for it, data and never a path."""

    @property
    def name(self) -> str: ...

    @property
    def chunks(self) -> AsyncIterator[bytes]: ...


class MultipartReader(Protocol):
    """Finds the file of a multipart form while the form is still arriving."""

    def one_file(
        self, chunks: AsyncIterator[bytes], content_type: str
    ) -> AbstractAsyncContextManager[FormFile]:
        """Raise ``Malformed``, here or out of the file's chunks, when the form is not whole."""
        ...


@dataclass(frozen=True)
class ServedFile:
    """A stored file as one asker may have it; ``sha256`` (hex) None when only its key is known."""

    key: str
    sha256: str | None
    size: int
    mime: str
    name: str


def display_name(raw: str) -> str:
    """Return what a person may be shown of a client's file name: at most 200 characters.

    Folders, control characters and marks that turn the reading direction are left out.
    """
    last = raw.replace("\\", "/").rsplit("/", 1)[-1]
    shown = "".join(
        " " if character.isspace() else character
        for character in last
        if character.isspace() or unicodedata.category(character)[0] != "C"
    )
    return " ".join(shown.split())[:MAX_NAME].strip() or UNNAMED


def download_name(shown: str, mime: str) -> str:
    """Return the name to save a file under: its extension says what the bytes are.

    It can be saved on every system, hides on none and is no device of Windows.
    """
    extension = EXTENSIONS.get(mime, "")
    stem, dot, ending = shown.rpartition(".")
    named = dot and stem and len(ending) <= 5 and ending.isalnum()
    safe = _UNSAVABLE.sub("_", stem if named else shown).rstrip(". ")
    if safe.startswith(".") or _DEVICE.match(safe) or not safe:
        safe = f"_{safe}"
    return safe + extension
