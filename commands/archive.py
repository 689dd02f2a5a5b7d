"""``zhangban archive export CASE_NO DIR --by NAME`` and ``zhangban archive verify DIR``.

An exported package is a folder: ``manifest.json`` (canonical JSON), ``package.json`` with its
digest and signature, and every file that the manifest lists. In the place of a file with a virus
stands a note that bears our signature of the file's digest.
"""

import argparse
import asyncio
import hashlib
import json
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from composition import compose
from services.archive import Archive, withheld
from services.errors import Problem
from services.packages import canonical, sha256_of
from settings import Settings

MANIFEST = "manifest.json"
PROOF = "package.json"
CHUNK = 1024 * 1024
NAME_CHARS = 64
MOST_NOTE = 4096

# Returns what was signed; raises ``ValueError`` for what we did not sign.
Verify = Callable[[str], bytes]


async def run(settings: Settings, words: Sequence[str]) -> int:
    """Export or verify; return 0, or 1 with what is wrong on standard error."""
    parser = argparse.ArgumentParser(prog="zhangban archive", description=__doc__)
    acts = parser.add_subparsers(dest="act", required=True)
    export_words = acts.add_parser("export", help="write an archived case into an empty folder")
    export_words.add_argument("case_no")
    export_words.add_argument("folder", type=Path)
    export_words.add_argument(
        "--by", required=True, type=_name, help="who takes it out; it is recorded"
    )
    verify_words = acts.add_parser("verify", help="look whether a folder is what was archived")
    verify_words.add_argument("folder", type=Path)
    arguments = parser.parse_args(words)
    parts = compose(settings)
    if arguments.act == "verify":
        faults = list(faults_of(arguments.folder, parts.archive.crypto.verify))
        await parts.adapters.close()
        return _tell(faults)
    await parts.open()
    try:
        return await written(parts.archive, arguments.case_no, arguments.folder, arguments.by)
    finally:
        await parts.close()


async def written(archive: Archive, case_no: str, folder: Path, by: str) -> int:
    """Export and look at once whether it is whole; return the exit status."""
    try:
        await export(archive, case_no, folder, by)
    except (Problem, FileExistsError) as error:
        return _tell([str(error)])
    return _tell(list(faults_of(folder, archive.crypto.verify)))


async def export(archive: Archive, case_no: str, folder: Path, by: str) -> None:
    """Write an archived case into a folder that is empty or absent, readable by its owner only.

    Raises ``CaseUnknown``, ``ArchiveDamaged``, ``FileExistsError``.
    """
    package = await archive.find(case_no)
    await asyncio.to_thread(_make_empty, folder)
    await archive.take_out(package, by)
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


def _name(text: str) -> str:
    if not 0 < len(text.strip()) <= NAME_CHARS:
        raise argparse.ArgumentTypeError(f"a name has 1 to {NAME_CHARS} characters")
    return text.strip()


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


def faults_of(folder: Path, verify: Verify) -> Iterator[str]:
    """Yield what is wrong with an exported package; nothing when it is what was archived."""
    try:
        content = (folder / MANIFEST).read_bytes()
        manifest: Any = json.loads(content)
        proof: Any = json.loads((folder / PROOF).read_bytes())
        listed = {str(file["path"]): str(file["sha256"]) for file in manifest["files"]}
        archived = manifest["case"]["case_no"]
        digest, number, signature = (proof[key] for key in ("digest", "case_no", "signature"))
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        yield f"{folder} is no package: {type(error).__name__}"
        return
    if sha256_of(content) != digest:
        yield f"{MANIFEST} is not the one that was archived"
    if not _is_signed(str(digest).encode(), str(signature), verify):
        yield f"{PROOF} does not bear our signature of this package"
    if archived != number:
        yield f"{PROOF} names another case"
    here = {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}
    yield from (f"{path} is missing" for path in sorted(listed.keys() - here))
    yield from (f"{path} is not listed" for path in sorted(here - {*listed, MANIFEST, PROOF}))
    for path in sorted(here & listed.keys()):
        file, sha256 = folder / path, listed[path]
        if _digest_of(file) != sha256 and not _is_withheld(file, sha256, verify):
            yield f"{path} was changed"


def _is_signed(payload: bytes, signature: str, verify: Verify) -> bool:
    try:
        return verify(signature) == payload
    except ValueError:
        return False


def _is_withheld(file: Path, sha256: str, verify: Verify) -> bool:
    """Tell whether a note of ours stands in the place of a file that nobody may have."""
    if file.stat().st_size > MOST_NOTE:
        return False
    lines = file.read_bytes().decode("utf-8", "replace").splitlines()
    return bool(lines) and _is_signed(withheld(sha256), lines[-1], verify)


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
