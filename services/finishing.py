"""The end of an upload: all its bytes become a material, or a file that waits for its slot."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any, Protocol
from uuid import UUID

from models.database import DatabaseLost, rows
from models.ids import uuid7
from models.unit import transaction
from models.upload import Upload, UploadPart, UploadState
from services.actors import Citizen
from services.errors import Problem, Unavailable
from services.files import display_name
from services.materials import MEGABYTE, Materials
from services.ports import Clock, Crypto, StoredFile, TakenIn
from services.ports.uploads import Part, UploadParts
from services.upload_limits import check_room
from services.upload_problems import UploadBusy, UploadGone, UploadUnknown

FINISH = "upload.finish"
NAME_PURPOSE = "upload.name"
KEY_PURPOSE = "upload.key"
KEY_BYTES = 32
MAX_BYTES = 20 * MEGABYTE
"""No material of any item may be larger."""
FORMATS = ("jpg", "png", "pdf")
"""Whatever some slot takes; the slot has its own word when the file is put into it."""
LIFE = timedelta(days=1)
"""After the last byte, and again once it is looked at."""
LEASE = timedelta(minutes=2)
"""How long a finisher that died keeps others out; one that lives renews it."""
RENEW_SECONDS = 30.0
SETTLED = (
    "state",
    "material_id",
    "stored",
    "sha256",
    "refusal",
    "refusal_text",
    "expires_at",
)
BATCH = 100

OVER = """
SELECT id FROM uploads WHERE expires_at <= $1 AND (leased_until IS NULL OR leased_until <= $1)
ORDER BY expires_at LIMIT $2"""


class Deletable(Protocol):
    """Rows that were asked for and can go."""

    def delete(self) -> Awaitable[object]: ...


@dataclass(frozen=True)
class Finishing:
    clock: Clock
    crypto: Crypto
    parts: UploadParts
    materials: Materials

    async def finish(self, who: Citizen, upload_id: UUID) -> Upload:
        """Look at the whole file and put it where it belongs.

        Raises ``UploadBusy`` while somebody else does, ``Unavailable`` when another attempt may
        help, and the refusal of a file or slot, after which the upload is over. Who was overtaken
        or whose upload was ended meanwhile decides nothing: what stands is returned.
        """
        upload = await self._claim(upload_id)
        if upload.state is not UploadState.OPEN:
            return upload
        refused: Problem | None = None
        try:
            async with self._leased(upload):
                await self._place(who, upload)
        except Problem as refusal:
            if isinstance(refusal, Unavailable):
                await self._release(upload)
                raise
            upload.state, refused = UploadState.REFUSED, refusal
            upload.refusal, upload.refusal_text = refusal.code, refusal.text[:300]
        except BaseException:
            await self._release(upload)
            raise
        if not await self._settle(upload):
            return await self._standing(upload_id)
        await self.clear(upload_id)
        if refused is not None:
            raise refused
        return upload

    @asynccontextmanager
    async def _leased(self, upload: Upload) -> AsyncIterator[None]:
        """Renew the lease for as long as the block lasts."""
        renewing = asyncio.create_task(self._keep_leased(upload))
        try:
            yield
        finally:
            renewing.cancel()

    async def _keep_leased(self, upload: Upload) -> None:
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            with suppress(DatabaseLost):
                await self._renew(upload)

    @transaction
    async def _renew(self, upload: Upload) -> None:
        # One that is lost stays lost: the lease is somebody else's then, or nobody's.
        held = Upload.filter(id=upload.id, lease=upload.lease)
        await held.update(leased_until=self.clock.now() + LEASE)

    async def _place(self, who: Citizen, upload: Upload) -> None:
        chunks, name = self._bytes_of(upload), self.name_of(upload)
        if upload.case_id is not None and upload.code is not None:
            made = await self.materials.upload(who, upload.case_id, upload.code, chunks, name)
            upload.state, upload.material_id = UploadState.FILED, made.held.material.id
            return
        taken = await self._take_in(chunks)
        upload.state, upload.stored = UploadState.STORED, stored_as(taken)
        upload.sha256 = taken.original.sha256

    async def _take_in(self, chunks: AsyncIterator[bytes]) -> TakenIn:
        return await self.materials.files.take_in(chunks, max_bytes=MAX_BYTES, formats=FORMATS)

    async def take_whole(
        self, who: Citizen, chunks: AsyncIterator[bytes], file_name: str
    ) -> tuple[Upload, bool]:
        """Take in a whole file at once, for a slot that is chosen later; True when it is new.

        Raises ``UploadsTooMany`` and what ``MaterialFiles.take_in`` raises.
        """
        # Asked before a byte is stored, too: what was taken in stays in the store for a week.
        await check_room(who.account_id, 1, self.clock.now(), is_open=False)
        taken = await self._take_in(chunks)
        return await self._keep(who, taken, display_name(file_name))

    @transaction
    async def _keep(self, who: Citizen, taken: TakenIn, name: str) -> tuple[Upload, bool]:
        now = self.clock.now()
        await rows("SELECT id FROM accounts WHERE id = $1 FOR UPDATE", [who.account_id])
        same = Upload.filter(
            account_id=who.account_id,
            state=UploadState.STORED,
            sha256=taken.original.sha256,
            expires_at__gt=now,
        )
        if (there := await same.first()) is not None:
            return there, False
        size = taken.original.size
        await check_room(who.account_id, size, now, is_open=False)
        made = await Upload.create(
            id=uuid7(),
            account_id=who.account_id,
            name_sealed=self.crypto.seal(name.encode(), NAME_PURPOSE),
            key_sealed=self.new_key(),
            size=size,
            received=size,
            state=UploadState.STORED,
            stored=stored_as(taken),
            sha256=taken.original.sha256,
            created_at=now,
            expires_at=now + LIFE,
        )
        return made, True

    def new_key(self) -> bytes:
        """Return a fresh secret, sealed, of which the keys of the parts are made."""
        return self.crypto.seal(secrets.token_bytes(KEY_BYTES), KEY_PURPOSE)

    def name_of(self, upload: Upload) -> str:
        """Return what the owner calls the file."""
        return self.crypto.open(upload.name_sealed, NAME_PURPOSE).decode()

    async def _bytes_of(self, upload: Upload) -> AsyncIterator[bytes]:
        found = await UploadPart.filter(upload_id=upload.id).order_by("start")
        parts = [Part(each.id, each.size) for each in found]
        secret = self.crypto.open(upload.key_sealed, KEY_PURPOSE)
        async for chunk in self.parts.read(secret, parts):
            yield chunk

    @transaction
    async def _claim(self, upload_id: UUID) -> Upload:
        upload = await Upload.filter(id=upload_id).select_for_update().first()
        if upload is None:
            raise UploadUnknown
        now = self.clock.now()
        if upload.state.is_over or upload.expires_at <= now:
            raise UploadGone(facts={"refusal": upload.refusal})
        if upload.is_leased(now):
            raise UploadBusy
        if upload.state is UploadState.OPEN:
            upload.lease, upload.leased_until = uuid7(), now + LEASE
            await upload.save(update_fields=["lease", "leased_until"])
        return upload

    @transaction
    async def _settle(self, upload: Upload) -> bool:
        """Write down what became of an upload; False when its lease was lost meanwhile."""
        upload.expires_at = self.clock.now() + LIFE
        became = {name: getattr(upload, name) for name in SETTLED}
        held = Upload.filter(id=upload.id, lease=upload.lease)
        return bool(await held.update(**became, lease=None, leased_until=None))

    async def _standing(self, upload_id: UUID) -> Upload:
        upload = await Upload.get_or_none(id=upload_id)
        if upload is None:
            raise UploadUnknown
        return upload

    @transaction
    async def _release(self, upload: Upload) -> None:
        held = Upload.filter(id=upload.id, lease=upload.lease)
        await held.update(lease=None, leased_until=None)

    async def run(self, payload: Mapping[str, Any]) -> None:
        """Do the job: finish what its sender did not stay for. Raises ``Unavailable``."""
        upload = await Upload.get_or_none(id=UUID(payload["upload"]))
        if upload is None or upload.shown_state is not UploadState.CHECKING:
            return
        # The session that brought the bytes may be over; the right to the slot is asked anew.
        who = Citizen(upload.account_id, UUID(int=0))
        try:
            await self.finish(who, upload.id)
        except UploadBusy as busy:
            raise Unavailable from busy
        except Unavailable:
            raise
        except Problem:
            # Its owner reads the refusal from the upload.
            return

    async def clear(self, upload_id: UUID) -> None:
        """Remove the parts of an upload that is over; what a broken store keeps the sweep finds."""
        with suppress(Unavailable):
            await self._clear(upload_id)

    async def _clear(self, upload_id: UUID) -> None:
        found = await UploadPart.filter(upload_id=upload_id)
        await self.parts.remove([part.id for part in found])
        await self._forget(UploadPart.filter(upload_id=upload_id))

    async def sweep(self) -> int:
        """Remove uploads that expired, and parts that no upload knows; return how many uploads."""
        swept = 0
        while batch := await rows(OVER, [self.clock.now(), BATCH]):
            for row in batch:
                await self._clear(row["id"])
                await self._forget(Upload.filter(id=row["id"]))
                swept += 1
        stale = await self.parts.stale()
        known = await UploadPart.filter(id__in=stale).values_list("id", flat=True)
        await self.parts.remove(set(stale).difference(known))
        return swept

    @transaction
    async def _forget(self, found: Deletable) -> None:
        await found.delete()


def stored_as(taken: TakenIn) -> dict[str, Any]:
    """Return what intake made, as JSON."""
    return asdict(taken)


def taken_of(upload: Upload) -> TakenIn:
    """Return what intake made of an upload that is STORED."""
    stored = dict(upload.stored)
    files = {
        name: StoredFile(**stored[name]) if stored[name] else None
        for name in ("original", "working", "thumbnail")
    }
    return TakenIn(**{**stored, **files})
