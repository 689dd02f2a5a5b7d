"""The adapter behind the port ``Printer``: fpdf2 with Noto Serif SC, in a thread of its own."""

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from pylopdf_fonts_zh_cn import serif_path

from integrations.printing.page import CELL_PAD, COLUMN, LEFT, Pages

SHANGHAI = ZoneInfo("Asia/Shanghai")
BODY, BODY_LEADING = 14.0, 8.0
TABLE, TABLE_LEADING = 12.0, 6.2
BASIS_LEADING = 6.8
SMALL, SMALL_LEADING = 10.5, 5.6
NUMBER_COLUMN = 14.0
LEAST_COLUMN = 22.0
MOST_LINES = 34  # of a row on one page
QR_SIDE = 28.0
CLOSING_HEIGHT = 58.0
PLAIN_CLOSING_HEIGHT = 34.0  # without a code to check it by


class PdfPrinter:
    """Prints one document after another: fonts are large, and nobody waits for a page."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="printing")

    async def print(self, content: Mapping[str, Any]) -> bytes:
        """Return the PDF of a document's content; equal content gives equal bytes."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, printed, content)

    async def close(self) -> None:
        self._thread.shutdown(cancel_futures=True)


def printed(content: Mapping[str, Any]) -> bytes:
    """Lay a document out and return its bytes; takes some hundredths of a second of one core."""
    dated = datetime.fromisoformat(content["dated"]).replace(tzinfo=SHANGHAI)
    title = f"{content['title']} {content['number']}"
    pages = Pages(serif_path(), title, content["organ"], dated)
    _head(pages, content)
    for block in content["blocks"]:
        if "text" in block:
            pages.paragraph(block["text"], BODY, BODY_LEADING)
        else:
            _table(pages, block)
    _closing(pages, content)
    pages.number(content["number"])
    return pages.output()


def _head(pages: Pages, content: Mapping[str, Any]) -> None:
    pages.size(26)
    for line in pages.wrapped(content["organ"], COLUMN):
        pages.line(line, 13, align="C", bold=True, red=True)
    pages.y += 2
    pages.size(13)
    pages.line(content["number"], 8, align="C")
    pages.y += 1
    pages.rule(red=True)
    pages.y += 8
    pages.size(22)
    for line in pages.wrapped(content["title"], COLUMN):
        pages.line(line, 11, align="C", bold=True)
    if content["subtitle"]:
        pages.size(14)
        pages.line(content["subtitle"], 8, align="C")
    pages.y += 5
    pages.paragraph(f"{content['addressee']}：", BODY, BODY_LEADING, indent=False)


def _table(pages: Pages, block: Mapping[str, Any]) -> None:
    pages.size(BODY)
    pages.y += 1.5
    # A heading stays with its table.
    pages.keep(BODY_LEADING + 6 * TABLE_LEADING)
    pages.line(f"{block['heading']}：", BODY_LEADING, bold=True)
    pages.size(TABLE)
    widths = _widths(block)
    pages.row([[name] for name in block["columns"]], widths, TABLE_LEADING, head=True)
    for row in block["rows"]:
        cells = [
            pages.wrapped(cell, width - 2 * CELL_PAD)
            for cell, width in zip(row, widths, strict=True)
        ]
        for part in _parts(cells):
            pages.row(part, widths, TABLE_LEADING, head=False)
    pages.y += 2.5


def _widths(block: Mapping[str, Any]) -> list[float]:
    """Share the width among the columns by how much they have to say."""
    weights = [
        min(max(len(row[place]) for row in (block["columns"], *block["rows"])), 60) ** 0.6
        for place in range(1, len(block["columns"]))
    ]
    room = COLUMN - NUMBER_COLUMN
    least = min(LEAST_COLUMN, room / len(weights))
    free = room - least * len(weights)
    return [NUMBER_COLUMN, *(least + free * weight / sum(weights) for weight in weights)]


def _parts(cells: Sequence[Sequence[str]]) -> list[list[Sequence[str]]]:
    """Cut a row that is higher than a page."""
    most = max(len(lines) for lines in cells)
    return [
        [lines[start : start + MOST_LINES] for lines in cells]
        for start in range(0, most, MOST_LINES)
    ]


def _closing(pages: Pages, content: Mapping[str, Any]) -> None:
    basis = f"法律依据：{content['basis']}。"
    # A page with nothing but a signature could belong to anything.
    closing = CLOSING_HEIGHT if "link" in content else PLAIN_CLOSING_HEIGHT
    pages.keep(pages.height(basis, TABLE, BASIS_LEADING) + closing)
    pages.paragraph(basis, TABLE, BASIS_LEADING)
    pages.y += BODY_LEADING / 2
    pages.size(BODY)
    pages.line(content["organ"], BODY_LEADING, align="R", width=COLUMN - 8)
    pages.line(content["dated_text"], BODY_LEADING, align="R", width=COLUMN - 8)
    pages.y += 6
    if "link" in content:
        _check_code(pages, content)
    else:
        pages.paragraph(content["note"], SMALL, SMALL_LEADING, indent=False)


def _check_code(pages: Pages, content: Mapping[str, Any]) -> None:
    top = pages.y
    pages.qr(content["link"], LEFT, top, QR_SIDE)
    pages.size(SMALL)
    pages.y = top + 1
    beside = QR_SIDE + 5
    code = content["check"]
    for text in (
        "扫左边的码，可以核对这份文书是真是假，以及现在是否有效。",
        f"核对码：{' '.join(code[at : at + 5] for at in range(0, len(code), 5))}",
        f"网址：{content['link']}",
        "这份文书有电子签名，和盖章的纸质文书效力相同（国务院令第716号）。",
    ):
        for line in pages.wrapped(text, COLUMN - beside):
            pages.line(line, SMALL_LEADING, x=LEFT + beside, width=COLUMN - beside)
