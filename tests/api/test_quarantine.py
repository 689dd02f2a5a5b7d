"""Quarantine over HTTP: whoever asks for a file that was not looked through, hears the same."""

import hashlib

import pytest

from models.material import Material
from models.stored_file import StoredFile
from tests import make
from tests.api import tokens
from tests.make import Filed
from tests.services.keeping import upload
from tests.world import Answer, World

QUARANTINED, INFECTED = (409, "file_quarantined"), (403, "file_infected")


def problem(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.json["code"]


async def accepted(world: World) -> tuple[Filed, dict[str, Material]]:
    """Return a case that was handed over: its first file is a photo, its second a PDF."""
    filed = await make.draft(world, await make.citizen(world), "ITEM10")
    photo, document = filed.codes[0], filed.codes[1]
    await upload(world.parts, filed, photo, make.jpeg("photo"))
    await upload(world.parts, filed, document, make.pdf("document"))
    found = await Material.filter(case_id=filed.case_id, replaced_at=None)
    by_code = {each.code: each for each in found}
    return filed, {"photo": by_code[photo], "document": by_code[document]}


@pytest.mark.parametrize(("scan", "said"), [("PENDING", QUARANTINED), ("INFECTED", INFECTED)])
async def test_its_owner(world: World, scan: str, said: tuple[int, str]) -> None:
    filed, files = await accepted(world)
    token = make.token(world, filed.citizen)
    for each in files.values():
        await StoredFile.filter(key=each.original_key).update(scan=scan)
    document = f"/v1/materials/{files['document'].id}/content"
    answer = await world.http.get(document, token=token)
    assert problem(answer) == said
    assert answer.json["detail"].endswith("。")
    for more in ({"Range": "bytes=0-3"}, {"If-None-Match": f'"{files["document"].sha256}"'}):
        assert problem(await world.http.get(document, token=token, headers=more)) == said
    # Of a photo the owner only ever gets the copy that we made.
    shown = await world.http.get(f"/v1/materials/{files['photo'].id}/content", token=token)
    assert shown.status == 200
    small = await world.http.get(f"/v1/materials/{files['photo'].id}/thumbnail", token=token)
    assert small.status == 200
    listed = await world.http.get(f"/v1/cases/{filed.case_id}/materials", token=token)
    states = {
        each["code"]: each["current"]["scan"] for each in listed.json["slots"] if each["current"]
    }
    assert states[files["photo"].code] == states[files["document"].code] == scan
    await StoredFile.filter(key=files["document"].original_key).update(scan="CLEAN")
    whole = await world.http.get(document, token=token)
    assert hashlib.sha256(whole.body).hexdigest() == files["document"].sha256


@pytest.mark.parametrize(("scan", "said"), [("PENDING", QUARANTINED), ("INFECTED", INFECTED)])
async def test_an_officer_and_a_machine(world: World, scan: str, said: tuple[int, str]) -> None:
    filed = await make.accepted(world, await make.citizen(world))
    [material, *_] = await Material.filter(case_id=filed.case_id, replaced_at=None)
    assert material.mime == "image/jpeg" and filed.officer is not None
    await StoredFile.filter(key=material.original_key).update(scan=scan)
    officer = tokens.of_staff(world, filed.officer)
    path = f"/staff/v1/materials/{material.id}/content"
    assert (await world.http.get(path, token=officer)).status == 200
    assert problem(await world.http.get(f"{path}?original=1", token=officer)) == said
    machine = tokens.of_machine(world, await make.machine(world, filed.item.agency_uscc))
    asked = {"limit": 5, "seconds": 60}
    leased = await world.http.post("/backoffice/v1/packages/lease", token=machine, json=asked)
    [package] = leased.json["packages"]
    packed = f"/backoffice/v1/packages/{package['id']}/materials/{material.id}"
    assert problem(await world.http.get(packed, token=machine)) == said
    await StoredFile.filter(key=material.original_key).update(scan="CLEAN")
    assert (await world.http.get(packed, token=machine)).status == 200
    assert (await world.http.get(f"{path}?original=1", token=officer)).status == 200
