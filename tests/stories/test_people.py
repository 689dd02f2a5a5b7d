"""Stories 5 and 6 over HTTP: each person with a login of their own, nobody beyond their powers."""

from datetime import date, timedelta
from uuid import uuid4

from models.account import WechatIdentity
from models.case import Case, ClockInstance
from models.message import Message
from models.rules.calendar import due_on
from models.rules.clock_table import ClockName
from models.rules.events import Role
from services.actors import Citizen
from services.events import Decision, EventType
from tests import make
from tests.make import Filed
from tests.services import mandating, stages
from tests.services.backoffice import Scene, shanghai
from tests.stories.phones import Desk, Phone
from tests.world import World

GRANDMOTHER = {"name": "张桂英", "id_number": "511499194311051028"}
DAUGHTER = {"name": "李秀英", "id_number": "51149919650812404X"}
VILLAGE_HELPER = {"name": "陈明", "id_number": "511499199005236051"}
CHILD = {"name": "小宇", "id_number": "511499201506203012"}
NORTH = "北桥镇便民服务中心"


async def scene_of(world: World, case_id: str) -> Scene:
    case = await Case.get(id=case_id).prefetch_related("item")
    filed = Filed(Citizen(case.account_id, uuid4()), case.id, case.item)
    machine = await make.machine(world, case.item.agency_uscc)
    await stages.taken_over(world, machine, filed)
    return Scene(world, filed, machine, str(case.case_no))


async def last_day(case_id: str, clock: ClockName) -> date:
    found = await ClockInstance.get(case_id=case_id, name=clock.value, stopped_at=None)
    return due_on(found.due_at)


async def test_story_5_grandmother_has_no_phone(world: World) -> None:
    chief = await Desk.at(world, await make.officer(world, (Role.SUPERVISOR,)))
    window = await Desk.at(world, await make.officer(world))
    helper = await Phone.of(world, mandating.CHEN)
    until = (world.clock.now() + timedelta(days=60)).isoformat()
    code = await make.item_code("ITEM06")
    offered = (await world.http.get(f"/v1/items/{code}")).json
    assert offered["flags"]["verify_later_allowed"] is False
    assert offered["flags"]["verify_later_exclusion"] == "财产性事务"

    # The village's 代办员 starts it with her signature on paper; somebody else looks at that.
    errand = {
        "principal": GRANDMOTHER,
        "acts": ["FILL", "SUBMIT", "SIGN"],
        "item_code": code,
        "until": until,
    }
    assert (await helper.post("/v1/errands", errand)).json["code"] == "not_proxy_agent"
    appointed = {"person": VILLAGE_HELPER, "unit": NORTH}
    assert (await chief.post("/staff/v1/proxy-agents", appointed)).status == 201
    mandate = (await helper.post("/v1/errands", errand)).json
    assert (mandate["status"], mandate["principal"]) == ("UNPROVEN", "张*英")
    grandmother = mandate["principal_id"]
    opening = {"item_code": code, "applicant": grandmother}
    assert (await helper.post("/v1/cases", opening)).json["code"] == "principal_unknown"
    scan = await world.http.put(
        f"/v1/mandates/{mandate['id']}/proof", token=helper.token, data=make.jpeg("授权委托书")
    )
    assert scan.status == 200, scan.body
    [waiting] = (await window.get("/staff/v1/mandates/unproven")).json["mandates"]
    assert (waiting["principal"], waiting["agent"]) == ("张桂英", "陈明")
    judged = {"seen": True, "basis": "授权书上有本人签字和手印,身份证核对一致"}
    assert (await window.post(f"/staff/v1/mandates/{mandate['id']}/judge", judged)).status == 200

    # He fills it in and files it; her bank card needs a consent of its own.
    case_id = (await helper.post("/v1/cases", opening)).json["id"]
    await helper.fill(case_id, stages.FORMS["ITEM06"])
    await helper.upload_all(case_id)
    refused = await helper.post(f"/v1/cases/{case_id}/submit")
    assert (refused.status, refused.json["code"]) == (409, "consent_missing")
    assert (await helper.agree("FINANCIAL", grandmother)).json["status"] == "GIVEN"
    later = await helper.post(f"/v1/cases/{case_id}/submit", {"mode": "VERIFY_LATER"})
    assert (later.status, later.json["code"]) == (422, "mode_not_allowed")
    assert (await helper.post(f"/v1/cases/{case_id}/submit")).status == 200

    # At the window she lets her daughter hear of it, and of nothing else.
    told = {
        "principal": GRANDMOTHER,
        "agent": DAUGHTER,
        "acts": ["RECEIVE"],
        "until": until,
        "basis": "本人到场,核对身份证,口述并签字",
    }
    given = (await window.post("/staff/v1/mandates", told)).json
    daughter = await Phone.of(world, make.LI)
    assert (await daughter.get(f"/v1/cases/{case_id}/progress")).status == 404
    assert (await daughter.post(f"/v1/mandates/{given['id']}/take")).json["status"] == "ACTIVE"

    department = make.officer(world, (Role.WINDOW, Role.DEPT), item="ITEM06")
    assert (await (await Desk.at(world, await department)).accept(case_id)).status == 200
    scene = await scene_of(world, case_id)
    await scene.tell(EventType.REVIEW_STARTED)
    await scene.tell(EventType.DECIDED, decision=Decision.APPROVED, document_no="示民政〔2026〕1号")
    await stages.do(world, "case.tell")
    account = (await WechatIdentity.get(openid=make.LI)).account_id
    heard = [each.data["thing2"] for each in await Message.filter(account_id=account)]
    assert "您的申请已经受理" in heard
    assert "您的申请已经批准" in heard
    seen = (await daughter.get(f"/v1/cases/{case_id}/progress")).json
    assert seen["case_no"] == scene.number
    rating = {"stage": "RESULT", "stars": 5}
    for path, body in ((f"/v1/cases/{case_id}/ratings", rating), (f"/v1/cases/{case_id}", None)):
        ask = daughter.post(path, body) if body else daughter.get(path)
        answer = await ask
        assert (answer.status, answer.json["code"]) == (403, "act_not_granted")
    # Nor does he who was paid to help say how well he did.
    answer = await helper.post(f"/v1/cases/{case_id}/ratings", rating)
    assert answer.json["code"] == "act_not_granted"
    assert await world.rows("ratings") == []


async def test_story_6_a_child_and_his_papers(world: World) -> None:
    world.clock.at = shanghai(7, 3)
    father = await Phone.of(world, make.WANG)
    code = await make.item_code("ITEM07")
    stranger = await Phone.of(world, make.LI)
    assert (await stranger.post("/v1/wards", CHILD)).json["code"] == "not_guardian"
    bound = (await father.post("/v1/wards", CHILD)).json
    assert (bound["kind"], bound["basis"]) == ("GUARDIAN", "户籍登记核对一致")
    child = bound["principal_id"]
    opened = await father.post("/v1/cases", {"item_code": code, "applicant": child})
    case_id = opened.json["id"]
    await father.fill(case_id, stages.FORMS["ITEM07"])
    await father.upload_all(case_id)
    # Doctors' papers, and a child under 14: each asked for itself, of the father.
    for purpose in ("MEDICAL", "CHILD"):
        refused = await father.post(f"/v1/cases/{case_id}/submit")
        assert (refused.status, refused.json["code"]) == (409, "consent_missing")
        assert (await stranger.agree(purpose, child)).status == 404
        assert (await father.agree(purpose, child)).json["status"] == "GIVEN"
    handed_in = await father.post(f"/v1/cases/{case_id}/submit", {"window_id": "W-NORTH"})
    assert handed_in.status == 200, handed_in.body

    # Nobody opens a child's medical file unallowed, the officer in charge included.
    world.clock.at = shanghai(7, 6)
    officer = await make.officer(world, (Role.WINDOW,), unit=NORTH)
    town = await Desk.at(world, officer)
    path = f"/staff/v1/cases/{case_id}"
    assert (await town.post(f"{path}/claim")).status == 200
    closed = await town.get(path)
    assert (closed.status, closed.json["code"]) == (403, "approval_needed")
    assert "form" not in closed.json
    chief = await Desk.at(world, await make.officer(world, (Role.SUPERVISOR,)))
    [alert] = [
        each
        for each in (await chief.get("/staff/v1/supervision/alerts")).json["alerts"]
        if each["kind"] == "OVERREACH"
    ]
    assert alert["case_id"] == case_id
    asked = (await town.post(f"{path}/approvals", {"purpose": "核对残疾评定材料"})).json
    granted = await chief.post(f"/staff/v1/approvals/{asked['id']}/grant", {"days": 10})
    assert granted.status == 200, granted.body
    assert (await town.get(path)).status == 200
    for material in (await town.get(path)).json["materials"]:
        judged = await world.http.put(
            f"{path}/verdicts/{material['code']}", token=town.token, json={"verdict": "PASS"}
        )
        assert judged.status == 200, judged.body
    assert (await town.post(f"{path}/accept")).status == 200

    # Accepted on 6 July: ten working days, of which the assessment from 8 to 20 July takes none.
    assert await last_day(case_id, ClockName.DECISION_PROMISED) == date(2026, 7, 20)
    scene = await scene_of(world, case_id)
    world.clock.at = shanghai(7, 8, 10)
    await scene.tell(EventType.SPECIAL_STARTED, procedure="鉴定(残疾评定)", planned_days=12)
    world.clock.at = shanghai(7, 20, 15)
    await scene.tell(EventType.SPECIAL_ENDED)
    assert await last_day(case_id, ClockName.DECISION_PROMISED) == date(2026, 7, 31)
    await scene.tell(EventType.DECIDED, decision=Decision.APPROVED, document_no="示残联〔2026〕1号")

    # To be fetched at the township's window, by the father.
    father, stranger = await Phone.of(world, make.WANG), await Phone.of(world, make.LI)
    choice = {"method": "WINDOW", "window_id": "W-NORTH"}
    chosen = await world.http.put(f"/v1/cases/{case_id}/delivery", token=father.token, json=choice)
    assert chosen.status == 200, chosen.body
    events = await Case.get(id=case_id).prefetch_related("events")
    assert (events.window_id, events.mandate_kind) == ("W-NORTH", "GUARDIAN")
    assert (await stranger.get(f"/v1/cases/{case_id}/progress")).status == 404
