"""The statutory holidays of years that the State Council has not announced yet.

The library ``holidays`` knows the lunar calendar; it is read once, when the table is seeded.
"""

import importlib.metadata
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import holidays

FIRST_YEAR = 2027
LAST_YEAR = 2030
# Days in lieu are a rule of ours, and what was moved is the State Council's to say.
NOT_STATUTORY = re.compile("补假|调休")


@dataclass(frozen=True)
class StatutoryDay:
    """A statutory holiday of all citizens, its name and where it was read."""

    date: date
    name: str
    source: str


def statutory_days(first: int = FIRST_YEAR, last: int = LAST_YEAR) -> Iterator[StatutoryDay]:
    """Yield the statutory holidays of some years; two that fall on one day are two."""
    source = f"holidays {importlib.metadata.version('holidays')}"
    found = holidays.country_holidays("CN", years=range(first, last + 1), language="zh_CN")
    for day, names in sorted(found.items()):
        for name in names.split("; "):
            if not NOT_STATUTORY.search(name):
                yield StatutoryDay(day, name, source)
