"""The file of a certificate: the library's own, or a sheet that tells what was found (核验单)."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from models.rules.calendar import SHANGHAI, day_of
from models.vault import CertificateQuery
from services.errors import MaterialTypeRefused, MaterialUnreadable, TooLarge
from services.ports import MaterialFiles, Printer, TakenIn
from services.ports.certificates import Certificate, CertificateAsked

MAX_BYTES = 8 * 1024 * 1024
TITLE = "电子证照核验单"
ORGAN = "掌办系统核验"
BASIS = "国务院令第716号第七条"
MOST_FIELDS = 12  # on one page; all of them are kept with the question
NOTE = "这份核验单由系统根据证照库的答复生成，只用于上面写明的事项。"


@dataclass(frozen=True)
class Sheets:
    files: MaterialFiles
    printer: Printer

    async def file(
        self, query: CertificateQuery, asked: CertificateAsked, found: Certificate
    ) -> TakenIn:
        """Store what stands for a certificate; raise ``Unavailable`` when the store takes nothing.

        A file that nobody could open safely is not taken over: then the sheet says it all.
        """
        if found.file is not None:
            try:
                return await self._take(found.file)
            except (TooLarge, MaterialTypeRefused, MaterialUnreadable):
                pass
        return await self._take(await self.printer.print(content(query, asked, found)))

    async def _take(self, paper: bytes) -> TakenIn:
        return await self.files.take_in(_whole(paper), max_bytes=MAX_BYTES, formats=["pdf"])


def content(
    query: CertificateQuery, asked: CertificateAsked, found: Certificate
) -> Mapping[str, Any]:
    """Return what the sheet says, as the printer takes it."""
    verified = query.answered_at or query.asked_at
    rows = [
        ("证照名称", found.kind),
        ("证照编号", found.number),
        ("持证人", asked.holder_name),
        ("发证机关", found.issuer),
        ("发证日期", _day(found.issued_on, "没有注明")),
        ("有效期至", _day(found.valid_until, "长期")),
        *list(found.fields.items())[:MOST_FIELDS],
    ]
    numbered = [[str(no), *row] for no, row in enumerate(rows, start=1)]
    return {
        "title": TITLE,
        "subtitle": "数据库核对一致",
        "number": f"核验编号 {query.id}",
        "organ": ORGAN,
        "addressee": asked.holder_name,
        "blocks": [
            {"text": f"用途：{query.purpose}。"},
            {"text": f"核验时间：{_time(verified)}。核验结果：与{found.source}的数据一致。"},
            {"heading": "证照内容", "columns": ["序号", "项目", "内容"], "rows": numbered},
        ],
        "basis": BASIS,
        "dated": day_of(verified).isoformat(),
        "dated_text": _day(day_of(verified), ""),
        "note": NOTE,
    }


def _day(day: date | None, otherwise: str) -> str:
    return otherwise if day is None else f"{day.year}年{day.month}月{day.day}日"


def _time(moment: datetime) -> str:
    here = moment.astimezone(SHANGHAI)
    return f"{_day(here.date(), '')}{here:%H:%M:%S}"


async def _whole(content: bytes) -> AsyncIterator[bytes]:
    yield content
