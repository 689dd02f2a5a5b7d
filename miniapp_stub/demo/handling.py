"""From acceptance to the rating: window, back-office, payment, courier."""

from collections.abc import Iterator
from datetime import UTC, datetime

from miniapp_stub.demo import papers
from miniapp_stub.demo.state import FORM, Story, refused
from miniapp_stub.demo.wire import check, new_key, wait_for

FEE_FEN = 375_000  # 12.5 square metres of asphalt at 300.00 yuan


def accept(story: Story) -> Iterator[str]:
    """The window accepts; from now on the promised days count"""
    story.window.api.post(f"/staff/v1/cases/{story.case}/claim")
    for code in ("M04", "M06"):
        story.window.judge(story.case, code)
    story.window.api.post(f"/staff/v1/cases/{story.case}/accept")
    progress = story.citizen.wait_for_state(story.case, "ACCEPTED")
    for due in progress["due"]:
        yield f"{due['text']}: {due['due_on']}"


def hand_off(story: Story) -> Iterator[str]:
    """The back-office pulls the package, checks every digest and acknowledges"""
    machine = story.backoffice(story.facts["item"]["code"][:18])
    story.facts["machine"] = machine
    machine.login()
    package = wait_for("the package", lambda: machine.lease(story.facts["case_no"]), 90)
    body = machine.read(package)
    check(body["form"] == FORM, "the form data")
    yield f"package {package['id']}: {len(body['materials'])} materials, all digests right"
    code = body["receipt_code"]
    yield "a wrong digest: " + refused(
        "digest_mismatch", lambda: machine.acknowledge(package, code, "0" * 64)
    )
    first = machine.acknowledge(package, code)
    check(machine.acknowledge(package, code) == first, "acknowledged once, answered twice")


def decide(story: Story) -> Iterator[str]:
    """The back-office reviews, decides, measures the fee and delivers the certificate"""
    machine, number = story.facts["machine"], story.facts["case_no"]
    at = datetime.now(UTC).isoformat()
    machine.report(number, 1, "review_started", at, {})
    again = machine.report(number, 1, "review_started", at, {})
    check(again["outcome"] == "duplicate", "the same event counts once")
    decision = {
        "decision": "APPROVED",
        "document_no": "示住建许〔2026〕1号",
        "fee": {"area_m2": 12.5, "surface_type": "沥青"},
    }
    machine.report(number, 2, "decided", at, decision)
    certificate = papers.document("Permit", 1)
    path = f"/backoffice/v1/cases/{number}/result"
    machine.api.put(path, certificate, media="application/pdf")
    story.facts["certificate"] = certificate
    progress = story.citizen.wait_for_state(story.case, "AWAIT_PAYMENT")
    check(progress["payment"]["amount_fen"] == FEE_FEN, "the fee by the published rule")
    yield f"approved; to pay: {progress['payment']['amount_fen'] / 100:.2f} yuan"
    yield "the certificate before paying: " + refused(
        "payment_required", lambda: story.citizen.api.get(f"/v1/cases/{story.case}/result")
    )


def pay(story: Story) -> Iterator[str]:
    """The citizen pays in WeChat; the channel calls back twice"""
    path = f"/v1/cases/{story.case}/payment"
    paid = story.citizen.api.post(path, key=new_key()).json
    prepay = paid["invocation"]["package"].removeprefix("prepay_id=")
    pay = {"openid": story.citizen.openid, "invocation": paid["invocation"], "copies": 2}
    story.citizen.phone.post(f"/orders/{prepay}/pay", pay)
    progress = story.citizen.wait_for_state(story.case, "RESULT_READY")
    check(progress["payment"]["settled"], "settled")
    number = paid["order"]["number"]

    def delivered() -> bool:
        found = story.citizen.phone.get("/callbacks").json["items"]
        ours = [each for each in found if number in each["id"] or each["kind"] == "payment"]
        return all(each["state"] == "DELIVERED" for each in ours[:2])

    wait_for("both callbacks to be answered", delivered)
    yield f"order {number}: paid once, two callbacks"
    content = story.citizen.api.get(f"/v1/cases/{story.case}/result").body
    check(content == story.facts["certificate"], "the certificate, byte for byte")
    yield f"certificate: {len(content)} bytes"


def post(story: Story) -> Iterator[str]:
    """The window posts the certificate; the courier delivers it"""
    path = f"/v1/cases/{story.case}/delivery"
    waybill = wait_for("the waybill", lambda: story.citizen.api.get(path).json["waybill"])
    story.window.api.post(f"/staff/v1/cases/{story.case}/post-handover")
    story.citizen.wait_for_state(story.case, "DELIVERING")
    for _ in range(8):
        found = story.citizen.phone.post(f"/parcels/{waybill}/advance").json
        if found["state"] == "3":
            break
    story.citizen.wait_for_state(story.case, "DELIVERED")
    for point in story.citizen.api.get(path).json["track"]:
        yield f"{waybill}: {point['text']}"


def rate(story: Story) -> Iterator[str]:
    """The citizen gives five stars, once"""
    path = f"/v1/cases/{story.case}/ratings"
    rating = {
        "stage": "RESULT",
        "stars": 5,
        "options": [],
        "text": "很方便",
        "anonymous": False,
    }
    story.citizen.api.post(path, rating)
    yield "again: " + refused("already_rated", lambda: story.citizen.api.post(path, rating))
