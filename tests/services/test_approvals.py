"""Approvals (查阅审批): a minor's and a medical file are opened by who was allowed to."""

from datetime import timedelta

import pytest

from models.material import Material
from models.rules.events import Role
from models.rules.sensitive import Sensitivity, medical_codes, sensitivities
from models.staff import FileApproval, StaffMember
from services.access import CaseUnknown
from services.actors import Officer
from services.approvals import (
    ApprovalDecided,
    ApprovalNeeded,
    ApprovalUnknown,
    MemberUnfit,
    OwnRequest,
)
from services.items import ItemUnknown
from tests import make
from tests.make import Filed
from tests.services import mandating, stages
from tests.world import World

HOUSING = "示例县住房和城乡建设局"


async def minors(world: World) -> Filed:
    """Return an ordinary case (ITEM10) whose applicant is ten years old."""
    return await mandating.for_a_child(world)


async def medical(world: World) -> Filed:
    """Return a case with a medical record in it (ITEM07, 残疾人证), of a grown person."""
    who = await make.citizen(world)
    filed = await stages.drafted(world, who, "ITEM07")
    await world.ctx.submissions.submit(who, filed.case_id, "one-key-for-it")
    return filed


async def supervisor(world: World) -> Officer:
    return await make.officer(world, (Role.SUPERVISOR,))


async def opened(world: World, officer: Officer, filed: Filed) -> bool:
    """Tell whether an officer gets to see the dossier and, the same, every material."""
    seen = []
    try:
        await world.ctx.reviews.show(officer, filed.case_id)
        seen.append(True)
    except ApprovalNeeded:
        seen.append(False)
    for material in await Material.filter(case_id=filed.case_id):
        for original in (False, True):
            try:
                await world.ctx.materials.open_for_staff(officer, material.id, original=original)
                seen.append(True)
            except ApprovalNeeded:
                seen.append(False)
    assert len(set(seen)) == 1
    return seen[0]


async def log(world: World, *actions: str) -> list[str]:
    found = [str(row["action"]) for row in await world.rows("audit_log")]
    return [action for action in found if not actions or action in actions]


@pytest.mark.parametrize(("age", "minor"), [(0, True), (13, True), (17, True), (18, False)])
def test_who_is_a_minor(age: int, minor: bool) -> None:
    """未成年人网络保护条例 36 is about everybody below eighteen (未成年人保护法 2)."""
    assert (Sensitivity.MINOR in sensitivities(age, ())) is minor


def test_what_makes_a_file_medical() -> None:
    materials = [
        {"code": "M01", "sensitive_category": "特定身份"},
        {"code": "M02", "sensitive_category": "医疗健康"},
        {"code": "M03"},
    ]
    assert medical_codes(materials) == {"M02"}
    assert sensitivities(40, ["M02"]) == {Sensitivity.MEDICAL}
    assert sensitivities(None, []) == frozenset()
    assert sensitivities(12, ["M02"]) == set(Sensitivity)


@pytest.mark.parametrize("kind", [minors, medical])
async def test_nobody_opens_such_a_file_unallowed(world: World, kind: object) -> None:
    """Not even who claimed it; nothing is shown, and supervision hears of each minute's try."""
    filed = await (minors(world) if kind is minors else medical(world))
    officer = await make.officer(world)
    await world.ctx.reviews.claim(officer, filed.case_id)
    before = await log(world)
    assert not await opened(world, officer, filed)
    with pytest.raises(ApprovalNeeded) as problem:
        await world.ctx.reviews.show(officer, filed.case_id)
    assert problem.value.facts == {"reasons": ["MINOR" if kind is minors else "MEDICAL"]}
    assert await log(world) == before
    alerts = await world.rows("monitor_alerts")
    [alert] = [each for each in alerts if each["code"] == "approval_needed"]
    assert (alert["kind"], alert["light"]) == ("OVERREACH", "RED")
    assert (alert["case_id"], alert["actor_id"]) == (filed.case_id, str(officer.id))
    world.clock.advance(timedelta(minutes=1))
    assert not await opened(world, officer, filed)
    assert len(await world.rows("monitor_alerts")) == len(alerts) + 1


async def test_an_ordinary_file_needs_no_approval(world: World) -> None:
    filed = await make.submitted(world, await make.citizen(world))
    assert await opened(world, await make.officer(world), filed)
    assert await world.rows("monitor_alerts") == []


async def test_a_file_without_its_medical_material_is_ordinary(world: World) -> None:
    filed = await medical(world)
    await Material.filter(case_id=filed.case_id, code="M06").update(
        replaced_at=world.clock.now() - timedelta(days=1)
    )
    dossier = await world.ctx.reviews.show(await make.officer(world), filed.case_id)
    assert "M06" not in {material.code for material in dossier.materials}


async def test_asked_allowed_opened_over(world: World) -> None:
    filed = await minors(world)
    officer, other = await make.officer(world), await make.officer(world)
    asked = await world.ctx.approvals.ask(officer, filed.case_id, "核对监护人材料")
    assert (await world.ctx.approvals.ask(officer, filed.case_id, "再问一次")).id == asked.id
    assert not await opened(world, officer, filed)
    boss = await supervisor(world)
    [waiting] = await world.ctx.approvals.list(boss)
    assert (waiting.id, waiting.purpose) == (asked.id, "核对监护人材料")
    given = await world.ctx.approvals.decide(boss, asked.id, granted=True, days=2)
    assert given.until == world.clock.now() + timedelta(days=2)
    assert await world.ctx.approvals.list(boss) == []
    assert await opened(world, officer, filed)
    assert not await opened(world, other, filed)
    acts = ("approval.ask", "approval.grant", "case.read")
    assert await log(world, *acts) == list(acts)
    world.clock.advance(timedelta(days=2))
    assert not await opened(world, officer, filed)


async def test_an_approval_is_for_its_case(world: World) -> None:
    first = await minors(world)
    await world.database.execute("UPDATE cases SET decided_at = now()")
    second = await minors(world)
    officer = await make.officer(world)
    asked = await world.ctx.approvals.ask(officer, first.case_id, "核对")
    await world.ctx.approvals.decide(await supervisor(world), asked.id, granted=True)
    assert await opened(world, officer, first)
    assert not await opened(world, officer, second)


async def test_a_refused_request_opens_nothing_and_stays_refused(world: World) -> None:
    filed = await minors(world)
    officer, boss = await make.officer(world), await supervisor(world)
    asked = await world.ctx.approvals.ask(officer, filed.case_id, "好奇")
    await world.ctx.approvals.decide(boss, asked.id, granted=False)
    assert not await opened(world, officer, filed)
    before = await world.rows("file_approvals")
    for answer in (True, False):
        with pytest.raises(ApprovalDecided):
            await world.ctx.approvals.decide(boss, asked.id, granted=answer)
    with pytest.raises(ApprovalUnknown):
        await world.ctx.approvals.revoke(boss, asked.id)
    assert await world.rows("file_approvals") == before
    assert (await world.ctx.approvals.ask(officer, filed.case_id, "核对")).id != asked.id


async def test_nobody_allows_themselves(world: World) -> None:
    filed = await minors(world)
    both = await make.officer(world, (Role.WINDOW, Role.SUPERVISOR))
    asked = await world.ctx.approvals.ask(both, filed.case_id, "核对")
    before = await world.rows("file_approvals")
    with pytest.raises(OwnRequest):
        await world.ctx.approvals.decide(both, asked.id, granted=True)
    with pytest.raises(OwnRequest):
        await world.ctx.approvals.allow(both, both.id, filed.item.code, "日常", 30)
    assert await world.rows("file_approvals") == before
    assert not await opened(world, both, filed)


async def test_the_head_of_the_unit_answers_and_a_colleague_does_not(world: World) -> None:
    filed = await minors(world)
    officer = await make.officer(world, unit=HOUSING)
    head = await make.officer(world, unit=HOUSING)
    elsewhere = await make.officer(world)
    await StaffMember.filter(id__in=[head.id, elsewhere.id]).update(head=True)
    colleague = await make.officer(world, unit=HOUSING)
    asked = await world.ctx.approvals.ask(officer, filed.case_id, "核对")
    for who in (colleague, elsewhere):
        assert await world.ctx.approvals.list(who) == []
        with pytest.raises(ApprovalUnknown):
            await world.ctx.approvals.decide(who, asked.id, granted=True)
    assert [each.id for each in await world.ctx.approvals.list(head)] == [asked.id]
    await world.ctx.approvals.decide(head, asked.id, granted=True)
    assert await opened(world, officer, filed)


async def test_daily_work_is_allowed_for_a_while(world: World) -> None:
    filed = await medical(world)
    officer, boss = await make.officer(world), await supervisor(world)
    given = await world.ctx.approvals.allow(boss, officer.id, filed.item.code, "日常经办", 9999)
    assert given.until == world.clock.now() + timedelta(days=183)
    assert await opened(world, officer, filed)
    await world.ctx.approvals.revoke(boss, given.id)
    assert not await opened(world, officer, filed)
    with pytest.raises(ApprovalUnknown):
        await world.ctx.approvals.revoke(boss, given.id)
    acts = ("approval.allow", "approval.revoke")
    assert await log(world, *acts) == list(acts)


async def test_only_who_handles_files_is_allowed_to(world: World) -> None:
    filed, boss = await medical(world), await supervisor(world)
    auditor = await make.officer(world, (Role.AUDITOR,))
    for member, item, problem in (
        (auditor.id, filed.item.code, MemberUnfit),
        (filed.case_id, filed.item.code, MemberUnfit),
        ((await make.officer(world)).id, "nothing", ItemUnknown),
    ):
        with pytest.raises(problem):
            await world.ctx.approvals.allow(boss, member, item, "日常", 30)
    assert await FileApproval.all().count() == 0


async def test_one_asks_for_ones_own_units_cases(world: World) -> None:
    filed = await minors(world)
    stranger = await make.officer(world, unit="北桥镇便民服务中心")
    with pytest.raises(CaseUnknown):
        await world.ctx.approvals.ask(stranger, filed.case_id, "核对")
    assert await FileApproval.all().count() == 0
