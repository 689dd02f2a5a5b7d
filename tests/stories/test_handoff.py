"""Stories 1 and 2 between the county and an approval system, over HTTP on both sides."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from models.rules.events import Role
from models.staff import OrgUnit
from tests import make
from tests.make import CENTRE
from tests.services.flavoured import body_of, published
from tests.services.reviewing import standing
from tests.services.timing import at
from tests.stories.phones import Employee, Phone
from tests.stories.vendor import BASE, Leased, Vendor
from tests.world import Answer, World

HEALTH, FORESTRY = "示例县卫生健康局", "示例县林业局"
ROADS = "示例县住房和城乡建设局"
IN_ORDER = {"complete": True, "elements": True, "form": True, "jurisdiction": True}
RULES = "M06"  # 卫生管理制度, which may come later
HOME = {
    "method": "POST",
    "address": {
        "name": "王建国",
        "phone": "13800000001",
        "region": "示例县",
        "detail": "人民路88号1单元301",
    },
}
PDF = {"Content-Type": "application/pdf"}


def told(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.json["code"]


@dataclass(frozen=True)
class Case:
    """A case on its applicant's phone, at the window and at its back-office."""

    world: World
    phone: Phone
    desk: Employee
    vendor: Vendor
    id: str
    number: str

    async def stand(self, moment: datetime) -> None:
        """Let everybody log in on another day."""
        self.world.clock.at = moment
        for each in (self.phone, self.desk, self.vendor):
            await each.log_in()

    async def progress(self) -> dict[str, Any]:
        return dict((await self.phone.get(f"/v1/cases/{self.id}/progress")).json)

    async def timeline(self) -> list[str]:
        return [entry["text"] for entry in (await self.progress())["timeline"]]

    async def last_days(self) -> dict[str, str | None]:
        """Return the last day of each clock, as the back-office and the applicant read it."""
        seen = await self.vendor.get(f"{BASE}/cases/{self.number}/deadlines")
        days = {each["clock"]: each["due_on"] for each in seen.json["deadlines"]}
        own = (await self.phone.get(f"/v1/cases/{self.id}/deadlines")).json["deadlines"]
        assert {each["clock"]: each["due_on"] for each in own}.items() <= days.items()
        assert own
        return days

    async def refused(self, expected: tuple[int, str], event: dict[str, Any]) -> None:
        """Send an event that is refused and leaves everything as it was."""
        before = await standing(self.world)
        assert told(await self.vendor.send(event)) == expected
        assert await standing(self.world) == before


async def vendor_of(world: World, agency: str) -> Vendor:
    return await Vendor.of(world, str((await OrgUnit.get(name=agency)).uscc))


async def opened(phone: Phone, item: str, *, but: str = "") -> str:
    """Return a filled-in draft with its photos, all but one if one is named."""
    started = await phone.post("/v1/cases", {"item_code": await make.item_code(item)})
    assert started.status == 201, started.body
    case_id = str(started.json["id"])
    await phone.fill(case_id, make.FORMS[item])
    await phone.upload_all(case_id, but=but)
    return case_id


async def number_of(phone: Phone, case_id: str) -> str:
    return str((await phone.get(f"/v1/cases/{case_id}/progress")).json["case_no"])


async def leave(world: World, officer: Employee, path: str) -> None:
    """Let an officer open a file with papers of doctors, as a supervisor allows."""
    chief = await Employee.hired(world, CENTRE, Role.SUPERVISOR)
    assert (await officer.post(f"{path}/claim")).status == 200
    assert told(await officer.get(path)) == (403, "approval_needed")
    asked = (await officer.post(f"{path}/approvals", {"purpose": "核对健康证明"})).json
    granted = await chief.post(f"/staff/v1/approvals/{asked['id']}/grant", {"days": 10})
    assert granted.status == 200, granted.body


async def barber(world: World) -> Case:
    """Story 1 until the acceptance on 3 March, its promise due on the 10th."""
    await published(world, body_of("ITEM01"))
    phone = await Phone.of(world, make.WANG)
    for purpose in ("COURIER", "MEDICAL"):
        assert (await phone.agree(purpose)).status == 200
    case_id = await opened(phone, "ITEM01", but=RULES)
    path, staff = f"/v1/cases/{case_id}", f"/staff/v1/cases/{case_id}"
    chosen = await world.http.put(f"{path}/delivery", token=phone.token, json=HOME)
    assert chosen.status == 200, chosen.body
    sent = await phone.post(f"{path}/submit", {"mode": "SHORTFALL", "shortfall": [RULES]})
    assert sent.status == 200, sent.body

    world.clock.at = at(3, 3, 9)
    await phone.log_in()
    window = await Employee.hired(world, CENTRE, Role.WINDOW)
    department = await Employee.hired(world, HEALTH, Role.DEPT)
    await leave(world, window, staff)
    await window.judge(case_id)
    assert (await window.post(f"{staff}/shortfall", {"codes": [RULES]})).status == 200
    agreed = await world.http.put(
        f"{staff}/shortfall/{RULES}", token=department.token, json={"confirmed": True}
    )
    assert agreed.status == 200, agreed.body
    late = {"items": [{"code": RULES, "due_on": "2026-03-11"}]}
    refused = await phone.post(f"{path}/shortfall/promise", late)
    assert told(refused) == (422, "promise_day_invalid")
    in_time = {"items": [{"code": RULES, "due_on": "2026-03-10"}]}
    assert (await phone.post(f"{path}/shortfall/promise", in_time)).status == 200
    body = {"mode": "SHORTFALL", "checklist": IN_ORDER, "opinion": "同意容缺受理。"}
    accepted = await window.post(f"{staff}/accept", body)
    assert accepted.status == 200, accepted.body
    vendor = await vendor_of(world, HEALTH)
    return Case(world, phone, window, vendor, case_id, await number_of(phone, case_id))


async def wrong_receipts(world: World, vendor: Vendor, package: Leased) -> None:
    """Try to acknowledge a package that was not read: nothing changes."""
    before = await standing(world)
    for wrong, code in (
        ({"receipt_code": "0" * 32}, (422, "receipt_code_wrong")),
        ({"digest": "0" * 64}, (422, "digest_mismatch")),
        ({"lease_token": "another"}, (409, "lease_lost")),
    ):
        assert told(await vendor.acknowledge(package, **wrong)) == code
    assert await standing(world) == before


async def test_story_1_the_package_is_read_in_parts_and_its_lease_runs_out(world: World) -> None:
    case = await barber(world)
    vendor, path = case.vendor, f"/v1/cases/{case.id}/materials"
    [package] = await vendor.lease(seconds=60)
    assert (package.body["kind"], package.body["case_no"]) == ("ACCEPTED", case.number)
    assert await vendor.lease() == []
    assert await vendor.read(f"{package.path}/body") == package.raw
    slots = (await case.phone.get(path)).json["slots"]
    names = {slot["code"]: slot["name"] for slot in slots}
    materials = package.body["materials"]
    assert materials
    assert RULES not in {each["code"] for each in materials}
    for each in materials:
        content = await vendor.read(f"{package.path}/materials/{each['id']}")
        assert content == make.jpeg(names[each["code"]])
        assert sha256(content).hexdigest() == each["sha256"]
    await wrong_receipts(world, vendor, package)

    world.clock.advance(timedelta(seconds=60))
    before = await standing(world)
    assert told(await vendor.acknowledge(package)) == (409, "lease_lost")
    early = vendor.event(case.number, 1, "review_started")
    assert told(await vendor.send(early)) == (409, "package_not_acknowledged")
    assert await standing(world) == before
    [again] = await vendor.lease()
    assert (again.id, again.raw, again.digest) == (package.id, package.raw, package.digest)
    assert again.token != package.token
    first = await vendor.acknowledge(again)
    assert (first.status, first.json["status"]) == (200, "ACKED")
    after = await standing(world)
    assert (await vendor.acknowledge(again)).json == first.json
    assert await standing(world) == after
    assert await vendor.lease() == []


async def test_story_1_what_was_promised_comes_before_the_decision(world: World) -> None:
    case = await barber(world)
    vendor = case.vendor
    assert [each["kind"] for each in await vendor.take()] == ["ACCEPTED"]
    await vendor.tell(case.number, 1, "review_started")
    permit = make.pdf("licence")
    decided = {"decision": "APPROVED", "document_no": "示卫公许〔2026〕1号"}
    proven = {**decided, "documents": [sha256(permit).hexdigest()]}
    early = vendor.event(case.number, 2, "decided", **decided)
    await case.refused((409, "shortfall_open"), early)

    await case.stand(at(3, 6, 10))
    await case.phone.upload(case.id, RULES, "rules")
    good = await world.http.put(
        f"/staff/v1/cases/{case.id}/verdicts/{RULES}",
        token=case.desk.token,
        json={"verdict": "PASS"},
    )
    assert good.status == 200, good.body
    assert (await case.progress())["shortfall"][0]["status"] == "FULFILLED"
    waiting = vendor.event(case.number, 2, "decided", **decided)
    await case.refused((409, "supplements_waiting"), waiting)
    [supplement] = await vendor.lease()
    assert (supplement.body["kind"], supplement.body["seq"]) == ("SUPPLEMENT", 2)
    [rules] = supplement.body["materials"]
    content = await vendor.read(f"{supplement.path}/materials/{rules['id']}")
    assert (rules["code"], content) == (RULES, make.jpeg("rules"))
    await wrong_receipts(world, vendor, supplement)
    assert (await vendor.acknowledge(supplement)).status == 200

    await case.stand(at(3, 9, 10))
    without = vendor.event(case.number, 2, "decided", **proven)
    await case.refused((409, "result_document_missing"), without)
    put = f"{BASE}/cases/{case.number}/result"
    handed = await world.http.put(put, token=vendor.token, data=permit, headers=PDF)
    assert handed.status == 201, handed.body
    final = vendor.event(case.number, 2, "decided", **proven)
    assert (await vendor.send(final)).json["outcome"] == "applied"
    told_once = await standing(world)
    assert (await vendor.send(final)).json["outcome"] == "duplicate"
    assert await standing(world) == told_once
    ready = vendor.event(case.number, 3, "result_ready", documents=proven["documents"])
    assert (await vendor.send(ready)).json["outcome"] == "applied"
    shown = await case.progress()
    assert shown["state"] == "RESULT_READY"
    assert any("批准" in entry["text"] for entry in shown["timeline"])
    result = await case.phone.get(f"/v1/cases/{case.id}/result")
    assert (result.status, result.body) == (200, permit)
