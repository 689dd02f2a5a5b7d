"""Exported archive packages: whole, signed, on record, and every edit shows."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from commands import archive as command
from models.material import Material
from models.stored_file import StoredFile
from services.access import CaseUnknown
from services.errors import Problem
from services.packages import sha256_of
from tests import make
from tests.make import Filed
from tests.services.test_archive import archive_of, package_of, withdrawn
from tests.world import World

BY = "李档案"


def faults_of(world: World, folder: Path) -> list[str]:
    return list(command.faults_of(folder, world.parts.archive.crypto.verify))


async def exported(world: World, folder: Path) -> Filed:
    """Return a case whose package was written into a folder."""
    filed = await withdrawn(world)
    await archive_of(world, after=timedelta(0)).sweep()
    case_no = str((await filed.case()).case_no)
    await command.export(world.parts.archive, case_no, folder, BY)
    return filed


@pytest.mark.requirement("归档清单")
async def test_an_exported_package_verifies_and_every_edit_shows(
    world: World, tmp_path: Path
) -> None:
    filed = await withdrawn(world)
    await archive_of(world, after=timedelta(0)).sweep()
    case_no = str((await filed.case()).case_no)
    folder = tmp_path / "package"
    await command.export(world.parts.archive, case_no, folder, BY)
    assert faults_of(world, folder) == []
    assert (folder / "materials" / "M03-4.jpg").read_bytes() == make.jpeg("M03 again")
    application = json.loads((folder / "application.json").read_bytes())
    assert application["form"]["species"] == "杉木"
    assert folder.stat().st_mode & 0o077 == 0
    assert (folder / "application.json").stat().st_mode & 0o077 == 0
    with pytest.raises(FileExistsError):
        await command.export(world.parts.archive, case_no, folder, BY)

    (folder / "application.json").write_bytes(b"{}")
    (folder / "extra.txt").write_text("x")
    (folder / "materials" / "M02-1.jpg").unlink()
    assert faults_of(world, folder) == [
        "materials/M02-1.jpg is missing",
        "extra.txt is not listed",
        "application.json was changed",
    ]
    manifest = folder / "manifest.json"
    manifest.write_bytes(manifest.read_bytes().replace(b"WITHDRAWN", b"DELIVERED"))
    assert "manifest.json is not the one that was archived" in faults_of(world, folder)
    assert len(faults_of(world, tmp_path / "nothing")) == 1


async def test_a_package_bears_the_signature_of_its_digest(world: World, tmp_path: Path) -> None:
    """Whoever writes a package of their own cannot sign it, nor use the signature of another."""
    folder = tmp_path / "package"
    await exported(world, folder)
    proof = json.loads((folder / "package.json").read_bytes())
    forged = "package.json does not bear our signature of this package"
    for signature in ("", "x.y.z", 7, world.parts.archive.crypto.sign(b"0" * 64)):
        (folder / "package.json").write_text(json.dumps({**proof, "signature": signature}))
        assert faults_of(world, folder) == [forged]
    manifest = folder / "manifest.json"
    manifest.write_bytes(manifest.read_bytes().replace(b"WITHDRAWN", b"DELIVERED"))
    proof["digest"] = sha256_of(manifest.read_bytes())
    (folder / "package.json").write_text(json.dumps(proof))
    assert faults_of(world, folder) == [forged]


@pytest.mark.parametrize("scan", ["INFECTED", "PENDING"])
async def test_a_file_that_nobody_may_have_is_replaced_by_a_signed_note(
    world: World, tmp_path: Path, scan: str
) -> None:
    filed = await withdrawn(world)
    await archive_of(world, after=timedelta(0)).sweep()
    material = await Material.get(case_id=filed.case_id, code="M02")
    await StoredFile.filter(key=material.original_key).update(scan=scan)
    folder = tmp_path / "package"
    await command.export(world.parts.archive, str((await filed.case()).case_no), folder, BY)
    note = folder / "materials" / "M02-1.jpg"
    assert material.sha256 in note.read_text()
    assert ("病毒" in note.read_text()) is (scan == "INFECTED")
    assert (folder / "materials" / "M03-4.jpg").read_bytes() == make.jpeg("M03 again")
    assert faults_of(world, folder) == []
    # The note is of this file only, and nobody else can write one.
    other = folder / "materials" / "M05-1.jpg"
    other.write_bytes(note.read_bytes())
    *words, _ = note.read_text().splitlines()
    forged = world.parts.archive.crypto.sign(material.sha256.encode())
    note.write_text("\n".join([*words, forged]))
    assert faults_of(world, folder) == [
        "materials/M02-1.jpg was changed",
        "materials/M05-1.jpg was changed",
    ]


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("manifest.json", b"\xff"),
        ("manifest.json", b"[]"),
        ("manifest.json", b'{"files": [], "case": null}'),
        ("manifest.json", b'{"files": []}'),
        ("manifest.json", b'{"files": ["x"], "case": {"case_no": "1"}}'),
        ("manifest.json", b"[" * 200_000),
        ("package.json", b"null"),
        ("package.json", b'{"digest": "x", "case_no": "1"}'),
    ],
)
def test_what_is_no_package_is_told_plainly(tmp_path: Path, file: str, content: bytes) -> None:
    whole = {
        "manifest.json": b'{"files": [], "case": {"case_no": "1"}}',
        "package.json": b'{"digest": "x", "case_no": "1", "signature": "y"}',
    }
    for name, text in {**whole, file: content}.items():
        (tmp_path / name).write_bytes(text)
    [fault] = command.faults_of(tmp_path, lambda token: token.encode())
    assert fault.startswith(f"{tmp_path} is no package: ")


async def test_who_takes_a_package_out_is_on_record(world: World, tmp_path: Path) -> None:
    filed = await exported(world, tmp_path / "package")
    [entry] = await world.rows("audit_log")
    assert (entry["action"], entry["object_id"]) == ("archive.export", str(filed.case_id))
    assert (entry["actor_role"], entry["actor_id"]) == ("SYSTEM", BY)
    for name in ("", " ", "x" * 65):
        words = ["export", "1", str(tmp_path / "other"), "--by", name]
        with pytest.raises(SystemExit):
            await command.run(world.settings, words)


async def test_an_edit_in_the_database_is_not_exported(world: World, tmp_path: Path) -> None:
    filed = await withdrawn(world)
    await archive_of(world, after=timedelta(0)).sweep()
    case_no = str((await filed.case()).case_no)
    package = await package_of(filed)
    package.manifest["case"]["visits"] = 7
    await package.save()
    with pytest.raises(Problem, match="archive_damaged"):
        await command.export(world.parts.archive, case_no, tmp_path / "package", BY)
    with pytest.raises(CaseUnknown):
        await world.parts.archive.find("no such case")


async def test_the_command_exports_and_verifies(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    filed = await withdrawn(world)
    case_no = str((await filed.case()).case_no)
    folder = tmp_path / "package"
    assert await command.written(world.parts.archive, case_no, folder, BY) == 1
    assert "case_unknown" in capsys.readouterr().err
    await archive_of(world, after=timedelta(0)).sweep()
    assert await command.written(world.parts.archive, case_no, folder, BY) == 0
    assert await command.written(world.parts.archive, case_no, folder, BY) == 1
    assert "is not empty" in capsys.readouterr().err
    assert await command.run(world.settings, ["verify", str(folder)]) == 0
    (folder / "application.json").unlink()
    assert await command.run(world.settings, ["verify", str(folder)]) == 1
    assert "application.json is missing" in capsys.readouterr().err
