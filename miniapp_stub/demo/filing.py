"""From the login to the corrected application: the citizen and the window."""

from collections.abc import Iterator
from typing import Any

from miniapp_stub.demo import papers
from miniapp_stub.demo.state import FORM, Story, refused
from miniapp_stub.demo.wire import Wire, check, new_key, wait_for

ITEM = "占用、挖掘城市道路审批"
# Everything that was uploaded before is read first, on a machine that does other things too.
READING_SECONDS = 240.0
ADDRESS = {
    "name": "王建国",
    "phone": "13800000001",
    "region": "示例县",
    "detail": "人民路88号1单元301",
}


def login(story: Story) -> Iterator[str]:
    """The citizen logs in through WeChat and subscribes to messages"""
    account = story.citizen.login()
    for template in story.templates:
        story.citizen.phone.post(
            f"/citizens/{story.citizen.openid}/subscriptions",
            {"template_id": template, "times": 10},
        )
    yield f"account {account['id']}, real-name level {account['level']}"
    code = story.citizen.phone.post(f"/citizens/{story.citizen.openid}/login-code").json["code"]
    other = Wire(story.citizen.api.base)
    other.post("/v1/login/wechat", {"code": code})
    yield "a used code: " + refused(
        "login_code_invalid", lambda: other.post("/v1/login/wechat", {"code": code})
    )


def real_name(story: Story) -> Iterator[str]:
    """The real name is checked, a phone number is bound"""
    who, api = story.citizen.who, story.citizen.api
    if api.get("/v1/me").json["level"] == 0:
        wrong = {"name": "李四", "id_number": who["id_number"]}
        yield "a wrong name: " + refused(
            "name_mismatch", lambda: api.post("/v1/me/real-name", wrong)
        )
    right = {"name": who["name"], "id_number": who["id_number"]}
    account = api.post("/v1/me/real-name", right).json
    check(account["level"] == 1 and account["name"] != who["name"], "level 1, name masked")
    path = f"/citizens/{story.citizen.openid}/phone-code"
    code = story.citizen.phone.post(path).json["code"]
    account = api.post("/v1/me/phone", {"code": code}).json
    yield f"{account['name']}, {account['phone']}"


def consents(story: Story) -> Iterator[str]:
    """The citizen reads what data is used for, and agrees to what is needed"""
    api = story.citizen.api
    given = []
    for each in api.get("/v1/me/consents").json["consents"]:
        if each["status"] != "GIVEN":
            body = {"version": each["version"], "given": True}
            found = api.put(f"/v1/me/consents/{each['purpose']}", body).json
            check(found["status"] == "GIVEN", f"consent to {each['purpose']}")
            given.append(each["title"])
    asked = [each for each in api.get("/v1/me/consents").json["consents"] if each["ask"]]
    check(asked == [], "nothing is asked twice")
    yield "、".join(given) or "all given before"


def choose_item(story: Story) -> Iterator[str]:
    """The citizen finds the item and reads what it asks for"""
    found = Wire(story.citizen.api.base).get("/v1/items?q=%E6%8C%96%E6%8E%98").json["items"]
    item = next(each for each in found if each["name"].startswith(ITEM))
    story.facts["item"] = story.citizen.api.get(f"/v1/items/{item['code']}").json
    yield f"{item['name']} ({item['agency']}): {item['promised']}, {item['fee']}"


def fill_form(story: Story) -> Iterator[str]:
    """A draft is opened; each field is saved as it is typed"""
    api, code = story.citizen.api, story.facts["item"]["code"]
    for case in api.get("/v1/cases?limit=100").json["cases"]:
        if case["state"] == "DRAFT" and case["item_code"] == code:
            api.call("DELETE", f"/v1/cases/{case['id']}")
    draft = api.post("/v1/cases", {"item_code": code}).json
    again = api.post("/v1/cases", {"item_code": code}).json
    check(again["id"] == draft["id"], "one draft per item")
    story.facts["case"] = draft["id"]
    for name, value in FORM.items():
        api.put(f"/v1/cases/{story.case}/form/{name}", {"value": value})
    wrong = {"value": "泥土"}
    yield "a wrong answer: " + refused(
        "form_invalid", lambda: api.put(f"/v1/cases/{story.case}/form/surface_type", wrong)
    )
    saved = api.get(f"/v1/cases/{story.case}").json
    check(saved["form"] == FORM, "the form as it was typed")
    yield f"{len(FORM)} fields saved"


def upload(story: Story) -> Iterator[str]:
    """Photos and documents are uploaded; what is no picture is refused"""
    yield "a text that says it is a photo: " + refused(
        "material_type_refused",
        lambda: story.citizen.upload(
            story.case, "M02", "执照.jpg", b"not a picture at all", "image/jpeg"
        ),
    )
    files = {
        "M02": ("营业执照.jpg", papers.licence(blurred=True), "image/jpeg"),
        "M03": ("规划文件.pdf", papers.document("Planning approval"), "application/pdf"),
        "M04": ("施工图.jpg", papers.photo("Plan", blurred=True), "image/jpeg"),
        "M05": ("施工组织方案.pdf", papers.document("Works plan", 3), "application/pdf"),
        "M06": ("管线.png", papers.drawing("Pipes"), "image/png"),
    }
    for code, (name, content, media) in files.items():
        found = story.citizen.upload(story.case, code, name, content, media)
        yield f"{code} {name}: {found['mime']}, {found['pages']} page(s), {found['size']} bytes"


def read(story: Story) -> Iterator[str]:
    """A blurred photo is refused with a reason, a good one fills the form"""
    api, case = story.citizen.api, f"/v1/cases/{story.case}"

    def checked() -> dict[str, Any] | None:
        slots = api.get(f"{case}/materials").json["slots"]
        found = next(each["check"] for each in slots if each["code"] == "M02")
        return dict(found) if found and found["state"] != "WAITING" else None

    blocks = [
        f
        for f in wait_for("the check", checked, READING_SECONDS)["findings"]
        if f["severity"] == "BLOCKS"
    ]
    check([each["code"] for each in blocks] == ["blurred"], "the blurred photo is found")
    yield f"M02: {blocks[0]['sentence']}"
    wish = {"another": True}
    yield "submitted all the same: " + refused(
        "materials_blocked", lambda: api.post(f"{case}/submit", wish, key=new_key())
    )
    api.put(f"{case}/form/contractor", {"value": None})
    story.citizen.upload(story.case, "M02", "执照2.jpg", papers.licence(), "image/jpeg")
    found = wait_for("the check", checked, READING_SECONDS)
    check(found["findings"] == [], f"nothing to say of the good photo: {found['findings']}")
    offered = api.get(f"{case}/suggestions").json["suggestions"]
    read = {each["field"]: each["value"] for each in offered}
    check(read == {"contractor": papers.BUSINESS}, f"the firm is read: {read}")
    taken = api.post(f"{case}/suggestions/contractor").json
    yield f"施工单位 read off the licence and confirmed: {taken['value']}"


def choose_courier(story: Story) -> Iterator[str]:
    """The citizen wants the result by post"""
    choice = {"method": "POST", "address": ADDRESS}
    found = story.citizen.api.put(f"/v1/cases/{story.case}/delivery", choice).json
    check(found["method"] == "POST", "by post")
    yield "by post"


def submit(story: Story) -> Iterator[str]:
    """The application is submitted, twice by a shaky finger"""
    key = new_key()
    path = f"/v1/cases/{story.case}/submit"
    # An earlier run may have left an application that nobody has decided yet.
    wish = {"another": True}
    receipt = story.citizen.api.post(path, wish, key=key).json
    check(story.citizen.api.post(path, wish, key=key).json == receipt, "the same receipt twice")
    story.facts |= receipt
    yield f"办件编号 {receipt['case_no']}, query code {receipt['query_code']}"


def look_up(story: Story) -> Iterator[str]:
    """The family looks it up with the query code, without an account"""
    anyone = Wire(story.citizen.api.base)
    last4 = story.citizen.who["id_number"][-4:]
    query = {"query_code": story.facts["query_code"], "id_last4": last4}
    found = anyone.post("/v1/progress", query).json
    check(found["case_no"] == story.facts["case_no"], "the same case")
    wrong = {**query, "id_last4": "0000"}
    yield "wrong digits: " + refused("case_unknown", lambda: anyone.post("/v1/progress", wrong))
    yield f"{found['state_text']}; {found['waiting_for']['text']}"


def find_faults(story: Story) -> Iterator[str]:
    """The window reviews every material and asks for two corrections at once"""
    story.window.login()
    story.window.api.post(f"/staff/v1/cases/{story.case}/claim")
    for code in ("M02", "M03", "M05"):
        story.window.judge(story.case, code)
    story.window.judge(story.case, "M04", "BLURRED", "图上的尺寸看不清")
    story.window.judge(story.case, "M06", "WRONG_DOCUMENT", "这是平面图")
    everything = [
        {
            "material_code": "M04",
            "reason_code": "BLURRED",
            "requirement": "请重新拍摄清晰的施工图。",
        },
        {
            "material_code": "M06",
            "reason_code": "WRONG_DOCUMENT",
            "requirement": "请上传地下管线分布资料。",
        },
    ]
    path = f"/staff/v1/cases/{story.case}/correction"
    half = {"items": everything[:1], "opinion": ""}
    yield "half of it: " + refused(
        "correction_incomplete", lambda: story.window.api.post(path, half)
    )
    story.window.api.post(path, {"items": everything, "opinion": "请补齐以下两项。"})
    yield "correction notice with 2 items"


def correct(story: Story) -> Iterator[str]:
    """The citizen is told, corrects both and resubmits"""
    progress = story.citizen.progress(story.case)
    check(progress["state"] == "CORRECTION_REQUIRED", "waits for the citizen")
    for item in progress["correction"]["items"]:
        yield f"{item['name']}: {item['requirement']}"
    text = "材料需要补正,请查看清单"
    wait_for("the message", lambda: any(text in str(m["data"]) for m in story.citizen.outbox()))
    yield "the subscribe message arrived"
    path = f"/v1/cases/{story.case}/resubmit"
    yield "nothing corrected: " + refused(
        "correction_unanswered", lambda: story.citizen.api.post(path, key=new_key())
    )
    story.citizen.upload(story.case, "M04", "施工图2.jpg", papers.photo("Plan 2"), "image/jpeg")
    pipes = papers.document("Underground pipes", 1)
    story.citizen.upload(story.case, "M06", "管线资料.pdf", pipes, "application/pdf")
    receipt = story.citizen.api.post(path, key=new_key()).json
    check(receipt["case_no"] == story.facts["case_no"], "the same case number")
