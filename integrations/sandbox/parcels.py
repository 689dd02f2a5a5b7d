"""Parcels and how they walk from one state to the next."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from sqlite3 import Row
from typing import Any

from .answers import local_time
from .store import Store

# kuaidi100: 0 transit, 1 collected, 2 problem, 3 signed, 4 returned and signed, 5 delivering,
# 6 returning, 7 forwarded, 14 refused.
STATES = {
    "1": ("揽收", "【掌办县】中国邮政已收取快件"),
    "0": ("在途", "快件到达【掌办县邮件处理中心】，正在转运"),
    "5": ("派件", "快件正在派送，投递员电话 13800000099"),
    "3": ("签收", "快件已签收，签收人：本人"),
    "2": ("疑难", "收件地址联系不上，快件暂存网点"),
    "14": ("拒签", "收件人拒收快件"),
    "6": ("退回", "快件正在退回寄件人"),
    "4": ("退签", "快件已退回，寄件人已签收"),
    "7": ("转投", "快件已转投"),
}
_NEXT = {None: "1", "1": "0", "0": "5", "5": "3", "2": "5", "14": "6", "6": "4", "7": "0"}
_FINAL = {"3", "4"}


class OtherParcel(Exception):
    """The order number already stands for a parcel with other contents."""


class CannotAdvance(Exception):
    """The parcel has arrived, or has no such next state."""


@dataclass(frozen=True)
class NewParcel:
    order_number: str
    company: str
    param: str
    receiver: str
    push_url: str


@dataclass(frozen=True)
class Parcels:
    store: Store
    now: Callable[[], float]

    def order(self, new: NewParcel) -> str:
        """Return the waybill; the same order again is the same parcel. Raise ``OtherParcel``."""
        with self.store.transaction():
            known = self.store.one("SELECT * FROM parcels WHERE order_number = ?", new.order_number)
            if known is not None:
                if known["param"] != new.param:
                    raise OtherParcel
                return str(known["waybill"])
            waybill = f"wxsandbox{secrets.randbelow(10**12):012d}"
            self.store.run(
                "INSERT INTO parcels VALUES (?, ?, ?, ?, ?, ?, NULL, ?)",
                waybill,
                new.order_number,
                new.company,
                new.param,
                new.receiver,
                new.push_url,
                self.now(),
            )
        return waybill

    def advance(self, waybill: str, state: str | None) -> tuple[str, str] | None:
        """Take one step; return the new state and the push address, None for no such parcel.

        Call it inside a transaction. Raise ``CannotAdvance``.
        """
        row = self.store.one("SELECT * FROM parcels WHERE waybill = ?", waybill)
        if row is None:
            return None
        if row["state"] in _FINAL:
            raise CannotAdvance("快件已签收")
        following = state or _NEXT[row["state"]]
        if following not in STATES:
            raise CannotAdvance("没有这种快件状态")
        self.store.run("UPDATE parcels SET state = ? WHERE waybill = ?", following, waybill)
        self.store.run(
            "INSERT INTO scans (waybill, state, context, at) VALUES (?, ?, ?, ?)",
            waybill,
            following,
            STATES[following][1],
            self.now(),
        )
        return following, row["push_url"]

    def track(self, waybill: str, company: str | None = None) -> dict[str, Any] | None:
        """Return a query's answer, None before the first scan and for unknown parcels."""
        row = self.store.one("SELECT * FROM parcels WHERE waybill = ?", waybill)
        if row is None or row["state"] is None or company not in {None, row["company"]}:
            return None
        signed = row["state"] in _FINAL
        return {
            "message": "ok",
            "status": "200",
            "nu": waybill,
            "com": row["company"],
            "state": row["state"],
            "ischeck": "1" if signed else "0",
            "condition": "F00" if signed else "00",
            "data": self.scans(waybill),
        }

    def scans(self, waybill: str) -> list[dict[str, str]]:
        rows = self.store.all("SELECT * FROM scans WHERE waybill = ? ORDER BY seq DESC", waybill)
        return [_scan(row) for row in rows]

    def all(self) -> list[dict[str, Any]]:
        """Return every parcel as the phone shows it, newest first."""
        rows = self.store.all("SELECT * FROM parcels ORDER BY created_at DESC, waybill")
        return [
            {name: row[name] for name in ("waybill", "order_number", "receiver", "state")}
            | {"data": self.scans(row["waybill"])}
            for row in rows
        ]


def _scan(row: Row) -> dict[str, str]:
    at = local_time(row["at"])
    return {
        "time": at,
        "ftime": at,
        "context": row["context"],
        "status": STATES[row["state"]][0],
        "statusCode": row["state"],
    }
