"""Over HTTP: a draft tells what keeps it from being filed, and how to get over it."""

from uuid import uuid4

from models.case import Case
from tests import make
from tests.services import stages
from tests.services.flavoured import body_of, published
from tests.world import World


async def test_an_outdated_draft_says_so_and_is_moved(world: World) -> None:
    who = await make.citizen(world)
    filed = await stages.drafted(world, who, "ITEM10")
    token, case = make.token(world, who), f"/v1/cases/{filed.case_id}"
    shown = (await world.http.get(case, token=token)).json
    assert (shown["outdated"], shown["open_case_no"]) == (False, None)
    await published(world, body_of("ITEM10"))
    assert (await world.http.get(case, token=token)).json["outdated"] is True
    refused = await world.http.post(f"{case}/submit", token=token, key=uuid4().hex)
    assert (refused.status, refused.json["code"]) == (409, "item_version_outdated")
    moved = await world.http.post(f"{case}/renew", token=token)
    assert (moved.status, moved.json["item_version"]) == (200, "2026.90")
    assert (moved.json["outdated"], moved.json["form"]) == (False, make.FORMS["ITEM10"])
    sent = await world.http.post(f"{case}/submit", token=token, key=uuid4().hex)
    assert sent.status == 200
    again = await world.http.post(f"{case}/renew", token=token)
    assert (again.status, again.json["code"]) == (409, "case_not_editable")
    # A filed case is not told about versions: it stays under its own.
    assert (await world.http.get(case, token=token)).json["outdated"] is False


async def test_a_second_application_is_told_of_the_first(world: World) -> None:
    who = await make.citizen(world)
    token = make.token(world, who)
    first = await make.submitted(world, who)
    number = (await first.case()).case_no
    second = await stages.drafted(world, who, "ITEM10")
    await Case.filter(id=second.case_id).update(extra_draft=False)
    item = {"item_code": await make.item_code("ITEM10")}
    opened = await world.http.post("/v1/cases", token=token, json=item)
    assert (opened.status, opened.json["id"]) == (200, str(second.case_id))
    assert opened.json["open_case_no"] == number
    submit = f"/v1/cases/{second.case_id}/submit"
    refused = await world.http.post(submit, token=token, key=uuid4().hex)
    assert (refused.status, refused.json["code"]) == (409, "case_open_already")
    assert refused.json["open_case_no"] == number
    wish = {"another": True}
    sent = await world.http.post(submit, token=token, key=uuid4().hex, json=wish)
    assert (sent.status, sent.json["state"]) == (200, "SUBMITTED")
