"""The courier port over the wire, and forged pushes."""

import asyncio
import hashlib
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrations.courier import KuaidiCourier, read_track
from integrations.http import Http
from services.errors import CallbackForged, OutsideUnavailable
from services.ports import Contact, Parcel, Track, TrackPoint, TrackStatus
from tests.integrations.outside import Outside

HALL = Contact("掌办县政务服务中心", "13800000090", "掌办县", "政务路1号")
WANG = Contact("王建国", "13800000001", "掌办县", "幸福路2号")
SALT = "published-nowhere"
ANSWER: dict[str, Any] = {
    "message": "ok",
    "status": "200",
    "nu": "EA123456789CN",
    "com": "ems",
    "state": "3",
    "ischeck": "1",
    "data": [
        {"time": "2026-03-03 09:30:00", "context": "已签收", "statusCode": "301"},
        {"time": "2026-03-02 08:00:00", "context": "已揽收", "statusCode": "1"},
    ],
}


def parcel(number: str = "ZB-P-1", contents: str = "不动产权证书") -> Parcel:
    return Parcel(number, HALL, WANG, contents)


def make(outside: Outside, http: Http, **changes: str) -> KuaidiCourier:
    account = outside.credentials
    values = {
        "order_url": f"{outside.url}/order/borderapi.do",
        "query_url": f"{outside.url}/poll/query.do",
        "push_url": outside.notify_url.replace("wechatpay", "courier"),
        "customer": account.courier_customer,
        "key": account.courier_key,
        "salt": account.courier_salt,
    }
    return KuaidiCourier(http, **(values | changes))


@pytest.fixture
def courier(outside: Outside, http: Http) -> KuaidiCourier:
    return make(outside, http)


def offline() -> KuaidiCourier:
    nowhere = "http://127.0.0.1:9/"
    return KuaidiCourier(
        Http(),
        order_url=nowhere,
        query_url=nowhere,
        push_url=nowhere,
        customer="c",
        key="k",
        salt=SALT,
    )


def push(param: str, salt: str = SALT) -> dict[str, str]:
    sign = hashlib.md5((param + salt).encode()).hexdigest().upper()
    return {"param": param, "sign": sign}


async def test_the_same_number_is_the_same_parcel(courier: KuaidiCourier, outside: Outside) -> None:
    waybills = {await courier.create(parcel()) for _ in range(3)}
    assert len(waybills) == 1
    waybills.add(await courier.create(parcel("ZB-P-2")))
    assert len(waybills) == 2
    parcels = await outside.look("parcels")
    assert {item["order_number"] for item in parcels} == {"ZB-P-1", "ZB-P-2"}
    assert all("王建国" in item["receiver"] and "幸福路2号" in item["receiver"] for item in parcels)


async def test_a_lost_answer_orders_one_parcel(courier: KuaidiCourier, outside: Outside) -> None:
    await outside.fault("/order", drop=True, after=True)
    with pytest.raises(OutsideUnavailable):
        await courier.create(parcel())
    waybill = await courier.create(parcel())
    assert [item["waybill"] for item in await outside.look("parcels")] == [waybill]


async def test_another_parcel_under_the_same_number_is_refused(courier: KuaidiCourier) -> None:
    await courier.create(parcel())
    with pytest.raises(OutsideUnavailable):
        await courier.create(parcel(contents="别的东西"))


async def test_before_it_was_collected_there_is_nothing_to_tell(courier: KuaidiCourier) -> None:
    waybill = await courier.create(parcel())
    assert await courier.track(waybill) == Track(waybill, ())


async def test_a_parcel_walks_to_its_receiver(courier: KuaidiCourier, outside: Outside) -> None:
    waybill = await courier.create(parcel())
    for _ in range(4):
        await outside.phone(f"parcels/{waybill}/advance")
    track = await courier.track(waybill)
    assert [point.status for point in track.points] == [
        TrackStatus.COLLECTED,
        TrackStatus.IN_TRANSIT,
        TrackStatus.DELIVERING,
        TrackStatus.SIGNED,
    ]
    assert all(point.text for point in track.points)
    age = datetime.now(UTC) - track.points[-1].at
    assert 0 <= age.total_seconds() < 10
    async with asyncio.timeout(3):
        while len(outside.posted) < 4:  # noqa: ASYNC110 - it happens on the sandbox's side
            await asyncio.sleep(0.01)
    pushed = [courier.read_push(dict(parse_qsl(body.decode()))) for _, body in outside.posted]
    assert track in pushed
    assert {len(each.points) for each in pushed} == {1, 2, 3, 4}


@pytest.mark.parametrize(
    ("state", "status"),
    [("2", "PROBLEM"), ("14", "PROBLEM"), ("6", "RETURNED"), ("7", "IN_TRANSIT")],
)
async def test_states_become_ours(
    courier: KuaidiCourier, outside: Outside, state: str, status: str
) -> None:
    waybill = await courier.create(parcel())
    await outside.phone(f"parcels/{waybill}/advance", state=state)
    assert (await courier.track(waybill)).points[-1].status == status


@pytest.mark.parametrize("fault", [{"status": 500}, {"code": "503"}, {"drop": True, "times": 3}])
async def test_a_sick_courier_is_unavailable(
    courier: KuaidiCourier, outside: Outside, fault: dict[str, object]
) -> None:
    for prefix, act in (("/order", courier.create(parcel())), ("/poll", courier.track("w"))):
        await outside.fault(prefix, **fault)
        with pytest.raises(OutsideUnavailable):
            await act
        await outside.clear_faults()
    assert await outside.look("parcels") == []


async def test_a_wrong_key_orders_nothing(outside: Outside, http: Http) -> None:
    with pytest.raises(OutsideUnavailable):
        await make(outside, http, key="wrong").create(parcel())
    assert await outside.look("parcels") == []


def test_an_answer_is_read_oldest_first_and_in_utc() -> None:
    assert read_track(ANSWER) == Track(
        "EA123456789CN",
        (
            TrackPoint(datetime(2026, 3, 2, 0, 0, tzinfo=UTC), TrackStatus.COLLECTED, "已揽收"),
            TrackPoint(datetime(2026, 3, 3, 1, 30, tzinfo=UTC), TrackStatus.SIGNED, "已签收"),
        ),
    )


def test_a_push_is_read() -> None:
    track = offline().read_push(push(json.dumps({"status": "shutdown", "lastResult": ANSWER})))
    assert track.waybill == "EA123456789CN"
    assert len(track.points) == 2


ODD = {
    "nothing": {},
    "no sign": {"param": json.dumps({"lastResult": ANSWER})},
    "wrong sign": push(json.dumps({"lastResult": ANSWER}), "other salt"),
    "sign is not ASCII": {"param": "{}", "sign": "é"},
    "no JSON": push("{"),
    "deep": push("[" * 100_000),
    "too large": push(json.dumps({"lastResult": ANSWER, "x": "x" * 300_000})),
    "not an object": push("[]"),
    "no result": push("{}"),
    "no number": push(json.dumps({"lastResult": {**ANSWER, "nu": ""}})),
    "no data": push(json.dumps({"lastResult": {**ANSWER, "data": None}})),
    "unknown state": push(
        json.dumps({"lastResult": {**ANSWER, "data": [{**ANSWER["data"][0], "statusCode": "99"}]}})
    ),
    "odd time": push(
        json.dumps({"lastResult": {**ANSWER, "data": [{**ANSWER["data"][0], "time": "now"}]}})
    ),
}


@pytest.mark.parametrize("form", ODD.values(), ids=ODD.keys())
def test_an_odd_push_is_refused(form: dict[str, str]) -> None:
    with pytest.raises(CallbackForged):
        offline().read_push(form)


@given(st.dictionaries(st.sampled_from(["param", "sign", "x"]), st.text()), st.text())
@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
def test_a_strangers_push_is_refused(form: dict[str, str], param: str) -> None:
    for pushed in (form, push(param)):
        with pytest.raises(CallbackForged):
            offline().read_push(pushed)
