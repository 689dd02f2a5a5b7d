"""Packages: the published schema holds, the bytes are fixed, nothing lies open at rest."""

import hashlib
import json
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from models.case import Case
from models.handoff import HandoffPackage
from models.material import Material
from models.rules.events import Event, Role
from models.rules.states import State
from models.unit import run_in_transaction
from services.materials import MaterialUnknown
from services.packages import PURPOSE, SCHEMAS, canonical
from services.transitions import HAND_OVER_END
from tests import make
from tests.make import Filed
from tests.services import stages
from tests.services.reviewing import judge, reviewer, second_round, supply
from tests.services.timing import step
from tests.world import World

VALIDATOR = Draft202012Validator(
    json.loads(SCHEMAS["3"]), format_checker=Draft202012Validator.FORMAT_CHECKER
)


async def leased(world: World, filed: Filed) -> tuple[bytes, dict[str, Any]]:
    """Return the case's package as its agency gets it: the bytes, and what they say."""
    machine = await make.machine(world, filed.item.agency_uscc)
    lease = await world.ctx.handoff.lease(machine, limit=50, seconds=60)
    number = (await filed.case()).case_no
    [body] = [package.body for package in lease.packages if package.case_no == number]
    return body.encode(), json.loads(body)


def test_the_schema_refuses_what_it_does_not_name() -> None:
    Draft202012Validator.check_schema(json.loads(SCHEMAS["3"]))
    wrongs: list[Any] = [{}, {"schema": "3"}, []]
    for wrong in wrongs:
        with pytest.raises(ValidationError):
            VALIDATOR.validate(wrong)


def test_canonical_bytes_are_sorted_and_without_blanks() -> None:
    assert canonical({"b": [1, {"d": "挖", "c": None}], "a": 2.5}) == (
        '{"a":2.5,"b":[1,{"c":null,"d":"挖"}]}'.encode()
    )
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical({"a": float("nan")})


async def test_a_package_says_what_the_schema_promises(world: World) -> None:
    who = await make.citizen(world)
    filed = await make.claimed(world, who)
    await second_round(world, filed, "M04")
    await judge(world, filed)
    await world.ctx.reviews.accept(reviewer(filed), filed.case_id)
    content, body = await leased(world, filed)
    VALIDATOR.validate(body)
    case, person = await filed.case(), await make.person(world)
    assert content == canonical(body)
    assert body["case_no"] == case.case_no
    assert body["form"] == make.FORMS["ITEM10"]
    assert body["agency"] == {
        "name": "示例县住房和城乡建设局",
        "uscc": "11511499MB9000082B",
    }
    assert body["applicant"] == {
        "type": "NATURAL_PERSON",
        "name": person["name"],
        "id_type": "RESIDENT_ID",
        "id_number": person["id_number"],
        "phone": None,
    }
    found = await Material.filter(case_id=filed.case_id, replaced_at=None).order_by("code")
    assert [(m["code"], m["no"], m["sha256"], m["size"]) for m in body["materials"]] == [
        (m.code, m.no, m.sha256, m.size) for m in found
    ]
    assert [m["no"] for m in body["materials"]] == [1, 1, 2, 1, 1]
    assert {m["verdict"] for m in body["materials"]} == {"PASS"}
    [correction] = body["corrections"]
    assert [point["material_code"] for point in correction["items"]] == ["M04"]
    assert datetime.fromisoformat(body["times"]["accepted_at"]) == case.accepted_at
    # Accepted on Monday 2026-03-02: 5 working days end with Monday the 9th, in China.
    assert datetime.fromisoformat(body["clocks"]["promised_due_at"]).isoformat() == (
        "2026-03-09T16:00:00+00:00"
    )
    assert body["payment"] == {
        "status": "NOT_REQUIRED",
        "amount_fen": None,
        "fees": [],
        "settled": [],
        "refunds": [],
        "waived": False,
    }


async def test_a_fee_after_acceptance_is_told_in_the_package(world: World) -> None:
    filed = await make.accepted(world, await make.citizen(world), "ITEM09")
    await world.ctx.reviews.paper_received(await make.officer(world), filed.case_id)
    _, body = await leased(world, filed)
    VALIDATOR.validate(body)
    assert (body["payment"]["status"], body["payment"]["amount_fen"]) == ("UNPAID", 8000)
    [fee] = body["payment"]["fees"]
    assert (fee["amount_fen"], fee["settled_at"]) == (8000, None)


async def test_what_is_not_asked_for_is_not_handed_over(world: World) -> None:
    """ITEM05 asks for M06 above 15 cubic metres only; here are 12."""
    filed = await make.draft(world, await make.citizen(world), "ITEM05")
    await supply(world, filed, "M06")
    await world.ctx.submissions.submit(filed.citizen, filed.case_id, "submit-of-12-m3")
    filed.officer = await make.officer(world)
    await world.ctx.reviews.claim(reviewer(filed), filed.case_id)
    await judge(world, filed)
    await world.ctx.reviews.accept(reviewer(filed), filed.case_id)
    _, body = await leased(world, filed)
    assert [m["code"] for m in body["materials"]] == ["M02", "M03", "M05"]


async def test_the_digests_are_of_the_bytes_and_of_the_code_inside(world: World) -> None:
    filed = await make.accepted(world, await make.citizen(world))
    content, body = await leased(world, filed)
    row = await HandoffPackage.get(case_id=filed.case_id)
    assert row.digest == hashlib.sha256(content).hexdigest()
    code = body["receipt_code"]
    assert row.receipt_digest == hashlib.sha256(code.encode()).hexdigest()
    assert body["package_id"] == str(row.id)


async def test_a_package_at_rest_is_sealed(world: World) -> None:
    """Promise 7."""
    filed = await make.accepted(world, await make.citizen(world))
    _, body = await leased(world, filed)
    row = bytes((await HandoffPackage.get(case_id=filed.case_id)).sealed)
    for secret in (
        body["receipt_code"],
        body["applicant"]["name"],
        body["applicant"]["id_number"],
        body["form"]["road_section"],
    ):
        assert secret.encode() not in row


FOLLOWING = Draft202012Validator(
    json.loads(SCHEMAS["3"]), format_checker=Draft202012Validator.FORMAT_CHECKER
)


async def supplement(world: World, filed: Filed) -> dict[str, Any]:
    """Make a supplement of an accepted case; return what it says."""

    async def make_it() -> HandoffPackage:
        case = await Case.filter(id=filed.case_id).select_for_update().get()
        item = await world.ctx.items.version(case.item_version_id)
        return await world.ctx.withdrawals.packages.create(case, item, "SUPPLEMENT")

    row = await run_in_transaction(make_it)
    content = world.ctx.handoff.crypto.open(row.sealed, PURPOSE)
    assert row.digest == hashlib.sha256(content).hexdigest()
    body: dict[str, Any] = json.loads(content)
    FOLLOWING.validate(body)
    return body


async def test_a_supplement_lists_only_what_is_new(world: World) -> None:
    """容缺: M05 was promised and came after the acceptance; the rest was handed over before."""
    filed = await make.accepted(world, await make.citizen(world))
    late = await Material.get(case_id=filed.case_id, code="M05", replaced_at=None)
    [values] = await Material.filter(id=late.id).values()
    await Material.filter(id=late.id).update(replaced_at=world.clock.now())
    new = await Material.create(**{**values, "id": uuid4(), "no": 2, "sha256": "0" * 64})
    await Case.filter(id=filed.case_id).update(shortfall_status="FULFILLED")
    body = await supplement(world, filed)
    assert [each["id"] for each in body["materials"]] == [str(new.id)]
    assert (body["seq"], body["kind"], body["shortfall_status"]) == (2, "SUPPLEMENT", "FULFILLED")
    # The next one has nothing new any more.
    assert (await supplement(world, filed))["materials"] == []


async def test_a_material_of_a_supplement_is_fetched_through_it(world: World) -> None:
    filed = await make.accepted(world, await make.citizen(world))
    old = await Material.get(case_id=filed.case_id, code="M05", replaced_at=None)
    machine = await make.machine(world, filed.item.agency_uscc)
    body = await supplement(world, filed)
    with pytest.raises(MaterialUnknown):
        await world.ctx.materials.open_for_machine(machine, UUID(body["package_id"]), old.id)


@pytest.mark.parametrize(
    ("event", "before", "role", "state"),
    [
        (Event.SHORTFALL_TIMEOUT, State.UNDER_REVIEW, Role.SYSTEM, "WITHDRAWN_DEEMED"),  # T26
        (Event.SHORTFALL_TIMEOUT_TERMINATE, State.ACCEPTED, Role.SYSTEM, "TERMINATED"),  # T27
        (Event.ORIGINALS_TIMEOUT, State.ORIGINALS_SUPPLEMENT, Role.SYSTEM, "TERMINATED"),  # T40
        (Event.IDENTITY_MISMATCH_OR_FALSE, State.ORIGINALS_CHECK, Role.DEPT, "TERMINATED"),  # T41
        (Event.ORIGINALS_NO_SHOW, State.ORIGINALS_CHECK, Role.SYSTEM, "TERMINATED"),  # T50
    ],
)
async def test_an_end_that_is_not_the_back_offices_is_told_to_it(
    world: World, event: Event, before: State, role: Role, state: str
) -> None:
    filed = await stages.reviewed(world)
    machine = await make.machine(world, filed.item.agency_uscc)
    await stages.taken_over(world, machine, filed)
    await step(world, filed, event, role, before=before, data={"text": "到期没有补齐。"})
    assert await stages.do(world, HAND_OVER_END) == 1
    body = await stages.taken_over(world, machine, filed)
    FOLLOWING.validate(body)
    assert (body["seq"], body["kind"], body["materials"]) == (2, "ENDED", [])
    case = await filed.case()
    assert body["ended"] == {
        "state": state,
        "reason": "到期没有补齐。",
        "at": case.updated_at.isoformat(),
    }
    # The job again makes no second package.
    payload = {"case_id": str(filed.case_id), "seq": case.version}
    await world.parts.handlers[HAND_OVER_END](payload)
    assert await HandoffPackage.filter(case_id=filed.case_id).count() == 2


async def test_an_end_of_its_own_is_not_told_to_the_back_office(world: World) -> None:
    filed = await stages.reviewed(world)
    await step(world, filed, Event.WITHDRAW_CONFIRMED, Role.BACKOFFICE)  # T47
    early = await stages.drafted(world, filed.citizen, "ITEM10")
    await world.ctx.submissions.submit(early.citizen, early.case_id, "key-of-the-early")
    await world.ctx.submissions.withdraw(early.citizen, early.case_id, "key-of-the-end")
    assert await stages.do(world, HAND_OVER_END) == 0


async def test_the_word_of_an_end_holds_up_no_later_package(world: World) -> None:
    filed = await stages.reviewed(world)
    machine = await make.machine(world, filed.item.agency_uscc)
    await stages.taken_over(world, machine, filed)
    await step(world, filed, Event.SHORTFALL_TIMEOUT, Role.SYSTEM, before=State.UNDER_REVIEW)
    await stages.do(world, HAND_OVER_END)
    await supplement(world, filed)
    lease = await world.ctx.handoff.lease(machine, limit=50, seconds=60)
    assert [package.kind for package in lease.packages] == ["ENDED", "SUPPLEMENT"]


async def test_a_wish_to_withdraw_brings_no_materials(world: World) -> None:
    """What came meanwhile is for the next supplement to list, once it was looked at."""
    filed = await make.accepted(world, await make.citizen(world))
    late = await Material.get(case_id=filed.case_id, code="M05", replaced_at=None)
    [values] = await Material.filter(id=late.id).values()
    await Material.filter(id=late.id).update(replaced_at=world.clock.now())
    new = await Material.create(**{**values, "id": uuid4(), "no": 2, "sha256": "0" * 64})
    await world.ctx.withdrawals.request(filed.citizen, filed.case_id, "key-of-the-wish")
    row = await HandoffPackage.get(case_id=filed.case_id, kind="WITHDRAW_REQUEST")
    body = json.loads(world.ctx.handoff.crypto.open(row.sealed, PURPOSE))
    assert body["materials"] == []
    assert [each["id"] for each in (await supplement(world, filed))["materials"]] == [str(new.id)]
