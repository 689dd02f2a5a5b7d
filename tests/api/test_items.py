"""The catalogue over HTTP: list, search, detail, validators."""

import pytest

from tests import make
from tests.world import World


async def test_the_twelve_items_page_in_order(world: World) -> None:
    codes: list[str] = []
    cursor = ""
    while True:
        answer = await world.http.get(f"/v1/items?limit=5{cursor}")
        assert answer.status == 200
        codes += [item["code"] for item in answer.json["items"]]
        if answer.json["next_cursor"] is None:
            break
        cursor = f"&cursor={answer.json['next_cursor']}"
    assert len(codes) == 12
    assert codes == sorted(set(codes))


async def test_search_finds_by_name_and_agency_and_takes_signs_as_they_are(world: World) -> None:
    found = await world.http.get("/v1/items", params={"q": "高龄"})
    assert [item["name"] for item in found.json["items"]] == ["高龄补贴(高龄津贴)申领"]
    assert found.json["items"][0]["promised"] == "22个工作日"
    assert found.json["items"][0]["fee"] == "不收费"
    by_agency = await world.http.get("/v1/items", params={"q": "林业局"})
    assert len(by_agency.json["items"]) == 1
    for sign in ("%", "_", "\\", "'"):
        assert (await world.http.get("/v1/items", params={"q": sign})).json["items"] == []


async def test_items_are_filtered_by_who_may_apply(world: World) -> None:
    found = await world.http.get("/v1/items", params={"applicant_type": "VILLAGE_COLLECTIVE"})
    assert ["林木采伐" in item["name"] for item in found.json["items"]] == [True]


async def test_an_item_tells_what_it_asks_for(world: World) -> None:
    answer = await world.http.get(f"/v1/items/{await make.item_code('ITEM10')}")
    item = answer.json
    assert item["limits"]["promised"]["value"] == 5
    assert item["fee"]["name"] == "城市道路挖掘修复费"
    assert [each["code"] for each in item["materials"] if each["required"]] == [
        "M01",
        "M02",
        "M03",
        "M04",
        "M05",
        "M06",
    ]
    assert set(item["form_schema"]["required"]) <= set(item["form_schema"]["properties"])
    assert item["guide"]["conditions"]


@pytest.mark.requirement("材料要求细目")
async def test_a_material_is_told_whole(world: World) -> None:
    answer = await world.http.get(f"/v1/items/{await make.item_code('ITEM01')}")
    by_code = {each["code"]: each for each in answer.json["materials"]}
    rules = by_code["M06"]
    assert rules["name"] == "公共场所卫生管理制度"
    assert (rules["copies"], rules["shortfall_allowed"]) == (1, True)
    assert rules["formats"] and rules["papers"] == ["blank", "sample"]
    assert by_code["M01"]["template"] == "在线表单生成并电子签名"
    road = await world.http.get(f"/v1/items/{await make.item_code('ITEM10')}")
    assert road.json["materials"][1]["basis"] == "青神方案2018 四(三)"


@pytest.mark.requirement("格式文本和示范文本")
async def test_blank_forms_and_samples_are_downloaded(world: World) -> None:
    path = f"/v1/items/{await make.item_code('ITEM01')}/materials"
    blank, sample = [await world.http.get(f"{path}/M06/{paper}") for paper in ("blank", "sample")]
    assert blank.headers["Content-Type"] == "text/plain; charset=utf-8"
    # 卫生管理制度(格式文本).txt, as RFC 6266 writes it
    name = "%E5%8D%AB%E7%94%9F%E7%AE%A1%E7%90%86%E5%88%B6%E5%BA%A6%28%E6%A0%BC%E5%BC%8F"
    assert name in blank.headers["Content-Disposition"]
    assert blank.headers["Content-Disposition"].startswith("attachment;")
    assert "单位盖章" in blank.body.decode()
    assert sample.body.decode().startswith("示例理发店卫生管理制度")
    for missing in ("M01/blank", "M06/photo", "M77/blank"):
        answer = await world.http.get(f"{path}/{missing}")
        assert (answer.status, answer.json["code"]) == (404, "paper_unknown")


@pytest.mark.requirement("马上办/网上办/就近办/一次办")
async def test_items_are_found_by_what_they_promise(world: World) -> None:
    async def tagged(tag: str) -> list[str]:
        answer = await world.http.get("/v1/items", params={"tag": tag})
        assert all(tag in each["tags"] for each in answer.json["items"])
        return [each["name"] for each in answer.json["items"]]

    assert len(await tagged("马上办")) == 1
    nearby = await tagged("就近办")
    assert [("林木采伐" in name or "高龄" in name) for name in nearby].count(True) == 2
    assert len(await tagged("网上办")) == 11  # for real estate the originals are looked at first
    other = await world.http.get("/v1/items", params={"tag": "全国通办"})
    assert (other.status, other.json["code"]) == (422, "fields_invalid")


@pytest.mark.requirement("最多跑一次", "到厅≤2次")
async def test_an_item_tells_how_often_one_has_to_come(world: World) -> None:
    shown = (await world.http.get("/v1/items?limit=100")).json["items"]
    assert {each["max_visits"] for each in shown} <= {0, 1}
    elder = next(each for each in shown if "高龄" in each["name"])
    assert elder["max_visits"] == 0


async def test_an_unchanged_item_is_not_sent_again(world: World) -> None:
    path = f"/v1/items/{await make.item_code('ITEM06')}"
    etag = (await world.http.get(path)).headers["ETag"]
    again = await world.http.get(path, headers={"If-None-Match": etag})
    assert (again.status, again.body) == (304, b"")
    other = await world.http.get(path, headers={"If-None-Match": '"other"'})
    assert other.status == 200


async def test_a_new_version_is_shown_and_an_open_case_keeps_its_own(world: World) -> None:
    who = await make.citizen(world)
    filed = await make.draft(world, who)
    code = await make.item_code("ITEM10")
    before = (await world.http.get(f"/v1/items/{code}")).headers["ETag"]
    old = await world.ctx.items.current(code)
    assert await world.ctx.items.publish({**old.body, "version": "2026.4"}) is True
    assert await world.ctx.items.publish({**old.body, "version": "2026.4"}) is False
    now = await world.http.get(f"/v1/items/{code}")
    assert (now.json["version"], now.headers["ETag"] == before) == ("2026.4", False)
    opened = await world.ctx.cases.get(who, filed.case_id)
    assert opened.item.version == "2026.3"


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v1/items/none", 404, "item_unknown"),
        ("/v1/items?limit=0", 422, "fields_invalid"),
        ("/v1/items?limit=101", 422, "fields_invalid"),
        ("/v1/items?sort=up", 422, "fields_invalid"),
        ("/v1/items?cursor=%20", 422, "cursor_invalid"),
        ("/v1/items?q=" + "x" * 51, 422, "fields_invalid"),
        ("/v1/items?q=%00", 400, "malformed"),
        ("/v1/items/a%00b", 404, "item_unknown"),
    ],
)
async def test_odd_questions_get_clear_answers(
    world: World, path: str, status: int, code: str
) -> None:
    answer = await world.http.get(path)
    assert answer.status == status
    assert answer.json["code"] == code
