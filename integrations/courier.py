"""Parcels by a kuaidi100-style courier platform: order, track, signed pushes."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from integrations.http import Http
from services.errors import CallbackForged, OutsideUnavailable
from services.ports import Parcel, Track, TrackPoint, TrackStatus

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOTHING_YET = "500"
MAX_PUSH_CHARS = 256 * 1024

# kuaidi100's codes: 6 is on its way back, 7 was handed on, 10 to 13 are at customs.
STATUSES: Mapping[str, TrackStatus] = {
    "0": TrackStatus.IN_TRANSIT,
    "1": TrackStatus.COLLECTED,
    "2": TrackStatus.PROBLEM,
    "3": TrackStatus.SIGNED,
    "4": TrackStatus.RETURNED,
    "5": TrackStatus.DELIVERING,
    "6": TrackStatus.RETURNED,
    "7": TrackStatus.IN_TRANSIT,
    "10": TrackStatus.IN_TRANSIT,
    "11": TrackStatus.IN_TRANSIT,
    "12": TrackStatus.IN_TRANSIT,
    "13": TrackStatus.IN_TRANSIT,
    "14": TrackStatus.PROBLEM,
}
_ODD = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)


class KuaidiCourier:
    """One customer account and one carrier, by default ``ems``.

    ``order_url`` and ``query_url`` are whole URLs: in production they are on different hosts.
    The salt signs what the platform pushes to ``push_url``.
    """

    def __init__(
        self,
        http: Http,
        *,
        order_url: str,
        query_url: str,
        push_url: str,
        customer: str,
        key: str,
        salt: str,
        carrier: str = "ems",
    ) -> None:
        self._http = http
        self._order_url = order_url
        self._query_url = query_url
        self._push_url = push_url
        self._customer = customer
        self._key = key
        self._salt = salt
        self._carrier = carrier

    async def create(self, parcel: Parcel) -> str:
        """Order a pick-up and return the waybill; the same parcel number, the same waybill.

        Raise ``OutsideUnavailable`` when it is refused or the outcome is unknown.
        """
        param = {
            "kuaidicom": self._carrier,
            "recManName": parcel.receiver.name,
            "recManMobile": parcel.receiver.phone,
            "recManPrintAddr": parcel.receiver.region + parcel.receiver.detail,
            "sendManName": parcel.sender.name,
            "sendManMobile": parcel.sender.phone,
            "sendManPrintAddr": parcel.sender.region + parcel.sender.detail,
            "cargo": parcel.contents,
            "thirdOrderId": parcel.number,
            "callBackUrl": self._push_url,
        }
        answer = await self._ask(self._order_url, param, method="bOrder")
        data = answer.get("data")
        waybill = data.get("kuaidinum") if isinstance(data, dict) else None
        if answer.get("result") is not True or not isinstance(waybill, str) or not waybill:
            raise OutsideUnavailable
        return waybill

    async def track(self, waybill: str) -> Track:
        """Return where the parcel has been, oldest first; nothing before it was collected."""
        param = {"com": self._carrier, "num": waybill, "resultv2": "4"}
        answer = await self._ask(self._query_url, param)
        if answer.get("result") is False and answer.get("returnCode") == NOTHING_YET:
            return Track(waybill, ())
        try:
            track = read_track(answer)
        except _ODD as error:
            raise OutsideUnavailable from error
        if track.waybill != waybill:
            raise OutsideUnavailable
        return track

    def read_push(self, form: Mapping[str, str]) -> Track:
        """Return what was pushed; raise ``CallbackForged``, nothing else."""
        param, sign = form.get("param", ""), form.get("sign", "")
        if not isinstance(param, str) or not isinstance(sign, str) or len(param) > MAX_PUSH_CHARS:
            raise CallbackForged
        try:
            expected = signature(param, self._salt)
            if not hmac.compare_digest(sign.encode(), expected.encode()):
                raise CallbackForged
            return read_track(json.loads(param)["lastResult"])
        except _ODD as error:
            raise CallbackForged from error

    async def _ask(self, url: str, param: Mapping[str, str], **fields: str) -> dict[str, Any]:
        text = json.dumps(param, ensure_ascii=False)
        sign = signature(text, self._key, self._customer)
        form = {"customer": self._customer, "sign": sign, "param": text, **fields}
        reply = await self._http.request(
            "POST",
            url,
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            body=urlencode(form).encode(),
        )
        try:
            answer = json.loads(reply.body)
        except (ValueError, RecursionError):
            raise OutsideUnavailable from None
        if reply.status != 200 or not isinstance(answer, dict):
            raise OutsideUnavailable
        return answer


def signature(*parts: str) -> str:
    """Return the upper-case MD5 which the platform asks for."""
    return hashlib.md5("".join(parts).encode(), usedforsecurity=False).hexdigest().upper()


def read_track(answer: Mapping[str, Any]) -> Track:
    """Return the track of a query's answer; raise one of ``_ODD`` for what is not understood."""
    points = [
        TrackPoint(
            at=datetime.strptime(scan["time"], "%Y-%m-%d %H:%M:%S")
            .replace(tzinfo=SHANGHAI)
            .astimezone(UTC),
            status=STATUSES[_scan_code(scan["statusCode"])],
            text=str(scan["context"]),
        )
        for scan in answer["data"]
    ]
    waybill = answer["nu"]
    if not isinstance(waybill, str) or not waybill:
        raise ValueError("nu")
    return Track(waybill, tuple(reversed(points)))


def _scan_code(code: object) -> str:
    """Return the main code: a finer one (such as 501) begins with it and goes on by two digits."""
    text = str(code)
    return text if text in STATUSES else text[:-2]
