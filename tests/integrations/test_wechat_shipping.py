"""发货信息 over the wire."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from integrations.wechat.client import AsyncWechatClient
from integrations.wechat.shipping import WechatShipments
from services.errors import OutsideUnavailable, ShipmentRefused, TooMany
from services.ports.shipping import Shipment, Ships
from tests.billing import ChannelBooks
from tests.integrations.outside import LI, WANG, Outside

PATH = "/wxa/sec/order/upload_shipping_info"
AT = datetime(2026, 3, 2, 4, 0, 0, 120000, tzinfo=UTC)


@pytest.fixture
def shipment(outside: Outside, tmp_path: Path) -> Shipment:
    transaction = ChannelBooks(tmp_path / "outside").paid("20260302aaa", 8000, AT)
    return Shipment(transaction, WANG, Ships.VIRTUAL, "不动产登记费")


@pytest.fixture
def shipments(wechat: AsyncWechatClient) -> WechatShipments:
    return WechatShipments(wechat)


async def test_a_service_then_its_parcel_are_told(
    outside: Outside, shipments: WechatShipments, shipment: Shipment
) -> None:
    await shipments.tell(shipment, AT)
    [told] = await outside.look("shipments")
    assert told["told"] == [3, [{"item_desc": "不动产登记费"}]]
    await shipments.tell(shipment, AT + timedelta(seconds=1))
    parcel = replace(shipment, ships=Ships.EXPRESS, waybill="1151499000012")
    await shipments.tell(parcel, AT + timedelta(days=20))
    [told] = await outside.look("shipments")
    assert told["uploads"] == 2
    assert told["told"] == [
        1,
        [
            {
                "item_desc": "不动产登记费",
                "tracking_no": "1151499000012",
                "express_company": "EMS",
            }
        ],
    ]
    with pytest.raises(ShipmentRefused) as refused:
        await shipments.tell(replace(shipment, ships=Ships.PICKUP), AT + timedelta(days=21))
    assert refused.value.reason == "10060003"


async def test_an_order_of_nobody_and_of_somebody_else_are_refused(
    outside: Outside, shipments: WechatShipments, shipment: Shipment
) -> None:
    for wrong, reason in (
        (replace(shipment, transaction_id="42000"), "10060001"),
        (replace(shipment, payer=LI), "10060031"),
    ):
        with pytest.raises(ShipmentRefused) as refused:
            await shipments.tell(wrong, AT)
        assert refused.value.reason == reason
    assert await outside.look("shipments") == []


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"code": -1}, OutsideUnavailable),
        ({"code": 48001}, OutsideUnavailable),
        ({"code": 10060012}, OutsideUnavailable),
        ({"status": 500}, OutsideUnavailable),
        ({"code": 45011}, TooMany),
        ({"code": 10060004}, ShipmentRefused),
    ],
)
async def test_what_may_pass_is_told_from_what_is_for_good(
    outside: Outside,
    shipments: WechatShipments,
    shipment: Shipment,
    fault: dict[str, Any],
    error: type[Exception],
) -> None:
    await outside.fault(PATH, **fault)
    with pytest.raises(error):
        await shipments.tell(shipment, AT)
    await shipments.tell(shipment, AT)
    assert len(await outside.look("shipments")) == 1


async def test_an_answer_that_was_lost_is_no_second_upload(
    outside: Outside, shipments: WechatShipments, shipment: Shipment
) -> None:
    await outside.fault(PATH, drop=True, after=True)
    with pytest.raises(OutsideUnavailable):
        await shipments.tell(shipment, AT)
    await shipments.tell(shipment, AT + timedelta(seconds=5))
    [told] = await outside.look("shipments")
    assert told["uploads"] == 1
