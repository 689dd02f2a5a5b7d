"""Story 7 over HTTP: 绿源公司 digs, pays after the decision, and gets back what was too much."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

from models.payment import PaymentOrder, Refund
from models.rules.events import Role
from models.staff import OrgUnit
from tests import make
from tests.make import CENTRE
from tests.services import mandating, refunding, stages
from tests.services.channel import Callback
from tests.services.refunding import RefundPen, state
from tests.stories.phones import Employee, Phone
from tests.stories.vendor import Vendor
from tests.world import Answer, World

AGENCY, FINANCE = "示例县住房和城乡建设局", "示例县财政局"
OPERATOR = {"name": "王建国", "id_number": "511499198803162013"}
# 60 square metres of asphalt at 300.00 yuan each, of which 50 were dug.
FEE_FEN, BACK_FEN = 1_800_000, 300_000
WHY = {"reason": "复测面积是50平方米,多缴了10平方米的费用", "amount_fen": BACK_FEN}
PDF = {"Content-Type": "application/pdf"}


def told(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.json["code"]


@dataclass(frozen=True)
class Digging:
    """The case on its operator's phone and at its back-office."""

    world: World
    phone: Phone
    vendor: Vendor
    case_id: str
    case_no: str

    @property
    def path(self) -> str:
        return f"/v1/cases/{self.case_id}"

    async def bill(self) -> dict[str, Any]:
        return dict((await self.phone.get(f"{self.path}/payment")).json)

    async def timeline(self) -> list[str]:
        shown = (await self.phone.get(f"{self.path}/progress")).json
        return [entry["text"] for entry in shown["timeline"]]

    async def order(self) -> dict[str, Any]:
        answer = await self.phone.post(f"{self.path}/payment")
        assert answer.status == 200, answer.body
        return dict(answer.json)

    async def pay(self, payable: dict[str, Any]) -> None:
        """Pay on the phone; nobody calls back."""
        invocation = payable["invocation"]
        prepay = invocation["package"].removeprefix("prepay_id=")
        paying = {"openid": make.WANG, "invocation": invocation, "deliver": False}
        answer = await self.world.phone.post(f"/orders/{prepay}/pay", json=paying)
        assert answer.status == 200, answer.body


async def operator(world: World) -> tuple[Phone, str]:
    """Return 绿源公司's operator, whom its legal representative authorised, and its id."""
    chief = await Phone.of(world, mandating.CHEN)
    name, uscc = mandating.GREEN
    green = (await chief.post("/v1/enterprises", {"name": name, "uscc": uscc})).json["id"]
    phone = await Phone.of(world, make.WANG)
    assert (await phone.agree("PAYMENT_CHANNEL")).json["status"] == "GIVEN"
    opening = {"item_code": await make.item_code("ITEM10"), "applicant": green}
    assert (await phone.post("/v1/cases", opening)).json["code"] == "principal_unknown"
    seat = {
        "principal": green,
        "agent": OPERATOR,
        "acts": ["FILL", "SUBMIT", "PAY", "RECEIVE"],
        "until": (world.clock.now() + timedelta(days=90)).isoformat(),
    }
    given = await chief.post("/v1/mandates", seat)
    assert given.status == 201, given.body
    taken = await phone.post(f"/v1/mandates/{given.json['id']}/take")
    assert taken.json["status"] == "ACTIVE"
    return phone, green


async def dug(world: World) -> Digging:
    """Return the case, approved: the back-office measured 60 square metres."""
    phone, green = await operator(world)
    opening = {"item_code": await make.item_code("ITEM10"), "applicant": green}
    case_id = (await phone.post("/v1/cases", opening)).json["id"]
    await phone.fill(case_id, make.FORMS["ITEM10"])
    await phone.upload_all(case_id)
    sent = await phone.post(f"/v1/cases/{case_id}/submit")
    assert sent.status == 200, sent.body
    handler = await Employee.hired(world, AGENCY, Role.WINDOW, Role.DEPT)
    accepted = await handler.accept(case_id)
    assert accepted.status == 200, accepted.body
    unit = await OrgUnit.get(name=AGENCY)
    vendor = await Vendor.of(world, str(unit.uscc))
    [package] = await vendor.take()
    case_no = str(package["case_no"])
    await vendor.tell(case_no, 1, "review_started")
    measured = {"area_m2": 60, "surface_type": "沥青"}
    await vendor.tell(case_no, 2, "fee_assessed", fee=measured)
    await vendor.tell(case_no, 3, "decided", decision="APPROVED", document_no="示城挖〔2026〕1号")
    return Digging(world, phone, vendor, case_id, case_no)


async def paid(world: World) -> Digging:
    case = await dug(world)
    await case.pay(await case.order())
    checked = await case.phone.post(f"{case.path}/payment/check")
    assert checked.json["status"] == "PAID"
    return case


def forged(callback: Callback) -> Callback:
    """Return a callback under the signature of another."""
    return Callback(callback.headers, callback.body.replace(b"T", b"S", 1))


async def test_the_certificate_waits_for_the_second_order(world: World) -> None:
    case = await dug(world)
    bill = await case.bill()
    assert (bill["status"], bill["fee"]["amount_fen"]) == ("UNPAID", FEE_FEN)
    permit = make.pdf("permit")
    handed = await world.http.put(
        f"/backoffice/v1/cases/{case.case_no}/result",
        token=case.vendor.token,
        data=permit,
        headers=PDF,
    )
    assert handed.status == 201, handed.body
    first = (await case.order())["order"]
    world.clock.advance(timedelta(hours=2, minutes=1))
    await stages.do(world, "payment.sweep")
    assert (await PaymentOrder.get(number=first["number"])).status == "CLOSED"
    await case.phone.log_in()
    second = await case.order()
    assert second["order"]["number"] != first["number"]
    locked = await case.phone.get(f"{case.path}/result")
    assert told(locked) == (409, "payment_required")

    await case.pay(second)
    pen = RefundPen(world)
    row = await PaymentOrder.get(number=second["order"]["number"])
    said = pen.callback(pen.trade(row))
    before = await state(world)
    assert await pen.deliver(forged(said)) == 401
    assert await state(world) == before
    assert await pen.deliver(said) == 204
    assert (await case.bill())["status"] == "PAID"
    once = await state(world)
    assert await pen.deliver(said) == 204
    assert await state(world) == once
    released = await case.phone.get(f"{case.path}/result")
    assert (released.status, released.body) == (200, permit)


async def test_three_people_give_back_what_was_measured_too_much(world: World) -> None:
    """Rules 2.12: 执收单位 checks, 财政 approves, the money is paid out."""
    case = await paid(world)
    checker = await Employee.hired(world, AGENCY, Role.DEPT)
    approver = await Employee.hired(world, FINANCE, Role.DEPT)
    asked = await case.phone.post(f"{case.path}/refunds", WHY)
    assert (asked.status, asked.json["status"], asked.json["automatic"]) == (
        201,
        "REQUESTED",
        False,
    )
    again = await case.phone.post(f"{case.path}/refunds", WHY)
    assert told(again) == (409, "refund_under_way")
    [found] = (await checker.get("/staff/v1/refunds?status=REQUESTED")).json["refunds"]
    assert (found["case_no"], found["amount_fen"], found["order_fen"]) == (
        case.case_no,
        BACK_FEN,
        FEE_FEN,
    )
    path = f"/staff/v1/refunds/{found['id']}"

    # 财政 is not first, and who checked is not second.
    before = await state(world)
    assert told(await approver.post(f"{path}/approve")) == (403, "step_not_yours")
    assert await state(world) == before
    assert (await checker.post(f"{path}/approve")).json["status"] == "UNIT_APPROVED"
    before = await state(world)
    assert told(await checker.post(f"{path}/approve")) == (403, "step_not_yours")
    assert await state(world) == before
    assert await refunding.send(world) == 0
    assert (await approver.post(f"{path}/approve")).json["status"] == "FINANCE_APPROVED"
    before = await state(world)
    for employee in (approver, checker):
        assert told(await employee.post(f"{path}/approve")) == (409, "refund_decided")
        refusal = await employee.post(f"{path}/refuse", {"reason": "不退了。"})
        assert told(refusal) == (409, "refund_decided")
    assert await state(world) == before

    assert await refunding.send(world) == 1
    [there] = await refunding.at_channel(world)
    assert there["amount_fen"] == BACK_FEN
    assert (await checker.get(path)).json["status"] == "SENT"
    assert (await case.bill())["status"] == "REFUNDING"
    await refunding.settle(world, asked.json["number"], "SUCCESS")
    await stages.until(lambda: _status(case), "PAID")
    await _heard_again(world, asked.json["number"])
    assert (await approver.get(path)).json["paid_at"] is not None
    # What is left of the fee stays paid.
    assert (await case.bill())["status"] == "PAID"
    timeline = await case.timeline()
    assert [text for text in timeline if "3000.00元已经原路退回" in text] == timeline[-1:]


async def _status(case: Digging) -> str:
    [refund] = (await case.phone.get(f"{case.path}/refunds")).json["refunds"]
    return str(refund["status"])


async def _heard_again(world: World, number: str) -> None:
    """Let the channel tell of a refund again, and somebody else who is not the channel."""
    pen = RefundPen(world)
    refund = await Refund.get(number=number)
    order = await PaymentOrder.get(id=refund.order_id)
    said = pen.refund(refund, order, refund_id=refund.channel_refund_id)
    callback = pen.refund_callback(said, number=uuid4().hex)
    tables = ("refunds", "cases", "case_events", "fees", "payment_orders", "messages")
    before = [await world.rows(table) for table in tables]
    assert await pen.deliver(forged(callback)) == 401
    for _ in range(2):
        assert await pen.deliver(callback) == 204
    assert [await world.rows(table) for table in tables] == before


async def test_who_moves_to_another_unit_takes_no_second_step(world: World) -> None:
    case = await paid(world)
    admin = await Employee.hired(world, CENTRE, Role.ADMIN)
    asked = await case.phone.post(f"{case.path}/refunds", WHY)
    checker = await Employee.hired(world, AGENCY, Role.DEPT)
    [found] = (await checker.get("/staff/v1/refunds")).json["refunds"]
    path = f"/staff/v1/refunds/{found['id']}"
    assert (await checker.post(f"{path}/approve")).json["status"] == "UNIT_APPROVED"
    treasury = {"roles": ["DEPT"], "unit_id": (await OrgUnit.get(name=FINANCE)).id}
    moved = await world.http.put(
        f"/staff/v1/members/{checker.member_id}", token=admin.token, json=treasury
    )
    assert moved.status == 200, moved.body
    assert (await checker.post(f"{path}/approve")).status == 401
    await checker.log_in()
    before = await state(world)
    assert told(await checker.post(f"{path}/approve")) == (403, "same_person")
    refusal = await checker.post(f"{path}/refuse", {"reason": "不退了。"})
    assert told(refusal) == (403, "same_person")
    assert await state(world) == before
    assert asked.json["number"] == found["number"]
    assert await refunding.at_channel(world) == []
