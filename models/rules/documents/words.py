"""How documents write days, times, money and punctuation, so that they can also be read aloud."""

import re
from datetime import date, datetime

from models.rules.calendar import SHANGHAI

WEEKDAYS = "一二三四五六日"
_FULL = str.maketrans(",:;?!()", "，：；？！（）")
# A mark between two letters or digits belongs to them (9:00, 1,000); any other is a Chinese one.
_MARK = re.compile(r"(?<![A-Za-z0-9])[,:;?!()]|[,:;?!()](?![A-Za-z0-9])")
_BLANKS = re.compile(r"(?<=[，：；？！（）]) +| +(?=[，：；？！（）])")
_HAN = re.compile(r"[\u3400-\u9fff]")


def day_text(day: date) -> str:
    """Return a day with its weekday: 2026年3月9日（星期一）."""
    return f"{plain_day(day)}（星期{WEEKDAYS[day.weekday()]}）"


def plain_day(day: date) -> str:
    """Return a day as documents are dated: 2026年3月9日."""
    return f"{day.year}年{day.month}月{day.day}日"


def moment_text(moment: datetime) -> str:
    """Return a time in China to the minute: 2026年3月2日9时10分."""
    there = moment.astimezone(SHANGHAI)
    return f"{plain_day(there.date())}{there.hour}时{there.minute:02d}分"


def money_text(fen: int) -> str:
    """Return an amount in yuan: 3750元, 12.50元."""
    yuan, rest = divmod(fen, 100)
    return f"{yuan}.{rest:02d}元" if rest else f"{yuan}元"


def official(text: str) -> str:
    """Return a Chinese text with the punctuation of an official document."""
    if not _HAN.search(text):
        return text.strip()
    full = _MARK.sub(lambda mark: mark[0].translate(_FULL), text.strip())
    return _BLANKS.sub("", full)


def listed(names: list[str]) -> str:
    """Return names in one sentence, without a mark at the end: 甲、乙、丙."""
    return "、".join(official(name) for name in names)
