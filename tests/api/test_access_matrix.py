"""Who may touch whose things: every route that names a case, a file, a notice, a mandate.

The router says which routes there are; a route without a row here fails. After all refusals the
rows are as they were.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import aiohttp

from api.app import all_routes
from api.auth import CITIZEN, STAFF
from api.openapi import template_of
from models.handoff import HandoffPackage
from models.item import Item
from models.mandate import Mandate
from models.material import Material
from models.notice import Notice
from models.rules.events import Role
from models.rules.mandates import Act
from models.staff import OrgUnit, Window
from services.actors import Citizen
from services.uploads import NewUpload
from tests import make
from tests.api import tokens
from tests.make import Filed
from tests.services import mandating, refunding, stages, waiving
from tests.services.mandating import offer, taken
from tests.uploading import PART
from tests.world import World

MINE = ("case_id", "material_id", "notice_id", "upload_id", "entry_id")
FILE = b"\xff\xd8\xff\xe0" + bytes(64)
FORM = object()  # a part "file" of a form
NAMED = {"name": "陈明", "id_number": "511499199005236051"}
DIGEST = "0" * 64
GIVEN = {"agreed": False}
POINT = "/materials/<material_id>/findings/<code>/<page>"

# What an agent needs for each citizen's route about a case, and a body that is well made.
CASE: Mapping[tuple[str, str], tuple[Act, Any]] = {
    ("GET", ""): (Act.READ, None),
    ("DELETE", ""): (Act.FILL, None),
    ("POST", "/renew"): (Act.FILL, None),
    ("PUT", "/form/<field>"): (Act.FILL, {"value": None}),
    ("GET", "/privacy-notice"): (Act.READ, None),
    ("GET", "/materials"): (Act.READ, None),
    ("POST", "/materials/<code>"): (Act.FILL, FORM),
    ("PUT", "/materials/<code>"): (Act.FILL, FILE),
    ("DELETE", "/materials/<code>"): (Act.FILL, None),
    ("POST", "/materials/<code>/reuse"): (Act.FILL, {"material_id": str(UUID(int=7))}),
    ("POST", "/materials/<code>/certificate"): (Act.FILL, {"number": None}),
    ("GET", "/suggestions"): (Act.READ, None),
    ("POST", "/suggestions/<field>"): (Act.FILL, None),
    ("PUT", "/materials/<code>/pages"): (Act.FILL, {"pages": [str(uuid4())]}),
    ("POST", "/submit"): (Act.SUBMIT, None),
    ("POST", "/resubmit"): (Act.SUBMIT, None),
    ("POST", "/withdraw"): (Act.SUBMIT, None),
    ("GET", "/co-applicants"): (Act.READ, None),
    ("POST", "/co-applicants"): (Act.FILL, {**NAMED, "role": "卖方"}),
    ("DELETE", "/co-applicants/<party_id>"): (Act.FILL, None),
    ("POST", "/withdrawal-request"): (Act.SUBMIT, None),
    ("DELETE", "/withdrawal-request"): (Act.SUBMIT, None),
    ("GET", "/children"): (Act.VIEW, None),
    ("GET", "/inquiries"): (Act.READ, None),
    ("POST", "/inquiries/<inquiry_id>/answer"): (Act.SUBMIT, {"text": "已说明"}),
    ("GET", "/progress"): (Act.VIEW, None),
    ("GET", "/deadlines"): (Act.VIEW, None),
    ("GET", "/payment"): (Act.VIEW, None),
    ("POST", "/payment"): (Act.PAY, None),
    ("POST", "/payment/check"): (Act.VIEW, None),
    ("POST", "/payment/waiver"): (Act.PAY, {"ground": "残疾人"}),
    ("DELETE", "/payment/waiver"): (Act.PAY, None),
    ("GET", "/refunds"): (Act.VIEW, None),
    ("POST", "/refunds"): (Act.PAY, {"reason": "多缴了费用"}),
    ("GET", "/delivery"): (Act.VIEW, None),
    ("PUT", "/delivery"): (Act.RECEIVE, {"method": "WINDOW"}),
    ("GET", "/result"): (Act.RECEIVE, None),
    ("GET", "/originals"): (Act.VIEW, None),
    ("POST", "/ratings"): (Act.RATE, {"stage": "ACCEPT", "stars": 5}),
    ("GET", "/notices"): (Act.VIEW, None),
    ("GET", "/service-consent"): (Act.VIEW, None),
    ("PUT", "/service-consent"): (Act.RECEIVE, GIVEN),
    ("GET", "/shortfall"): (Act.READ, None),
    ("POST", "/shortfall/promise"): (
        Act.SIGN,
        {"items": [{"code": "M01", "due_on": "2026-03-09"}]},
    ),
    ("GET", "/commitment"): (Act.READ, None),
    ("POST", "/commitment"): (Act.SIGN, {"digest": DIGEST}),
    ("DELETE", "/commitment"): (Act.SIGN, None),
    ("POST", "/inline-fix"): (Act.FILL, None),
}
# Only who is named in the thing itself, whatever mandates there are.
OWN: Mapping[tuple[str, str], Any] = {
    ("POST", "/v1/cases/<case_id>/signature"): None,
    ("GET", "/v1/materials/<material_id>/content"): None,
    ("GET", "/v1/materials/<material_id>/thumbnail"): None,
    ("POST", f"/v1{POINT}/insistence"): None,
    ("POST", f"/v1{POINT}/second-look"): {"reason": "证件就是这样"},
    ("GET", "/v1/materials/<material_id>/pages"): None,
    ("GET", "/v1/materials/<material_id>/pages/<no>/content"): None,
    ("GET", "/v1/materials/<material_id>/pages/<no>/thumbnail"): None,
    ("GET", "/v1/uploads/<upload_id>"): None,
    ("HEAD", "/v1/uploads/<upload_id>"): None,
    ("PATCH", "/v1/uploads/<upload_id>"): FILE,
    ("POST", "/v1/uploads/<upload_id>"): FILE,
    ("DELETE", "/v1/uploads/<upload_id>"): None,
    ("GET", "/v1/notices/<notice_id>"): None,
    ("GET", "/v1/notices/<notice_id>/file"): None,
    ("POST", "/v1/notices/<notice_id>/read"): None,
    ("POST", "/v1/mandates/<mandate_id>/take"): None,
    ("POST", "/v1/mandates/<mandate_id>/decline"): None,
    ("DELETE", "/v1/mandates/<mandate_id>"): None,
    ("PUT", "/v1/mandates/<mandate_id>/proof"): FILE,
    ("DELETE", "/v1/me/sessions/<session_id>"): None,
    ("DELETE", "/v1/me/ways/<way_id>"): None,
    ("DELETE", "/v1/me/materials/<entry_id>"): None,
    ("GET", "/v1/me/materials/<entry_id>/content"): None,
    ("POST", "/v1/me/face-checks/<check_id>/outcome"): None,
    ("POST", "/v1/me/joins/<offer_id>"): None,
    ("GET", "/v1/me/requests/<request_id>"): None,
    ("GET", "/v1/me/requests/<request_id>/export"): None,
    ("POST", "/v1/credit-events/<event_id>/objection"): {"text": "不是我的行为"},
}
WORD = {"opinion": "已经核实"}
# Of the staff's routes about a case: a body that is well made.
DESK: Mapping[tuple[str, str], Any] = {
    ("GET", ""): None,
    ("GET", "/deadlines"): None,
    ("POST", "/post-handover"): None,
    ("POST", "/pickup"): {"code": "123456"},
    ("POST", "/receipt-transfer"): None,
    ("GET", "/originals"): None,
    ("POST", "/originals"): {
        "outcome": "PASS",
        "identity_matched": True,
        "items": [{"code": "M01", "finding": "TRUE"}],
    },
    ("POST", "/originals/arrival"): {},
    ("POST", "/originals/<check_id>/confirm"): WORD,
    ("POST", "/originals/<check_id>/dismiss"): WORD,
    ("GET", "/notices"): None,
    ("POST", "/claim"): None,
    ("PUT", "/verdicts/<code>"): {"verdict": "PASS"},
    ("POST", "/approvals"): {"purpose": "核对材料"},
    ("POST", "/refunds"): {"reason": "核对后多收"},
    ("POST", "/reveal"): {"field": "applicant.phone", "purpose": "CONTACT"},
    ("POST", "/accept"): None,
    ("POST", "/refuse"): {
        "reason_code": "PERMIT_NOT_REQUIRED",
        "explanation": "依法不需要取得许可,不予受理。",
    },
    ("POST", "/paper-received"): None,
    ("POST", "/correction"): {
        "opinion": "请补正。",
        "items": [
            {
                "material_code": "M01",
                "reason_code": "BLURRED",
                "requirement": "重新拍清楚",
            }
        ],
    },
    ("POST", "/paper-defect"): {
        "opinion": "请补正。",
        "items": [
            {
                "material_code": "M01",
                "reason_code": "BLURRED",
                "requirement": "带原件来",
            }
        ],
    },
    ("POST", "/shortfall"): {"codes": ["M01"]},
    ("PUT", "/shortfall/<code>"): {"confirmed": True},
    ("POST", "/inline-fix"): {"fields": ["area_m2"]},
    ("POST", "/materials/<code>/original-seen"): None,
    ("GET", "/materials/<code>/versions"): None,
    ("POST", "/events"): {
        "type": "review_started",
        "occurred_at": "2026-03-02T09:10:00+08:00",
        "payload": {},
    },
}
THINGS: Mapping[tuple[str, str], Any] = {
    ("GET", "/staff/v1/materials/<material_id>/content"): None,
    ("POST", f"/staff/v1{POINT}/decision"): {"overrule": True, "reason": "看得清"},
    ("GET", "/staff/v1/materials/<material_id>/pages"): None,
    ("GET", "/staff/v1/materials/<material_id>/pages/<no>/content"): None,
    ("GET", "/staff/v1/notices/<notice_id>/file"): None,
    ("GET", "/staff/v1/refunds/<refund_id>"): None,
    ("POST", "/staff/v1/refunds/<refund_id>/approve"): None,
    ("POST", "/staff/v1/refunds/<refund_id>/refuse"): {"reason": "没有多收"},
    ("POST", "/staff/v1/refunds/<refund_id>/retry"): None,
    ("POST", "/staff/v1/waivers/<waiver_id>/grant"): None,
    ("POST", "/staff/v1/waivers/<waiver_id>/refuse"): {"reason": "证件已经过期"},
    ("POST", "/staff/v1/refunds/<refund_id>/reissue"): None,
    ("PUT", "/staff/v1/notices/<notice_id>/service"): {"via": "WINDOW"},
    ("GET", "/staff/v1/reentry/<package_id>"): None,
    ("POST", "/staff/v1/reentry/<package_id>/keyed"): {"receipt_code": "x", "external_no": "1"},
}
# The county's hall looks at signatures for all its townships.
ANY_DESK = {
    ("GET", "/staff/v1/mandates/<mandate_id>/proof"),
    ("POST", "/staff/v1/mandates/<mandate_id>/judge"),
}
CASES, STAFF_CASES = "/v1/cases/<case_id>", "/staff/v1/cases/<case_id>"
TABLES = (
    *("cases", "case_events", "case_forms", "materials", "notices", "mandates", "co_applicants"),
    *("ratings", "deliveries", "payment_orders", "signed_promises", "service_consents"),
    *("withdrawals", "verdicts", "corrections", "handoff_packages", "original_checks"),
    *("uploads", "upload_parts", "material_pages"),
    *("vault_entries", "certificate_queries", "refunds"),
    *("fees", "fee_waivers"),
)
TUS = {**PART, "Upload-Offset": "0", "X-HTTP-Method-Override": "PATCH"}


@dataclass(frozen=True)
class Things:
    """What belongs to 王建国, by the names of the routes' parameters."""

    filed: Filed
    ids: Mapping[str, object]

    def address(self, template: str) -> str:
        for name, value in self.ids.items():
            template = template.replace(f"<{name}>", str(value))
        assert "<" not in template, template
        return template


async def things(world: World) -> Things:
    """Return a case with package, notices and files, and what else has an id."""
    wang = await make.citizen(world)
    filed = await make.accepted(world, wang)
    await stages.do(world, "notice.issue")
    material = await Material.filter(case_id=filed.case_id).first()
    notice = await Notice.filter(case_id=filed.case_id).exclude(digest=None).first()
    package = await HandoffPackage.get(case_id=filed.case_id)
    assert material is not None
    assert notice is not None
    mandate = await mandating.given(world, wang, offer(world, mandating.CHEN_MING))
    ids: dict[str, object] = {
        "case_id": filed.case_id,
        "material_id": material.id,
        "notice_id": notice.id,
        "mandate_id": mandate.id,
        "session_id": wang.session_id,
        "entry_id": material.id,
        "refund_id": (await refunding.asked_for(filed)).id,
        "waiver_id": (await waiving.asked_for(filed)).id,
        "code": material.code,
        "field": "area_m2",
        "page": 1,
        "upload_id": (await world.ctx.uploads.begin(wang, NewUpload(100))).id,
        "no": 1,
        "package_id": package.id,
    }
    others = ("party_id", "inquiry_id", "check_id", "way_id", "offer_id", "request_id", "event_id")
    return Things(filed, {**ids, **{name: uuid4() for name in others}})


async def state(world: World) -> list[object]:
    return [await world.rows(table) for table in TABLES]


async def ask(world: World, method: str, path: str, body: Any, token: str) -> tuple[int, str]:
    """Return the status and the code of an answer, if it has one."""
    more: dict[str, Any] = {"data": body} if isinstance(body, bytes) else {"json": body}
    if body is FORM:
        form = aiohttp.FormData()
        form.add_field("file", FILE, filename="a.jpg", content_type="image/jpeg")
        more = {"data": form}
    if body is None:
        more = {}
    if "/uploads/" in path:
        more["headers"] = TUS
    answer = await world.http.request(method, path, token=token, key=uuid4().hex, **more)
    assert answer.status < 500, (method, path, answer.body)
    is_problem = answer.headers.get("content-type", "").startswith("application/problem")
    told = is_problem and method != "HEAD"
    return answer.status, str(answer.json["code"]) if told else ""


def citizen_routes() -> dict[tuple[str, str], tuple[Act | None, Any]]:
    """Return every citizen's route that names a thing, with what it needs and its body."""
    rows: dict[tuple[str, str], tuple[Act | None, Any]] = {
        **{(method, CASES + path): row for (method, path), row in CASE.items()},
        **{key: (None, body) for key, body in OWN.items()},
    }
    wanted = {
        (route.method, template_of(route.path))
        for route in all_routes()
        if route.surface is CITIZEN and ":uuid>" in route.path
    }
    assert wanted == set(rows)
    return rows


async def unrelated(world: World, owner: Citizen) -> dict[str, Citizen]:
    """Return people who have nothing to do with the owner's things any more, or never had."""
    li = await make.citizen(world, make.LI)
    ended = await taken(world, owner, li, offer(world, acts=mandating.WORK))
    await world.ctx.mandates.end(owner, ended.id)
    chen = await make.citizen(world, mandating.CHEN)
    item = await make.item_code("ITEM09")
    await taken(world, owner, chen, offer(world, mandating.CHEN_MING, item=item))
    zhang = await make.citizen(world, mandating.ZHANG)
    await taken(world, owner, zhang, offer(world, mandating.GRANDMOTHER, days=1))
    # A seat in the owner's firm opens nothing of the owner's own.
    shop = (await mandating.bound(world, owner, mandating.BARBER)).account_id
    seat = offer(world, mandating.LI, [*mandating.WORK, Act.RECEIVE, Act.PAY, Act.RATE])
    await taken(world, owner, li, seat, shop)
    return {"ended, and operator": li, "of another item": chen, "expired": zhang}


async def test_strangers_find_nothing(world: World) -> None:
    mine = await things(world)
    owner = mine.filed.citizen
    people = await unrelated(world, owner)
    world.clock.advance(timedelta(days=1, minutes=1))
    callers = {name: make.token(world, who) for name, who in people.items()}
    before = await state(world)
    for (method, template), (_, body) in citizen_routes().items():
        if "<mandate_id>" in template:
            continue
        for name, token in callers.items():
            found = await ask(world, method, mine.address(template), body, token)
            where = (name, method, template)
            # Ending a session that is not one's own is success without effect.
            if "sessions" in template:
                assert found[0] in (204, 404), where
                continue
            assert found[0] == 404, (where, found)
            # The same answer as for what there is not.
            nothing = Things(mine.filed, {**mine.ids, **dict.fromkeys(MINE, uuid4())})
            assert await ask(world, method, nothing.address(template), body, token) == found, where
    assert await state(world) == before
    still = await ask(world, "GET", "/v1/me", None, make.token(world, owner))
    assert still == (200, "")


async def test_nobody_answers_for_a_mandate_but_its_two(world: World) -> None:
    mine = await things(world)
    li = make.token(world, await make.citizen(world, make.LI))
    before = await world.rows("mandates")
    for (method, template), (_, body) in citizen_routes().items():
        if "<mandate_id>" in template:
            found = await ask(world, method, mine.address(template), body, li)
            assert found == (404, "mandate_unknown"), (method, template)
    assert await world.rows("mandates") == before


async def test_an_agent_does_what_was_given_and_nothing_else(world: World) -> None:
    """Each route, by an agent who was given every act but the one it needs."""
    mine = await things(world)
    owner = mine.filed.citizen
    li = await make.citizen(world, make.LI)
    token = make.token(world, li)
    acts = {Act.FILL, Act.SUBMIT, Act.SIGN, Act.PAY, Act.RECEIVE, Act.RATE}
    working = {Act.FILL, Act.SUBMIT, Act.SIGN}
    mandate = await taken(world, owner, li, offer(world, acts=[Act.RATE]))
    before = await state(world)
    for (method, template), (need, body) in citizen_routes().items():
        if need is None:
            continue
        without = acts - (working if need is Act.READ else {need})
        await Mandate.filter(id=mandate.id).update(acts=sorted(without))
        status, code = await ask(world, method, mine.address(template), body, token)
        if need is Act.VIEW:
            assert status not in (401, 403, 404), (method, template, code)
        else:
            assert (status, code) == (403, "act_not_granted"), (method, template)
    await Mandate.filter(id=mandate.id).update(acts=["RATE"])
    assert await state(world) == before


def staff_routes() -> dict[tuple[str, str], Any]:
    """Return every route of window and department that names a thing, with its body."""
    rows = {(method, STAFF_CASES + path): body for (method, path), body in DESK.items()}
    rows |= THINGS
    wanted = {
        (route.method, template_of(route.path))
        for route in all_routes()
        if route.surface is STAFF and ":uuid>" in route.path
    }
    assert wanted == set(rows) | ANY_DESK
    return rows


async def test_another_units_staff_find_nothing(world: World) -> None:
    mine = await things(world)
    township = await OrgUnit.filter(kind="TOWNSHIP").order_by("id").first()
    assert township is not None
    assert await Window.exists(unit_id=township.id)
    other = await make.item_code("ITEM01")
    officers = {
        "department": await make.officer(world, (Role.DEPT,), item="ITEM01"),
        "township": await make.officer(world, (Role.WINDOW,), unit=township.name),
    }
    assert mine.filed.item.code != other
    tables = [table for table in TABLES if table != "mandates"]
    before = [await world.rows(table) for table in tables]
    for (method, template), body in staff_routes().items():
        for name, officer in officers.items():
            token = tokens.of_staff(world, officer)
            found = await ask(world, method, mine.address(template), body, token)
            assert found[0] == 404, (name, method, template, found)
    assert [await world.rows(table) for table in tables] == before


async def test_another_agencys_system_finds_nothing(world: World) -> None:
    mine = await things(world)
    package = await HandoffPackage.get(case_id=mine.filed.case_id)
    case = await mine.filed.case()
    other = await Item.get(code=await make.item_code("ITEM01"))
    machine = await make.machine(world, other.agency_uscc)
    assert machine.agency_uscc != mine.filed.item.agency_uscc
    token = tokens.of_machine(world, machine)
    proof = {"lease_token": str(UUID(int=1)), "digest": DIGEST, "receipt_code": "x"}
    number, packed = case.case_no, f"/backoffice/v1/packages/{package.id}"
    event: dict[str, Any] = {
        "event_id": uuid4().hex,
        "case_no": number,
        "seq": 1,
        "type": "review_started",
        "occurred_at": world.clock.now().isoformat(),
        "payload": {},
    }
    declared = {
        "sha256": DIGEST,
        "number": "1",
        "holder_name": "王建国",
        "holder_id_sha256": DIGEST,
        "issuing_agency": "示例县住房和城乡建设局",
        "valid_from": "2026-03-02",
    }
    before = await state(world)
    named = {
        (route.method, template_of(route.path))
        for route in all_routes()
        if route.surface.scope and "<" in route.path
    }
    assert named == {
        ("POST", "/backoffice/v1/packages/<package_id>/ack"),
        ("POST", "/backoffice/v1/packages/<package_id>/extend"),
        ("POST", "/backoffice/v1/packages/<package_id>/return"),
        ("GET", "/backoffice/v1/packages/<package_id>/body"),
        ("GET", "/backoffice/v1/packages/<package_id>/materials/<material_id>/pages/<no>"),
        ("GET", "/backoffice/v1/packages/<package_id>/materials/<material_id>"),
        ("GET", "/backoffice/v1/cases/<case_no>/deadlines"),
        ("PUT", "/backoffice/v1/cases/<case_no>/result"),
        ("GET", "/backoffice/v1/events/<event_id>"),
        ("POST", "/backoffice/v1/cases/<case_no>/results"),
    }
    for method, path, body in (
        ("POST", f"{packed}/ack", proof),
        ("POST", f"{packed}/extend", {"lease_token": "x"}),
        ("POST", f"{packed}/return", {"lease_token": "x", "code": "OTHER"}),
        ("GET", f"{packed}/body", None),
        ("GET", f"{packed}/materials/{mine.ids['material_id']}/pages/1", None),
        ("GET", f"{packed}/materials/{mine.ids['material_id']}", None),
        ("GET", f"/backoffice/v1/cases/{number}/deadlines", None),
        ("PUT", f"/backoffice/v1/cases/{number}/result", make.pdf()),
        ("POST", f"/backoffice/v1/cases/{number}/results", declared),
        ("POST", "/backoffice/v1/events", event),
    ):
        assert (await ask(world, method, path, body, token))[0] == 404, path
    leased = await world.http.post(
        "/backoffice/v1/packages/lease", token=token, json={"limit": 50, "seconds": 60}
    )
    assert leased.json["packages"] == []
    assert await state(world) == before
