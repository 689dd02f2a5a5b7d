"""``zhangban archive export CASE_NO DIR`` and ``zhangban archive verify DIR``.

An exported package is a folder: ``manifest.json`` (canonical JSON), ``package.json`` with its
digest and signature, and every file that the manifest lists.
"""

import argparse
import asyncio
import hashlib
import json
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

from composition import compose
from services.archive import Archive, statement_of
from services.errors import Problem
from services.packages import canonical, sha256_of
from services.ports import Crypto
from settings import Settings

MANIFEST = "manifest.json"
PROOF = "package.json"
CHUNK = 1024 * 1024


async def run(settings: Settings, words: Sequence[str]) -> int:
    """Export or verify; return 0, or 1 with what is wrong on standard error."""
    parser = argparse.ArgumentParser(prog="zhangban archive", description=__doc__)
    acts = parser.add_subparsers(dest="act", required=True)
    export_words = acts.add_parser("export", help="write an archived case into an empty folder")
    export_words.add_argument("case_no")
    export_words.add_argument("folder", type=Path)
    verify_words = acts.add_parser("verify", help="look whether a folder is what was archived")
    verify_words.add_argument("folder", type=Path)
    arguments = parser.parse_args(words)
    parts = compose(settings)
    if arguments.act == "verify":
        try:
            return _tell(list(faults_of(arguments.folder, parts.adapters.crypto)))
        finally:
            await parts.adapters.close()
    await parts.open()
    try:
        return await written(parts.archive, arguments.case_no, arguments.folder)
    finally:
        await parts.close()


async def written(archive: Archive, case_no: str, folder: Path) -> int:
    """Export and look at once whether it is whole; return the exit status."""
    try:
        await export(archive, case_no, folder)
    except (Problem, FileExistsError) as error:
        return _tell([str(error)])
    return _tell(list(faults_of(folder, archive.crypto)))


async def export(archive: Archive, case_no: str, folder: Path) -> None:
    """Write an archived case into a folder that is empty or absent, readable by its owner only.

    Raises ``CaseUnknown``, ``ArchiveDamaged``, ``FileExistsError``.
    """
    package = await archive.find(case_no)
    await asyncio.to_thread(_make_empty, folder)
    proof = {
        "case_no": case_no,
        "digest": package.digest,
        "signature": package.signature,
        "created_at": package.created_at.isoformat(),
    }
    await _write(folder / MANIFEST, _once(canonical(package.manifest)))
    await _write(folder / PROOF, _once(canonical(proof)))
    async for path, chunks in archive.contents(package):
        await _write(_inside(folder, path), chunks)


async def _write(target: Path, chunks: AsyncIterator[bytes]) -> None:
    await asyncio.to_thread(_touch, target)
    async for chunk in chunks:
        await asyncio.to_thread(_append, target, chunk)


def _make_empty(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise FileExistsError(f"{folder} is not empty")


def _touch(target: Path) -> None:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    target.touch(mode=0o600, exist_ok=False)


def _append(target: Path, chunk: bytes) -> None:
    with target.open("ab") as file:
        file.write(chunk)


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content


def _inside(folder: Path, path: str) -> Path:
    """Return a path of the package in a folder; raise ``FileExistsError`` for one outside."""
    target = (folder / path).resolve()
    if not target.is_relative_to(folder.resolve()):
        raise FileExistsError(f"{path} lies outside of the package")
    return target


def faults_of(folder: Path, crypto: Crypto) -> Iterator[str]:
    """Yield what is wrong with an exported package; nothing when it is what was archived."""
    try:
        content = (folder / MANIFEST).read_bytes()
        manifest: Any = json.loads(content)
        proof: Any = json.loads((folder / PROOF).read_bytes())
        listed = {str(file["path"]): str(file["sha256"]) for file in manifest["files"]}
        digest, number = str(proof["digest"]), str(proof["case_no"])
        signed = crypto.verify(str(proof["signature"])) == statement_of(number, digest)
    except (OSError, ValueError, KeyError, TypeError) as error:
        yield f"{folder} is no package: {type(error).__name__}"
        return
    if not signed:
        yield f"{PROOF} was signed for something else"
    if sha256_of(content) != digest:
        yield f"{MANIFEST} is not the one that was archived"
    if manifest["case"]["case_no"] != number:
        yield f"{PROOF} names another case"
    here = {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}
    yield from (f"{path} is missing" for path in sorted(listed.keys() - here))
    yield from (f"{path} is not listed" for path in sorted(here - {*listed, MANIFEST, PROOF}))
    for path in sorted(here & listed.keys()):
        if _digest_of(folder / path) != listed[path]:
            yield f"{path} was changed"


def _digest_of(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _tell(faults: Sequence[str]) -> int:
    for fault in faults:
        print(f"FAULT {fault}", file=sys.stderr)
    print(f"{len(faults)} fault(s)" if faults else "ok")
    return 1 if faults else 0
