"""Readings (自动预审): each uploaded file is read by a machine, after the upload was answered.

Nothing waits for it: with the reader down people file all the same, and what was missed is read
when it is back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

import orjson

from models.case import Case
from models.database import rows
from models.material import Material
from models.material_page import MaterialPage
from models.reading import MaterialReading
from models.rules.reading import judging
from models.rules.reading.fields import FieldName, fields_of
from models.rules.reading.findings import blocks
from models.rules.reading.stored import dump, load
from models.rules.reading.validity import LONG_TERM
from models.rules.reading.values import Reading
from models.rules.reading.wants import Wants, wants_of
from models.unit import transaction
from services import filings
from services.cases import Cases
from services.errors import MaterialUnreadable
from services.items import PublishedItem
from services.nudges import nudge_material
from services.ports import Crypto, Jobs, MaterialFiles, NewJob
from services.ports.reading import MaterialReader, Sheet

READ = "material.read"
PURPOSE = "material.reading"
FORGET = """
DELETE FROM material_readings r USING materials m, cases c
WHERE m.id = r.material_id AND c.id = m.case_id AND c.state = 'VOIDED'"""
LONG_AGO = timedelta(minutes=10)
AT_ONCE = 200


class ReadingState(StrEnum):
    """Where the reading of a version stands; UNREADABLE: no machine can open it, a person looks."""

    WAITING = "WAITING"
    READ = "READ"
    UNREADABLE = "UNREADABLE"


async def copy(jobs: Jobs, origin: Material, made: Material) -> None:
    """Let a version that is the same file in another case have the same reading, in the caller's
    transaction; what waits is read there too."""
    row = await MaterialReading.get_or_none(material_id=origin.id)
    if row is None:
        return
    await MaterialReading.create(
        material_id=made.id,
        state=row.state,
        engine=row.engine,
        sealed=row.sealed,
        asked_at=row.asked_at,
        read_at=row.read_at,
    )
    if row.state == ReadingState.WAITING.value:
        await jobs.enqueue(READ, {"material_id": str(made.id)}, key=f"{READ}:{made.id}")


def wants_for(item: PublishedItem, code: str) -> Wants | None:
    """Return what an item wants of the reading of one of its materials."""
    spec = next((each for each in item.materials if each["code"] == code), {})
    return wants_of(spec)


def lasts_until(reading: Reading) -> date | None:
    """Return the first day on which a page stops being good; None for 长期 or where none stands."""
    found = [
        date.fromisoformat(each.text)
        for each in fields_of(reading)
        if each.name is FieldName.VALID_UNTIL
    ]
    first = min(found, default=LONG_TERM)
    return None if first == LONG_TERM else first


def opened(crypto: Crypto, row: MaterialReading) -> Reading | None:
    """Return what was read, None while nothing is."""
    if row.sealed is None:
        return None
    return load(orjson.loads(crypto.open(row.sealed, PURPOSE)))


@dataclass(frozen=True)
class Readings:
    """``reader`` None: this installation has the machine switched off; people look."""

    cases: Cases
    crypto: Crypto
    files: MaterialFiles
    reader: MaterialReader | None

    async def ask(self, material: Material, item: PublishedItem) -> None:
        """Have an upload read, in the caller's transaction, where the item says what to read."""
        if self.reader is None or wants_for(item, material.code) is None:
            return
        await MaterialReading.create(
            material_id=material.id,
            state=ReadingState.WAITING.value,
            asked_at=self.cases.clock.now(),
        )
        jobs = self.cases.transitions.jobs
        await jobs.enqueue(READ, {"material_id": str(material.id)}, key=f"{READ}:{material.id}")

    @transaction
    async def sweep(self) -> None:
        """Ask again for what waits though nothing reads it (every 10 minutes).

        The reader was switched off meanwhile, or so long down that its job was given up. What was
        read of drafts that were given up goes.
        """
        await rows(FORGET)
        if self.reader is None:
            return
        before = self.cases.clock.now() - LONG_AGO
        waiting = MaterialReading.filter(state=ReadingState.WAITING.value, asked_at__lt=before)
        ids = (
            await waiting.order_by("asked_at").limit(AT_ONCE).values_list("material_id", flat=True)
        )
        await self.cases.transitions.jobs.enqueue_all(
            [NewJob(READ, {"material_id": str(each)}, f"{READ}:{each}") for each in ids]
        )

    async def read(self, payload: Mapping[str, Any]) -> None:
        """Read one material (job); a second time changes nothing.

        Raises ``ReaderDown``, so that the job comes again.
        """
        material_id = UUID(payload["material_id"])
        row = await MaterialReading.get_or_none(material_id=material_id).select_related("material")
        # A draft that was erased took its materials with it.
        if self.reader is None or row is None or row.state != ReadingState.WAITING.value:
            return
        try:
            reading = await self.reader.read(await self._sheets(row.material))
        except MaterialUnreadable:
            reading = None
        await self._note(material_id, reading)

    async def _sheets(self, material: Material) -> Sequence[Sheet]:
        photos = await MaterialPage.filter(material_id=material.id).order_by("no")
        if not photos:
            return [self._sheet(material, material.pages)]
        # The photos themselves are sharper than the document that was bound of them.
        return [self._sheet(photo, 1) for photo in photos]

    def _sheet(self, of: Material | MaterialPage, pages: int) -> Sheet:
        return Sheet(of.working_mime, of.working_size, self.files.read(of.working_key), pages)

    @transaction
    async def _note(self, material_id: UUID, reading: Reading | None) -> None:
        material = await Material.get_or_none(id=material_id)
        if material is None:
            return
        # Held, so that a submission has either ended or not begun.
        case = await Case.filter(id=material.case_id).select_for_update().get()
        row = await MaterialReading.filter(material_id=material_id).select_for_update().get()
        if row.state != ReadingState.WAITING.value:
            return
        row.state = ReadingState.UNREADABLE.value
        if reading is not None:
            row.state = ReadingState.READ.value
            row.engine = reading.engine
            row.sealed = self.crypto.seal(orjson.dumps(dump(reading)), PURPOSE)
            await self._block(case, material, reading)
            if (until := lasts_until(reading)) is not None:
                await Material.filter(id=material.id).update(valid_until=until)
        row.read_at = self.cases.clock.now()
        await row.save(update_fields=["state", "engine", "sealed", "read_at"])
        nudge_material(self.cases.transitions, material.case_id, material.code)

    async def _block(self, case: Case, material: Material, reading: Reading) -> None:
        # What was filed unread is filed: now an officer looks, and only they can ask for another.
        if (await filings.of_case(case)).holds(material):
            return
        item = await self.cases.items.version(case.item_version_id)
        wants = wants_for(item, material.code)
        if wants is not None and blocks(judging.form_of(reading, wants)):
            await Material.filter(id=material.id).update(blocked=True)
