"""What the tests of joint cases share: one item of two departments, filed and moved along."""

from collections.abc import Sequence
from copy import deepcopy
from typing import Any
from uuid import UUID, uuid4

from models.case import Case
from models.item import Item
from models.material import Material
from models.rules.events import Role
from models.rules.reasons import DefectReason, Verdict
from services.actors import Citizen, Officer
from services.corrections import Point
from services.events import Decision
from services.materials import PURPOSE
from services.seeding import catalogue
from tests import make
from tests.make import Filed
from tests.services import stages
from tests.world import World

FOREST, ROAD = "ITEM05", "ITEM10"
CODE = "11511499MB900004XT400016490400099"
# What the road department calls by a number that the forest department has another paper for.
ROAD_NAMES = {"M02": "R02", "M03": "R03", "M04": "R04", "M05": "R05", "M06": "R06"}


def body() -> dict[str, Any]:
    """Return a joint item: cutting trees beside a road and digging it up, in one filing."""
    found = {item["id"]: item for item in catalogue()}
    forest, road = found[FOREST], found[ROAD]
    joined: dict[str, Any] = deepcopy(dict(forest))
    joined |= {
        "id": "JOINT",
        "code": CODE,
        "name": "道路施工一件事",
        "handling_item_code": CODE,
        "case_type": "联办件",
        "exemption_rules": [],
        "joint_items": [
            {"code": forest["code"]},
            {"code": road["code"], "materials": ROAD_NAMES},
        ],
    }
    joined["flags"]["joint_departments"] = ["林业", "住房和城乡建设"]
    joined["limits"]["statutory"]["value"] = 45
    schema = joined["form_schema"]
    schema["properties"] |= deepcopy(road["form_schema"]["properties"])
    schema["required"] = [*schema["required"], *road["form_schema"]["required"]]
    joined["materials"] += [
        {**deepcopy(each), "code": ROAD_NAMES[each["code"]]}
        for each in road["materials"]
        if each["code"] in ROAD_NAMES
    ]
    return joined


async def drafted(
    world: World, who: Citizen, *, without: Sequence[str] = (), later: Sequence[str] = ()
) -> Filed:
    """Return a complete draft of the joint item, but for the materials named.

    ``later``: materials that the joint item itself, at least, lets come later.
    """
    joined = body()
    for each in joined["materials"]:
        if each["code"] in later:
            each |= {"core": False, "shortfall_allowed": True}
    await world.ctx.items.publish(joined)
    opened = (await world.ctx.cases.open_draft(who, CODE, another=True)).opened
    for name, value in {**make.FORMS[FOREST], **make.FORMS[ROAD]}.items():
        opened = await world.ctx.cases.put_field(who, opened.case.id, name, value)
    wanted = await world.ctx.cases.requirements(opened)
    codes = [each.code for each in wanted if each.required and each.upload]
    await Material.bulk_create(
        [await scan(world, opened.case.id, code) for code in codes if code not in without]
    )
    return Filed(who, opened.case.id, await Item.get(code=CODE), codes=codes)


async def scan(world: World, case_id: UUID, code: str) -> Material:
    """Return a material that is a row only: nothing here opens its file."""
    digest = await make.registered()
    return Material(
        case_id=case_id,
        code=code,
        no=1,
        name_sealed=world.ctx.materials.crypto.seal(b"scan.jpg", PURPOSE),
        original_key=digest,
        sha256=digest,
        mime="image/jpeg",
        size=1,
        working_key=digest,
        working_sha256=digest,
        working_mime="image/jpeg",
        working_size=1,
        pages=1,
        created_at=world.clock.now(),
    )


async def submitted(world: World) -> tuple[Filed, Filed, Filed]:
    """Return a joint case and its two children, of the forest and of the road department."""
    filed = await drafted(world, await make.citizen(world))
    await world.ctx.submissions.submit(filed.citizen, filed.case_id, uuid4().hex)
    children = await Case.filter(parent_id=filed.case_id).select_related("item")
    found = {child.item.name: await _child(world, filed.citizen, child) for child in children}
    forest = next(child for name, child in found.items() if "林木" in name)
    road = next(child for name, child in found.items() if "道路" in name)
    return filed, forest, road


async def _child(world: World, who: Citizen, child: Case) -> Filed:
    opened = await world.ctx.cases.get(who, child.id)
    wanted = await world.ctx.cases.requirements(opened)
    codes = [each.code for each in wanted if each.required and each.upload]
    return Filed(who, child.id, await Item.get(id=child.item_id), codes=codes)


async def review(world: World, child: Filed, *failing: str) -> None:
    """Review a child: accept it, or tell its applicant what failed."""
    officer = child.officer = child.officer or await make.officer(
        world, (Role.WINDOW, Role.DEPT), item=child
    )
    await world.ctx.reviews.claim(officer, child.case_id)
    for code in child.codes:
        word = Verdict.FAIL if code in failing else Verdict.PASS
        why = DefectReason.BLURRED.value if code in failing else None
        await world.ctx.reviews.put_verdict(officer, child.case_id, code, word, why)
    if failing:
        points = [Point(code, False, DefectReason.BLURRED, "请重新拍照。") for code in failing]
        await world.ctx.reviews.issue_correction(officer, child.case_id, points, "请补正。")
    else:
        await world.ctx.reviews.accept(officer, child.case_id)
    await follow(world)


async def decide(world: World, child: Filed, decision: Decision) -> None:
    """Let the child's back-office decide."""
    await stages.decided(world, child, decision)
    await follow(world)


async def pick_up(world: World, child: Filed, officer: Officer) -> None:
    """Hand the child's result out."""
    code = (await world.ctx.deliveries.show(child.citizen, child.case_id)).pickup_code
    await world.ctx.deliveries.pick_up(officer, child.case_id, str(code))
    await follow(world)


async def follow(world: World) -> None:
    """Let parents follow their children."""
    while await stages.do(world, "joint.roll_up"):
        pass


async def trail(filed: Filed) -> list[str]:
    """Return the rows that a case has taken."""
    case = await filed.case()
    await case.fetch_related("events")
    return [event.row for event in sorted(case.events, key=lambda each: each.seq)]
