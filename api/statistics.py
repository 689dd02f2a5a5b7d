"""Statistics (数据分析) for supervision: as JSON, and as a table for a spreadsheet."""

import csv
import io
from collections.abc import Mapping

from pydantic import BaseModel
from sanic.response import HTTPResponse

from api.auth import SUPERVISOR
from api.call import Call
from api.periods import PeriodQuery
from api.routes import Binary, Routes
from services.actors import Officer
from services.periods import PeriodInvalid
from services.statistics import Figures, Report

statistics = Routes("supervision", "/staff/v1/supervision", SUPERVISOR)
ROUTES = (statistics,)

# What a spreadsheet would take for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")
COLUMNS: Mapping[str, str] = {
    "filed": "申请数",
    "accepted": "受理数",
    "accepted_on_time": "按时受理数",
    "accepted_on_time_share": "按时受理率",
    "deemed": "视为受理数",
    "decided": "办结数",
    "rejected": "不予许可数",
    "decided_on_time": "承诺期限内办结数",
    "decided_on_time_share": "承诺期限内办结率",
    "average_working_days": "平均办理工作日",
    "served": "送达数",
    "online": "全程网办数",
    "online_share": "全程网办率",
    "ratings": "评价数",
    "average_stars": "平均星级",
    "bad_ratings": "差评数",
}


class FiguresView(BaseModel):
    """Shares are of 1; null where there is nothing to divide by. See the glossary for words.

    ``average_working_days``: from acceptance to decision, the first day not counted, special
    procedures included. ``online``: served without anybody having come to a counter. ``states``:
    where the cases that were filed in the period stand now.
    """

    filed: int
    accepted: int
    accepted_on_time: int
    accepted_on_time_share: float | None
    deemed: int
    decided: int
    rejected: int
    decided_on_time: int
    decided_on_time_share: float | None
    average_working_days: float | None
    served: int
    online: int
    online_share: float | None
    ratings: int
    average_stars: float | None
    bad_ratings: int
    states: dict[str, int]

    @classmethod
    def of(cls, figures: Figures) -> "FiguresView":
        values = {name: getattr(figures, name) for name in COLUMNS}
        return cls(**values, states=dict(sorted(figures.states.items())))


class AgencyFigures(BaseModel):
    agency: str
    figures: FiguresView


class ItemFiguresView(BaseModel):
    item_code: str
    item_name: str
    agency: str
    figures: FiguresView


class ReportView(BaseModel):
    first_day: str
    last_day: str
    total: FiguresView
    agencies: list[AgencyFigures]
    items: list[ItemFiguresView]

    @classmethod
    def of(cls, report: Report) -> "ReportView":
        return cls(
            first_day=report.period.first.isoformat(),
            last_day=report.period.last.isoformat(),
            total=FiguresView.of(report.total),
            agencies=[
                AgencyFigures(agency=agency, figures=FiguresView.of(figures))
                for agency, figures in report.agencies.items()
            ],
            items=[
                ItemFiguresView(
                    item_code=item.code,
                    item_name=item.name,
                    agency=item.agency,
                    figures=FiguresView.of(item.figures),
                )
                for item in report.items
            ],
        )


@statistics.add("GET", "/statistics", query=PeriodQuery, answer=ReportView, errors=(PeriodInvalid,))
async def get_statistics(call: Call[Officer]) -> ReportView:
    """Tell what each item and agency did in a period of a year at most."""
    return ReportView.of(await call.ctx.statistics.report(*call.query(PeriodQuery).days))


@statistics.add(
    "GET",
    "/statistics.csv",
    query=PeriodQuery,
    answer=Binary(("text/csv",)),
    errors=(PeriodInvalid,),
)
async def get_table(call: Call[Officer]) -> HTTPResponse:
    """Tell the same as a table, an item a line (UTF-8 with a mark that spreadsheets read)."""
    report = await call.ctx.statistics.report(*call.query(PeriodQuery).days)
    days = f"{report.period.first:%Y%m%d}-{report.period.last:%Y%m%d}"
    return HTTPResponse(
        b"\xef\xbb\xbf" + _table(report).encode(),
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="statistics-{days}.csv"',
            "Cache-Control": "no-store",
        },
    )


def _table(report: Report) -> str:
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow(["部门", "事项编码", "事项名称", *COLUMNS.values()])
    for item in report.items:
        names = map(_plain, (item.agency, item.code, item.name))
        lines.writerow([*names, *_numbers(item.figures)])
    lines.writerow(["合计", "", "", *_numbers(report.total)])
    return text.getvalue()


def _numbers(figures: Figures) -> list[int | float | str]:
    found = [getattr(figures, name) for name in COLUMNS]
    return ["" if number is None else number for number in found]


def _plain(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA) else text
