"""Materials: downloaded into a part file, gone on with where it broke off, checked, renamed."""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from miniapp_stub.puller.store import Broken
from miniapp_stub.puller.wire import Unreachable, Wire

CHUNK = 64 * 1024
BREAKS = 20


def sync_folder(folder: Path) -> None:
    """Put a folder's entries on disk: a renamed file is there after a power cut, too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@dataclass(frozen=True)
class Materials:
    """Files named by the SHA-256 of their content: one that is there is right and complete."""

    wire: Wire
    folder: Path
    passing: Callable[[str], None]

    def fetch(self, path: str, digest: str, size: int) -> Path:
        """Return the file that a path gives. Raises ``Broken`` when its bytes are not what was
        promised, twice; ``Unreachable`` when they do not come."""
        file = self.folder / digest
        if file.exists():
            return file
        part = self.folder / f"{digest}.part"
        for _ in range(2):
            self._download(path, part, size)
            if _sha256(part) == digest:
                part.replace(file)
                sync_folder(self.folder)
                return file
            # Damaged on the way, perhaps: from the beginning, once.
            part.unlink()
        raise Broken("MATERIAL_UNREADABLE", f"{path} has another content")

    def _download(self, path: str, part: Path, size: int) -> None:
        for _ in range(BREAKS):
            have = part.stat().st_size if part.exists() else 0
            if have >= size:
                return
            headers = {"Range": f"bytes={have}-"} if have else {}
            self.wire.ask("GET", path, partial(self._append, part), None, headers)
        raise Unreachable(path)

    def _append(self, part: Path, response: Any) -> None:
        """Write what arrives where it belongs; a connection that breaks leaves what came."""
        if response.status not in (200, 206):
            raise Broken("MATERIAL_UNREADABLE", f"a material answers {response.status}")
        with part.open("r+b" if part.exists() else "wb") as out:
            out.truncate(out.seek(_start(response)))
            while chunk := response.read(CHUNK):
                out.write(chunk)
                out.flush()
                self.passing("material_part")
            os.fsync(out.fileno())


def _start(response: Any) -> int:
    """Return where the answer's first byte belongs: a 200 is the whole, whatever was asked."""
    if response.status == 200:
        return 0
    span = str(response.headers.get("Content-Range", ""))
    try:
        return int(span.removeprefix("bytes ").partition("-")[0])
    except ValueError as error:
        raise Broken("MATERIAL_UNREADABLE", f"Content-Range {span!r}") from error


def _sha256(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as content:
        while chunk := content.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
