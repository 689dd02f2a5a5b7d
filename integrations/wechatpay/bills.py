"""Bills of WeChat Pay: asked for with a signature, downloaded, and checked against their digest."""

import asyncio
import re
from datetime import date
from urllib.parse import urlsplit

from integrations.wechatpay.bill_files import digest_of, lines, read_flow, read_trades, unpacked
from integrations.wechatpay.errors import ChannelRefused
from integrations.wechatpay.exchange import Exchange
from services.errors import BillAbsent, BillDamaged, BillPending, OutsideUnavailable
from services.ports.bills import FundFlow, TradeBill

TOTAL_SECONDS = 60.0
MAX_FILE_BYTES = 32 * 1024 * 1024
TRADES, FLOW, FILES = "/v3/bill/tradebill", "/v3/bill/fundflowbill", "/v3/billdownload/"
_SHA1 = re.compile(r"[0-9a-f]{40}")
# A refusal is not signed: whoever hears one of these has to bear that it may be wrong.
_REASONS: dict[str, type[OutsideUnavailable]] = {
    "NO_STATEMENT_EXIST": BillAbsent,
    "STATEMENT_CREATING": BillPending,
}


class WechatBills:
    """The port ``Bills`` over an exchange whose answers may be as large as a day's bill."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    async def trades(self, day: date) -> TradeBill:
        packed, digest = await self._file(f"{TRADES}?bill_date={day}&bill_type=ALL&tar_type=GZIP")
        # A large bill takes a while to unpack, and the loop has others to serve.
        return await asyncio.to_thread(self._read_trades, packed, digest)

    async def flow(self, day: date) -> FundFlow:
        packed, digest = await self._file(
            f"{FLOW}?bill_date={day}&account_type=BASIC&tar_type=GZIP"
        )
        return await asyncio.to_thread(_read_flow, packed, digest)

    def _read_trades(self, packed: bytes, digest: str) -> TradeBill:
        _check(packed, digest)
        return read_trades(lines(unpacked(packed)), self._exchange.merchant, digest)

    async def _file(self, target: str) -> tuple[bytes, str]:
        """Return the packed bytes of a bill and the digest that the platform signed for it."""
        try:
            answer = await self._exchange.ask("GET", target)
        except ChannelRefused as refused:
            raise _REASONS.get(refused.reason, OutsideUnavailable) from refused
        digest = str(answer.get("hash_value", "")).lower()
        if answer.get("hash_type") != "SHA1" or not _SHA1.fullmatch(digest):
            raise BillDamaged
        reply = await self._exchange.send("GET", self._target(answer.get("download_url")))
        if reply.status != 200:
            raise OutsideUnavailable
        return reply.body, digest

    def _target(self, url: object) -> str:
        """Return path and query of an address on one of our hosts; anywhere else is refused.

        It goes out with our signature, so only the platform's own hosts may ever see it.
        """
        for host in self._exchange.hosts if isinstance(url, str) else ():
            target = str(url).removeprefix(host)
            if target != url and target.startswith(FILES) and _is_plain(target):
                return target
        raise BillDamaged


def _read_flow(packed: bytes, digest: str) -> FundFlow:
    _check(packed, digest)
    return read_flow(lines(unpacked(packed)), digest)


def _check(packed: bytes, digest: str) -> None:
    if digest_of(packed) != digest:
        raise BillDamaged


def _is_plain(target: str) -> bool:
    parts = urlsplit(target)
    plain = all("!" <= char <= "~" for char in target) and len(target) <= 2048
    return plain and not parts.fragment and ".." not in parts.path
