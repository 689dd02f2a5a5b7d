"""Revealing over HTTP: masked by default, whole for a purpose, and who saw it is on record."""

from uuid import uuid4

import pytest

from models.rules.events import Role
from tests import make
from tests.api import tokens
from tests.services import mandating, stages
from tests.world import World

WHY = {"purpose": "VERIFY_IDENTITY"}


async def elder(world: World) -> tuple[make.Filed, str, str]:
    """Return a filed case with an elder's name and number, its path and an officer's token."""
    filed = await stages.drafted(world, await make.citizen(world), "ITEM06")
    await world.ctx.submissions.submit(filed.citizen, filed.case_id, uuid4().hex)
    officer = await make.officer(world, (Role.WINDOW, Role.DEPT), item=filed)
    return filed, f"/staff/v1/cases/{filed.case_id}", tokens.of_staff(world, officer)


async def test_a_dossier_is_masked_and_says_where(world: World) -> None:
    _, path, token = await elder(world)
    answer = await world.http.get(path, token=token)
    form = answer.json["form"]
    assert (form["elder_name"], form["elder_id_number"]) == ("赵*芬", "511*************28")
    assert sorted(answer.json["masked"]) == ["elder_id_number", "elder_name", "payout_account"]
    person = await make.person(world)
    for whole in ("赵淑芬", "511499194311051028", person["name"], person["id_number"]):
        assert whole not in answer.body.decode()


async def test_one_value_is_shown_whole_and_recorded(world: World) -> None:
    filed, path, token = await elder(world)
    person = await make.person(world)
    wanted = {
        "applicant.name": person["name"],
        "applicant.id_number": person["id_number"],
        "form.elder_id_number": "511499194311051028",
    }
    for field, whole in wanted.items():
        body = {"field": field, **WHY}
        answer = await world.http.post(f"{path}/reveal", token=token, json=body)
        assert (answer.status, answer.json) == (200, {"field": field, "value": whole})
    acts = [row for row in await world.rows("audit_log") if row["action"] == "person.reveal"]
    assert [act["object_id"] for act in acts] == [str(filed.case_id)] * 3
    assert [act["data"] for act in acts] == [
        f'{{"field": "{field}", "purpose": "VERIFY_IDENTITY"}}' for field in wanted
    ]
    assert person["name"] not in str(acts)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"field": "applicant.phone", **WHY}, 404, "field_not_held"),  # none was given
        ({"field": "form.contractor", **WHY}, 404, "field_not_held"),
        ({"field": "applicant.openid", **WHY}, 422, "fields_invalid"),
        ({"field": "applicant.name"}, 422, "fields_invalid"),
        ({"field": "applicant.name", "purpose": "CURIOSITY"}, 422, "fields_invalid"),
    ],
)
async def test_what_is_not_there_or_not_named_is_refused(
    world: World, body: dict[str, str], status: int, code: str
) -> None:
    _, path, token = await elder(world)
    answer = await world.http.post(f"{path}/reveal", token=token, json=body)
    assert (answer.status, answer.json["code"]) == (status, code)
    assert await world.rows("audit_log") == []


async def test_a_case_of_others_reveals_nothing(world: World) -> None:
    _, path, _ = await elder(world)
    body = {"field": "applicant.name", **WHY}
    watcher = tokens.of_staff(world, await make.officer(world, (Role.SUPERVISOR,)))
    assert (await world.http.post(f"{path}/reveal", token=watcher, json=body)).status == 403
    token = tokens.of_staff(world, await make.officer(world))
    unknown = f"/staff/v1/cases/{uuid4()}/reveal"
    assert (await world.http.post(unknown, token=token, json=body)).status == 404
    assert await world.rows("audit_log") == []


async def test_who_looks_too_often_has_to_wait(world: World) -> None:
    _, path, token = await elder(world)
    body = {"field": "applicant.name", **WHY}
    for _ in range(20):
        assert (await world.http.post(f"{path}/reveal", token=token, json=body)).status == 200
    answer = await world.http.post(f"{path}/reveal", token=token, json=body)
    assert answer.status == 429
    assert int(answer.headers["Retry-After"]) > 0
    acts = [row for row in await world.rows("audit_log") if row["action"] == "person.reveal"]
    assert len(acts) == 20


async def test_a_childs_number_is_shown_to_who_was_allowed_to(world: World) -> None:
    filed = await mandating.for_a_child(world)
    officer = await make.officer(world)
    path, token = f"/staff/v1/cases/{filed.case_id}/reveal", tokens.of_staff(world, officer)
    body = {"field": "applicant.id_number", **WHY}
    answer = await world.http.post(path, token=token, json=body)
    assert (answer.status, answer.json["code"]) == (403, "approval_needed")
    assert "value" not in answer.json
    await make.allowed(world, officer, filed)
    answer = await world.http.post(path, token=token, json=body)
    assert answer.json["value"] == mandating.CHILD.id_number
