"""Seeds: the catalogue, the windows, the calendar. Repeating them changes nothing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from models.catalogue import DIRECTORY
from models.rules.units import UnitKind
from models.staff import OrgUnit, Window
from models.unit import transaction
from services.actors import SYSTEM
from services.audit import Audit
from services.calendar_seeds import Announced, Holiday
from services.editions import Editions
from services.errors import Problem
from services.item_checks import Examination, ItemChecks, ItemRefused
from services.items import Items, VersionNotNewer
from services.questions import Questions, read_questions


def catalogue(folder: Path = DIRECTORY) -> Sequence[Mapping[str, Any]]:
    """Return the item bodies of the catalogue's files, by file name."""
    return [_load(file) for file in sorted(folder.glob("item*.yaml"))]


def _load(file: Path) -> Any:
    return yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)


class SeedRefused(Exception):
    """An item of the catalogue that may not be published."""

    def __init__(self, body: Mapping[str, Any], problem: Problem) -> None:
        name = f"{body.get('name')} {body.get('version')}"
        lines = [f"{fault.pointer} {fault.detail}" for fault in problem.faults]
        super().__init__("\n".join([f"{name}: {problem.text}", *lines]))


@dataclass(frozen=True)
class Seeding:
    items: Items
    checks: ItemChecks
    questions: Questions
    editions: Editions
    audit: Audit
    folder: Path = DIRECTORY

    async def seed(self, announced: Iterable[Announced], holidays: Iterable[Holiday] = ()) -> int:
        """Publish the catalogue, windows, calendar and questions; return how many items were new.

        Raise ``SeedRefused`` for an item that breaks a rule, before any item is published.
        """
        await self._units()
        await self._windows()
        await self.editions.seed(announced, holidays)
        found = [await self._examine(body) for body in catalogue(self.folder)]
        published = [await self._publish(each) for each in found]
        asked = read_questions(_load(self.folder / "questions.yaml"))
        await self.questions.load(asked, keep=True)
        return sum(published)

    async def _examine(self, body: Mapping[str, Any]) -> Examination:
        try:
            return await self.checks.check(body)
        except ItemRefused as error:
            raise SeedRefused(body, error) from error

    async def _publish(self, found: Examination) -> bool:
        try:
            return await self._put(found)
        except VersionNotNewer as error:
            raise SeedRefused(found.body, error) from error

    @transaction
    async def _units(self) -> None:
        """Add the county's hall and its townships, and the agencies of the items."""
        places = _load(self.folder / "units.yaml")
        agencies = {str(b["agency_uscc"]): str(b["agency"]) for b in catalogue(self.folder)}
        rows = [
            *places,
            *(
                {
                    "id": uscc,
                    "name": name,
                    "kind": UnitKind.AGENCY,
                    "uscc": uscc,
                    "region": uscc[2:8],
                    "parent_id": None,
                }
                for uscc, name in sorted(agencies.items())
            ),
        ]
        known = {word for unit in await OrgUnit.all() for word in (unit.id, unit.name)}
        new = [row for row in rows if not known & {row["id"], row["name"]}]
        await OrgUnit.bulk_create([OrgUnit(**row) for row in new])

    @transaction
    async def _put(self, found: Examination) -> bool:
        if not await self.items.put(found):
            return False
        facts = {"version": str(found.body["version"])}
        await self.audit.record(SYSTEM, "item.seed", "item", found.body["code"], facts)
        return True

    @transaction
    async def _windows(self) -> None:
        known = set(await Window.all().values_list("id", flat=True))
        new = [row for row in _load(self.folder / "windows.yaml") if row["id"] not in known]
        await Window.bulk_create([Window(**row) for row in new])
