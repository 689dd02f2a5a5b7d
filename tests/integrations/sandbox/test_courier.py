import hashlib
import json
from functools import partial
from typing import Any
from urllib.parse import parse_qs

import pytest

from .world import Receiver, Sandbox, eventually

ORDER = {
    "kuaidicom": "ems",
    "recManName": "王建国",
    "recManMobile": "13800000001",
    "recManPrintAddr": "某省某市掌办县人民路1号",
    "sendManName": "政务服务中心",
    "sendManMobile": "13800000090",
    "sendManPrintAddr": "某省某市掌办县政务大厅",
    "cargo": "证件",
    "thirdOrderId": "parcel-1",
}


async def _call(sandbox: Sandbox, path: str, value: Any, **form: str) -> Any:
    text = json.dumps(value, ensure_ascii=False)
    credentials = sandbox.credentials
    signed = text + credentials.courier_key + credentials.courier_customer
    fields = {
        "customer": credentials.courier_customer,
        "param": text,
        "sign": hashlib.md5(signed.encode()).hexdigest().upper(),
    }
    answer = await sandbox.call("POST", path, data=fields | form)
    assert answer.status == 200
    return answer.json


def _has(receiver: Receiver, count: int) -> bool:
    return len(receiver.got) >= count


async def _order(sandbox: Sandbox, **changes: Any) -> Any:
    return await _call(sandbox, "/order/borderapi.do", ORDER | changes, method="bOrder")


async def _query(sandbox: Sandbox, waybill: str) -> Any:
    return await _call(sandbox, "/poll/query.do", {"com": "ems", "num": waybill})


async def test_a_parcel_walks_from_the_counter_to_the_door(
    sandbox: Sandbox, receiver: Receiver
) -> None:
    ordered = await _order(sandbox)
    assert (ordered["result"], ordered["returnCode"]) == (True, "200")
    waybill = ordered["data"]["kuaidinum"]
    assert waybill.startswith("wxsandbox")
    nothing_yet = await _query(sandbox, waybill)
    assert (nothing_yet["result"], nothing_yet["returnCode"]) == (False, "500")

    for count, state in enumerate(["1", "0", "5", "3"], start=1):
        step = await sandbox.phone(f"/parcels/{waybill}/advance")
        assert step.json == {"waybill": waybill, "state": state}
        track = await _query(sandbox, waybill)
        assert (track["state"], len(track["data"])) == (state, count)
        assert track["ischeck"] == ("1" if state == "3" else "0")
        assert {"time", "context"} <= track["data"][0].keys()
        await eventually(partial(_has, receiver, count))
    assert track["data"][0]["context"].startswith("快件已签收")
    assert (await sandbox.phone(f"/parcels/{waybill}/advance")).status == 409
    assert len((await _query(sandbox, waybill))["data"]) == 4


async def test_every_step_is_pushed_signed_and_repeated(
    sandbox: Sandbox, receiver: Receiver
) -> None:
    receiver.statuses = [500]
    waybill = (await _order(sandbox))["data"]["kuaidinum"]
    await sandbox.phone(f"/parcels/{waybill}/advance", state="3")
    await eventually(lambda: len(receiver.got) == 2)
    assert receiver.got[0].body == receiver.got[1].body
    form = {name: values[0] for name, values in parse_qs(receiver.got[0].body.decode()).items()}
    signed = form["param"] + sandbox.credentials.courier_salt
    assert form["sign"] == hashlib.md5(signed.encode()).hexdigest().upper()
    told = json.loads(form["param"])
    assert told["status"] == "shutdown"
    assert told["lastResult"] == await _query(sandbox, waybill)


async def test_the_same_order_is_the_same_parcel(sandbox: Sandbox) -> None:
    first, again = await _order(sandbox), await _order(sandbox)
    assert first["data"]["kuaidinum"] == again["data"]["kuaidinum"]
    other = await _order(sandbox, recManName="李秀英")
    assert (other["result"], other["returnCode"]) == (False, "501")
    (parcel,) = await sandbox.listed("/parcels")
    assert parcel["receiver"].startswith("王建国")


async def test_unsigned_and_broken_calls(sandbox: Sandbox) -> None:
    for form in ({"sign": "0" * 32}, {"customer": "somebody"}, {"param": "{}"}):
        refused = await _call(sandbox, "/order/borderapi.do", ORDER, method="bOrder", **form)
        assert (refused["result"], refused["returnCode"]) == (False, "503")
    assert (await _order(sandbox, recManMobile=""))["returnCode"] == "400"
    assert (await _order(sandbox, callBackUrl="http://example.org/"))["returnCode"] == "400"
    assert (await _call(sandbox, "/order/borderapi.do", ["list"]))["returnCode"] == "400"
    assert await sandbox.listed("/parcels") == []
    assert (await _query(sandbox, "wxsandbox1"))["returnCode"] == "500"


@pytest.mark.parametrize(
    ("walk", "last"), [(["2"], "5"), (["14"], "6"), (["6"], "4"), (["7"], "0")]
)
async def test_what_follows_a_mishap(sandbox: Sandbox, walk: list[str], last: str) -> None:
    waybill = (await _order(sandbox))["data"]["kuaidinum"]
    for state in walk:
        await sandbox.phone(f"/parcels/{waybill}/advance", state=state)
    assert (await sandbox.phone(f"/parcels/{waybill}/advance")).json["state"] == last


async def test_a_step_that_does_not_exist_is_not_taken(
    sandbox: Sandbox, receiver: Receiver
) -> None:
    waybill = (await _order(sandbox))["data"]["kuaidinum"]
    assert (await sandbox.phone(f"/parcels/{waybill}/advance", state="99")).status == 409
    assert (await sandbox.phone("/parcels/nothing/advance")).status == 404
    assert await sandbox.listed("/callbacks") == []
    assert receiver.got == []
