"""Until when a document is good, as it is printed: days, 长期, and the many ways to write them."""

import re
from datetime import date, timedelta

LONG_TERM = date.max
"""长期: no end."""

END_LABELS = ("有效期限", "有效期至", "有效期", "营业期限", "有效日期")
_DAY = re.compile(r"(\d{4})[年.\-/](\d{1,2})[月.\-/](\d{1,2})日?")
_YEARS = re.compile(r"(\d{1,2})年(?!\d)")


def ends_in(text: str) -> date | None:
    """Return the last day that a validity names, None when it names none.

    Of "2016.05.01-2036.05.01" that is the second day; of one day alone, that day ("有效期至"), or
    so many years from it ("2021年3月1日起6年"). Years alone count from no day that stands there.
    """
    if "长期" in text:
        return LONG_TERM
    matches = list(_DAY.finditer(text))
    days = [day for match in matches if (day := _day(match)) is not None]
    if not days or len(days) < len(matches):
        # A day that does not exist was misread, and the one beside it is the wrong one to take.
        return None
    lasts = _YEARS.search(_DAY.sub("", text))
    if len(days) == 1 and lasts is not None:
        return _after(days[0], int(lasts[1]))
    return days[-1]


def _day(match: re.Match[str]) -> date | None:
    try:
        return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return None


def _after(start: date, years: int) -> date:
    try:
        return start.replace(year=start.year + years) - timedelta(days=1)
    except ValueError:
        return date(start.year + years, 2, 28)
