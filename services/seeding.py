"""Seeds: the catalogue, the windows, the calendar. Repeating them changes nothing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Protocol

import yaml

from models.calendar import WorkDay
from models.catalogue import DIRECTORY
from models.staff import Window
from models.unit import transaction
from services.items import Items

CALENDAR_VERSION = "2026.1"


class Day(Protocol):
    """An announced day."""

    @property
    def date(self) -> date: ...

    @property
    def is_workday(self) -> bool: ...

    @property
    def source(self) -> str: ...


def catalogue() -> Sequence[Mapping[str, Any]]:
    """Return the item bodies of the catalogue's files, by file name."""
    return [_load(file) for file in sorted(DIRECTORY.glob("item*.yaml"))]


def _load(file: Path) -> Any:
    return yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)


@dataclass(frozen=True)
class Seeding:
    items: Items

    async def seed(self, days: Iterable[Day]) -> int:
        """Publish the catalogue, windows and calendar; return how many items were new."""
        await self._windows()
        await self._calendar(days)
        published = [await self.items.publish(body) for body in catalogue()]
        return sum(published)

    @transaction
    async def _windows(self) -> None:
        known = set(await Window.all().values_list("id", flat=True))
        new = [row for row in _load(DIRECTORY / "windows.yaml") if row["id"] not in known]
        await Window.bulk_create([Window(**row) for row in new])

    @transaction
    async def _calendar(self, days: Iterable[Day]) -> None:
        known = set(await WorkDay.all().values_list("date", flat=True))
        await WorkDay.bulk_create(
            [
                WorkDay(
                    date=day.date,
                    is_workday=day.is_workday,
                    status="OFFICIAL",
                    source=day.source,
                    version=CALENDAR_VERSION,
                )
                for day in days
                if day.date not in known
            ]
        )
