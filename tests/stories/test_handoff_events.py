"""Events out of order and twice, and packages that follow, over HTTP on both sides."""

from models.rules.events import Role
from services.events import parking
from tests import make
from tests.services import stages
from tests.services.reviewing import standing
from tests.services.timing import at
from tests.stories.phones import Employee, Phone
from tests.stories.test_handoff import FORESTRY, ROADS, Case, number_of, opened, told, vendor_of
from tests.world import World

RIGHT, NOTICE = "M03", "M05"  # 权属证明, 公示


async def forester(world: World) -> Case:
    """Story 2 until the acceptance on 30 April, as 先办后验, at the forestry's back-office."""
    world.clock.at = at(4, 29, 15)
    phone = await Phone.of(world, make.LI)
    case_id = await opened(phone, "ITEM05")
    sent = await phone.post(f"/v1/cases/{case_id}/submit", {"mode": "VERIFY_LATER"})
    assert sent.status == 200, sent.body
    world.clock.at = at(4, 30, 9)
    await phone.log_in()
    desk = await Employee.hired(world, FORESTRY, Role.WINDOW, Role.DEPT)
    accepted = await desk.accept(case_id)
    assert accepted.status == 200, accepted.body
    vendor = await vendor_of(world, FORESTRY)
    [package] = await vendor.take()
    assert package["kind"] == "ACCEPTED"
    return Case(world, phone, desk, vendor, case_id, await number_of(phone, case_id))


async def road(world: World) -> Case:
    """Return an accepted case of the roads' back-office, its first package taken over."""
    phone = await Phone.of(world, make.WANG)
    case_id = await opened(phone, "ITEM10")
    assert (await phone.post(f"/v1/cases/{case_id}/submit")).status == 200
    desk = await Employee.hired(world, ROADS, Role.WINDOW, Role.DEPT)
    assert (await desk.accept(case_id)).status == 200
    vendor = await vendor_of(world, ROADS)
    assert [each["kind"] for each in await vendor.take()] == ["ACCEPTED"]
    return Case(world, phone, desk, vendor, case_id, await number_of(phone, case_id))


async def test_story_2_there_is_no_decision_before_the_originals(world: World) -> None:
    case = await forester(world)
    vendor, path = case.vendor, f"/staff/v1/cases/{case.id}/originals"
    assert (await case.last_days())["DECISION_PROMISED"] == "2026-05-08"
    await vendor.tell(case.number, 1, "review_started")
    await case.stand(at(5, 7, 16))
    decided = {"decision": "APPROVED", "document_no": "示林采〔2026〕9号"}
    early = vendor.event(case.number, 2, "decided", **decided)
    await case.refused((409, "originals_first"), early)
    reviewed = vendor.event(case.number, 2, "review_completed")
    for outcome in ("applied", "duplicate"):
        assert (await vendor.send(reviewed)).json["outcome"] == outcome
    assert (await case.progress())["state"] == "ORIGINALS_CHECK"

    await case.stand(at(5, 11, 10))
    photo = {"code": RIGHT, "finding": "MISSING", "note": "带来的是照片,请带林权证原件"}
    seen = {"code": NOTICE, "finding": "TRUE"}
    look = {"outcome": "INCOMPLETE", "identity_matched": True, "items": [photo, seen]}
    looked = await case.desk.post(path, look)
    assert looked.status == 200, looked.body
    assert (await case.last_days())["ORIGINALS_3WD"] == "2026-05-14"
    # What the window waits for is nothing that the back-office decides.
    late = vendor.event(case.number, 3, "decided", **decided)
    before = await standing(world)
    assert (await vendor.send(late)).status == 409
    assert await standing(world) == before

    await case.stand(at(5, 13, 10))
    assert (await case.desk.post(f"{path}/arrival", {})).status == 200
    brought = {
        "outcome": "PASS",
        "identity_matched": True,
        "items": [{"code": RIGHT, "finding": "TRUE"}],
    }
    passed = await case.desk.post(path, brought)
    assert passed.status == 200, passed.body
    shown = await case.progress()
    assert shown["state"] == "RESULT_READY"
    delivery = (await case.phone.get(f"/v1/cases/{case.id}/delivery")).json
    fetched = await case.desk.post(
        f"/staff/v1/cases/{case.id}/pickup", {"code": delivery["pickup_code"]}
    )
    assert fetched.status == 200, fetched.body
    assert (await case.progress())["state"] == "DELIVERED"


async def test_a_special_procedure_told_out_of_order_stops_the_clocks_once(world: World) -> None:
    case = await road(world)
    vendor, number = case.vendor, case.number
    before = await case.last_days()
    special = {"procedure": "专家评审", "planned_days": 12}
    started = vendor.event(number, 2, "special_started", **special)
    steps = await world.rows("case_events")
    parked = await vendor.send(started)
    assert (parked.json["outcome"], parked.json["expected_seq"]) == ("parked", 1)
    assert await world.rows("case_events") == steps
    assert await case.last_days() == before
    await vendor.tell(number, 1, "review_started")
    assert await stages.do(world, parking.APPLY) == 1
    found = await vendor.get(f"/backoffice/v1/events/{started['event_id']}")
    assert found.json["outcome"] == "applied"
    assert (await case.last_days())["DECISION_PROMISED"] is None
    assert (await case.progress())["state"] == "SUSPENDED"
    paused = await standing(world)
    assert (await vendor.send(started)).json["outcome"] == "duplicate"
    other = {**started, "payload": {"procedure": "检验", "planned_days": 12}}
    assert told(await vendor.send(other)) == (409, "event_id_reused")
    twin = vendor.event(number, 2, "special_ended") | {"event_id": "another"}
    assert told(await vendor.send(twin)) == (409, "event_out_of_order")
    assert await standing(world) == paused

    # From Monday 2 March, on which nothing had counted yet, to Monday the 9th.
    await case.stand(at(3, 9, 10))
    await vendor.tell(number, 3, "special_ended")
    after = await case.last_days()
    assert before["DECISION_PROMISED"] is not None
    assert after["DECISION_PROMISED"] is not None
    assert before["DECISION_PROMISED"] < after["DECISION_PROMISED"]
    assert (await case.progress())["state"] == "UNDER_REVIEW"
    measured = {"area_m2": 60, "surface_type": "沥青"}
    await vendor.tell(number, 4, "fee_assessed", fee=measured)
    decided = {"decision": "APPROVED", "document_no": "示城挖〔2026〕1号"}
    await vendor.tell(number, 5, "decided", **decided)
    bill = (await case.phone.get(f"/v1/cases/{case.id}/payment")).json
    assert (bill["status"], bill["fee"]["amount_fen"]) == ("UNPAID", 1_800_000)
    assert (await case.progress())["state"] == "AWAIT_PAYMENT"


async def test_answers_and_withdrawals_follow_as_packages_in_order(world: World) -> None:
    case = await road(world)
    vendor, path = case.vendor, f"/v1/cases/{case.id}"
    await vendor.tell(case.number, 1, "review_started")
    await vendor.tell(case.number, 2, "information_requested", question="怎样保证行人通行?")
    [question] = (await case.phone.get(f"{path}/inquiries")).json["inquiries"]
    answer = {"text": "留出一米五宽的通道。"}
    answered = await case.phone.post(f"{path}/inquiries/{question['id']}/answer", answer)
    assert answered.status == 200, answered.body
    request = f"{path}/withdrawal-request"
    assert (await case.phone.post(request)).json["status"] == "OPEN"
    back = await world.http.delete(request, token=case.phone.token)
    assert back.json["status"] == "TAKEN_BACK"
    assert (await case.phone.post(request)).json["status"] == "OPEN"

    # One by one: the next comes when the one before it is acknowledged.
    kinds = []
    while found := await vendor.lease():
        [package] = found
        kinds.append((package.body["seq"], package.body["kind"]))
        assert (await vendor.acknowledge(package)).status == 200
    assert kinds == [
        (2, "SUPPLEMENT"),
        (3, "WITHDRAW_REQUEST"),
        (4, "WITHDRAW_TAKEN_BACK"),
        (5, "WITHDRAW_REQUEST"),
    ]
    bare = vendor.event(case.number, 3, "withdrawal_answered", confirmed=False)
    await case.refused((422, "event_incomplete"), bare)
    refusal = {"confirmed": False, "reason": "已经开始施工。"}
    await vendor.tell(case.number, 3, "withdrawal_answered", **refusal)
    remarks = [each["text"] for each in (await case.progress())["remarks"]]
    assert any("已经开始施工" in text for text in remarks)
    again = vendor.event(case.number, 4, "withdrawal_answered", confirmed=True)
    await case.refused((409, "withdrawal_not_requested"), again)
    assert (await case.phone.post(request)).json["status"] == "OPEN"
    [asked] = await vendor.take()
    assert (asked["seq"], asked["kind"]) == (6, "WITHDRAW_REQUEST")
    await vendor.tell(case.number, 4, "withdrawal_answered", confirmed=True)
    assert (await case.progress())["state"] == "WITHDRAWN"
