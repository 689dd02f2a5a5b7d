"""The archive: what is kept of a case, that every file was looked at, and that edits show."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from models.archive import ArchivePackage
from models.case import Case, CaseEvent
from models.material import Material
from models.rules.events import Event, Role
from models.rules.states import State
from models.stored_file import StoredFile
from models.supervision import MonitorAlert
from services.archive import Archive
from services.events import Decision, EventType
from services.packages import canonical, sha256_of
from services.transitions import ISSUE, StepNotAllowed
from tests import make
from tests.make import Filed
from tests.services import reviewing, stages, verifying
from tests.services.backoffice import open_scene
from tests.services.reviewing import refused
from tests.services.timing import step
from tests.world import World

MONTH = timedelta(days=30)


def archive_of(world: World, **changes: Any) -> Archive:
    """Return the archive, under another policy: without waiting for documents, if not said."""
    found = world.parts.archive
    return replace(found, policy=replace(found.policy, **{"documents": False, **changes}))


async def withdrawn(world: World) -> Filed:
    """Return a closed case with real files; of M03 two of four versions were filed."""
    who = await make.citizen(world)
    filed = await make.draft(world, who, "ITEM05")
    await put(world, filed, "M03 filed first")
    filed.officer = await make.officer(world, (Role.WINDOW, Role.DEPT), item="ITEM05")
    await world.ctx.submissions.submit(who, filed.case_id, uuid4().hex)
    await world.ctx.reviews.claim(filed.officer, filed.case_id)
    await reviewing.judge(world, filed, "M03")
    await reviewing.notify(world, filed, [reviewing.material("M03")])
    await put(world, filed, "M03 never filed")
    await put(world, filed, "M03 again")
    await reviewing.resubmit(world, filed)
    await world.ctx.submissions.withdraw(who, filed.case_id, uuid4().hex)
    return filed


async def put(world: World, filed: Filed, text: str) -> None:
    """Upload another M03, a minute later."""
    world.clock.advance(timedelta(minutes=1))
    content = make.chunked(make.jpeg(text))
    await world.ctx.materials.upload(
        filed.citizen, filed.case_id, "M03", content, file_name=f"{text}.jpg"
    )


async def package_of(filed: Filed) -> ArchivePackage:
    return await ArchivePackage.get(case_id=filed.case_id)


async def give_files(world: World, filed: Filed) -> None:
    """Give real bytes to materials that were rows only."""
    kept = await world.ctx.results.files.keep(
        make.chunked(make.pdf("scan")), max_bytes=1024 * 1024, mime="application/pdf"
    )
    await Material.filter(case_id=filed.case_id).update(
        original_key=kept.key, sha256=kept.sha256, size=kept.size, mime=kept.mime
    )


async def file_of(world: World, filed: Filed, code: str) -> Path:
    """Return where the store keeps a material."""
    key = (await Material.get(case_id=filed.case_id, code=code)).original_key
    return world.settings.data_dir / "materials" / (await StoredFile.get(key=key)).place


@pytest.mark.requirement("归档清单")
async def test_a_closed_case_is_archived_with_every_version_that_was_filed(world: World) -> None:
    """T49."""
    filed = await withdrawn(world)
    world.clock.advance(MONTH)
    assert await archive_of(world).sweep() == 1
    assert (await filed.case()).state is State.ARCHIVED
    package = await package_of(filed)
    manifest = package.manifest
    assert [file["path"] for file in manifest["files"]] == [
        "application.json",
        "materials/M02-1.jpg",
        "materials/M03-2.jpg",
        "materials/M03-4.jpg",
        "materials/M05-1.jpg",
    ]
    assert [each["name"] for each in manifest["materials"]][:2] == [
        "申请人身份证明",
        "林木权属证明",
    ]
    assert [each["title"] for each in manifest["notices"]] == [
        "申请材料接收凭证(收件凭证)",
        "补正材料通知书(一次性告知书)",
        "申请材料接收凭证(收件凭证)",
        "撤回申请确认",
    ]
    assert [each["row"] for each in manifest["events"]] == ["T01", "T03", "T05", "T06", "T46"]
    assert (manifest["case"]["state"], manifest["marks"]) == ("WITHDRAWN", [])
    assert manifest["retention"] == "30年"
    assert package.digest == sha256_of(canonical(manifest))
    assert world.parts.archive.crypto.verify(package.signature) == package.digest.encode()
    event = await CaseEvent.get(case_id=filed.case_id, row="T49")
    assert (event.actor_role, event.data["digest"]) == ("SYSTEM", package.digest)


async def test_names_and_numbers_are_not_in_the_open(world: World) -> None:
    filed = await withdrawn(world)
    world.clock.advance(MONTH)
    await archive_of(world).sweep()
    person = await make.person(world)
    shown = json.dumps((await package_of(filed)).manifest, ensure_ascii=False)
    assert person["id_number"] not in shown
    assert person["name"] not in shown
    assert "北桥镇桥头村3小班" not in shown
    sealed = (await package_of(filed)).application_sealed
    assert sealed is not None
    opened = json.loads(world.parts.archive.crypto.open(sealed, "archive.application"))
    assert opened["applicant"]["id_number"] == person["id_number"]
    assert opened["form"]["felling_location"] == "北桥镇桥头村3小班"


@pytest.mark.requirement("永久标识", "终止办理+信用档案")
async def test_the_mark_stays_with_the_file_for_good(world: World) -> None:
    """Story 2, branch b; what becomes of the credit event changes nothing of it."""
    filed = await verifying.lacking(world)
    world.clock.at = verifying.TIMEOUT
    await verifying.time_out(world, filed, world.ctx.originals.ends.timed_out)
    world.clock.advance(MONTH)
    await give_files(world, filed)
    assert await archive_of(world).sweep() == 1
    package = await package_of(filed)
    assert package.verify_later_mark is True
    assert (package.manifest["marks"], package.manifest["retention"]) == (["先办后验"], "永久")
    [check] = package.manifest["original_checks"]
    assert check["outcome"] == "INCOMPLETE"
    assert package.manifest["case"]["state"] == "TERMINATED"
    assert package.manifest["events"][-1]["data"]["reason_code"] == "ORIGINALS_NOT_SUPPLIED"
    officer = await make.officer(world, (Role.SUPERVISOR,))
    [event] = await world.ctx.credit.list(officer, None, limit=9, before=None)
    await world.ctx.credit.cancel(officer, event.id, "异议成立。")
    assert (await filed.case()).verify_later_mark is True
    assert (await package_of(filed)).verify_later_mark is True


@pytest.mark.requirement("归档清单")
async def test_a_decided_case_keeps_its_decision_its_receipt_and_its_hand_overs(
    world: World,
) -> None:
    filed = await make.accepted(world, await make.citizen(world), "ITEM05")
    machine = await stages.decided(world, filed, Decision.REJECTED)
    case_no = str((await filed.case()).case_no)
    letter = make.pdf("refusal")
    await world.ctx.results.store(machine, case_no, make.chunked(letter))
    code = (await world.ctx.deliveries.show(filed.citizen, filed.case_id)).pickup_code
    await world.ctx.deliveries.pick_up(reviewing.reviewer(filed), filed.case_id, str(code))
    world.clock.advance(MONTH)
    await stages.do(world, "case.tell")
    assert await archive_of(world, rated=False).sweep() == 1
    manifest = (await package_of(filed)).manifest
    assert [file["path"] for file in manifest["files"]][-2:] == ["results/1.pdf", "handoff/1.json"]
    kinds = [each["kind"] for each in manifest["notices"]]
    assert kinds == ["N01", "N04", "N16", "N17", "N18"]
    assert [each["type"] for each in manifest["backoffice_events"]] == ["review_started", "decided"]
    assert manifest["handoff"][0]["acked_by"] == machine.client_id
    assert manifest["deliveries"][0]["status"] == "PICKED_UP"
    assert {each["code"]: each["verdict"] for each in manifest["verdicts"]} == {
        "M02": "PASS",
        "M03": "PASS",
        "M05": "PASS",
    }


@pytest.mark.requirement("归档清单")
async def test_what_was_asked_on_the_way_is_kept(world: World) -> None:
    scene = await open_scene(world)
    await scene.tell(EventType.INFORMATION_REQUESTED, question="怎样保证行人通行?")
    asked_at = world.clock.now().isoformat()
    who, case_id = scene.filed.citizen, scene.filed.case_id
    [question] = await world.ctx.inquiries.list(who, case_id)
    world.clock.advance(timedelta(minutes=1))
    answered_at = world.clock.now().isoformat()
    await world.ctx.inquiries.answer(who, case_id, question.id, "留出通道。", uuid4().hex)
    await scene.acknowledge()
    await world.ctx.withdrawals.request(who, case_id, uuid4().hex)
    await scene.acknowledge()
    world.clock.advance(timedelta(minutes=1))
    closed_at = world.clock.now().isoformat()
    await scene.tell(EventType.WITHDRAWAL_ANSWERED, confirmed=True)
    await give_files(world, scene.filed)
    assert await archive_of(world, after=timedelta(0), rated=False).sweep() == 1
    manifest = (await package_of(scene.filed)).manifest
    assert manifest["inquiries"] == [
        {
            "seq": 1,
            "question": "怎样保证行人通行?",
            "asked_at": asked_at,
            "answered_at": answered_at,
        }
    ]
    assert manifest["withdrawals"] == [
        {
            "status": "CONFIRMED",
            "answer": "",
            "requested_at": answered_at,
            "answered_at": closed_at,
        }
    ]


@pytest.mark.parametrize("harm", ["damaged", "missing"])
async def test_a_file_that_does_not_verify_stops_it_and_raises_an_alert(
    world: World, harm: str
) -> None:
    """T49 refused: nothing changes but for one alert; resolved, it is tried again."""
    filed = await withdrawn(world)
    world.clock.advance(MONTH)
    file = await file_of(world, filed, "M05")
    content = file.read_bytes()
    if harm == "damaged":
        file.write_bytes(content[:-1] + b"x")
    else:
        file.unlink()
    before = await reviewing.standing(world)
    assert await archive_of(world).sweep() == 0
    assert await archive_of(world).sweep() == 0
    assert await reviewing.standing(world) == before
    [alert] = await MonitorAlert.all()
    assert (alert.code, alert.light, alert.case_id) == ("archive_unverified", "RED", filed.case_id)
    assert alert.data == {"files": ["materials/M05-1.jpg"]}
    file.write_bytes(content)
    await MonitorAlert.all().update(resolved_at=world.clock.now())
    assert await archive_of(world).sweep() == 1


async def test_a_package_that_does_not_open_stops_it(world: World) -> None:
    filed = await make.accepted(world, await make.citizen(world), "ITEM05")
    await step(world, filed, Event.TERMINATE, Role.BACKOFFICE)
    world.clock.advance(MONTH)
    await world.database.execute("UPDATE handoff_packages SET digest = repeat('0', 64)")
    assert await archive_of(world).sweep() == 0
    [alert] = await MonitorAlert.all()
    assert alert.data == {"files": ["handoff/1.json"]}


async def test_it_waits_for_its_day_and_for_the_rating(world: World) -> None:
    filed = await make.accepted(world, await make.citizen(world), "ITEM05")
    await stages.decided(world, filed, Decision.REJECTED)
    code = (await world.ctx.deliveries.show(filed.citizen, filed.case_id)).pickup_code
    world.clock.advance(timedelta(days=1))
    await world.ctx.deliveries.pick_up(reviewing.reviewer(filed), filed.case_id, str(code))
    world.clock.advance(MONTH - timedelta(seconds=1))
    assert await archive_of(world, rated=False).sweep() == 0
    world.clock.advance(timedelta(seconds=1))
    assert await archive_of(world).sweep() == 0
    assert await archive_of(world, documents=True, rated=False).sweep() == 0
    timers = world.parts.schedules["timers"][1]
    await timers()
    assert await archive_of(world).sweep() == 1
    assert await archive_of(world).sweep() == 0
    assert len(await world.rows("archive_packages")) == 1


async def test_at_once_is_at_once(world: World) -> None:
    filed = await withdrawn(world)
    assert await archive_of(world, after=timedelta(0)).sweep() == 1
    assert (await filed.case()).state is State.ARCHIVED


async def test_what_is_not_closed_is_not_archived(world: World) -> None:
    """T49 refused."""
    filed = await make.submitted(world, await make.citizen(world), "ITEM05")
    world.clock.advance(timedelta(days=400))
    before = await reviewing.standing(world)
    assert await archive_of(world).sweep() == 0
    assert await archive_of(world).archive(filed.case_id) is False
    assert await reviewing.standing(world) == before
    async with refused(world, StepNotAllowed):
        await step(world, filed, Event.ARCHIVE, Role.SYSTEM)


async def test_a_file_that_came_meanwhile_makes_it_look_again(world: World) -> None:
    filed = await withdrawn(world)
    archive = archive_of(world)
    manifest = await archive._manifest(await filed.case())
    await Case.filter(id=filed.case_id).update(visits=1)
    assert await archive._keep(filed.case_id, manifest) is False
    assert (await filed.case()).state is State.WITHDRAWN


async def test_the_worker_archives_by_schedule(world: World) -> None:
    filed = await withdrawn(world)
    _, sweep = world.parts.schedules["archive"]
    assert await sweep() == 0
    world.clock.advance(MONTH)
    assert await sweep() == 0
    await stages.do(world, ISSUE)
    assert await sweep() == 1
    assert (await filed.case()).state is State.ARCHIVED
