"""发货信息录入: the mini-program's platform hears how what was paid for goes out."""

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from wechatpy.exceptions import WeChatClientException

from integrations.wechat.client import AsyncWechatClient
from services.errors import OutsideUnavailable, ShipmentRefused
from services.ports.shipping import Shipment, Ships

SHANGHAI = timezone(timedelta(hours=8))
BY_TRANSACTION, AT_ONCE = 2, 1
LOGISTICS: Mapping[Ships, int] = {Ships.EXPRESS: 1, Ships.VIRTUAL: 3, Ships.PICKUP: 4}
# Results travel by the post alone (邮政法55); this is its name in the platform's list of carriers.
POST = "EMS"
MOST_CHARS = 120
# It has the same already, so that our last answer was lost.
KNOWN = frozenset({10060023})
# Its order is not there, shipped and corrected already, not to be shipped, or somebody else's.
REFUSED = frozenset({10060001, 10060002, 10060003, 10060004, 10060031})


class WechatShipments:
    """``POST /wxa/sec/order/upload_shipping_info``, one parcel or none per order."""

    def __init__(self, client: AsyncWechatClient) -> None:
        self._client = client

    async def tell(self, shipment: Shipment, at: datetime) -> None:
        """Tell it; raise ``ShipmentRefused``, ``TooMany`` or ``OutsideUnavailable``."""
        parcel: dict[str, Any] = {"item_desc": shipment.contents[:MOST_CHARS]}
        if shipment.waybill is not None:
            parcel |= {"tracking_no": shipment.waybill, "express_company": POST}
        message = {
            "order_key": {
                "order_number_type": BY_TRANSACTION,
                "transaction_id": shipment.transaction_id,
            },
            "logistics_type": LOGISTICS[shipment.ships],
            "delivery_mode": AT_ONCE,
            "shipping_list": [parcel],
            "upload_time": at.astimezone(SHANGHAI).isoformat(timespec="milliseconds"),
            "payer": {"openid": shipment.payer},
        }
        try:
            await self._client.program.upload_shipping_info(message)
        except WeChatClientException as error:
            if error.errcode in KNOWN:
                return
            if error.errcode in REFUSED:
                raise ShipmentRefused(str(error.errcode)) from None
            raise OutsideUnavailable from None
