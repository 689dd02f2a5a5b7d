"""Uploads on their way (tus 1.0): begun, gone on with where they stopped, ended."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol
from uuid import UUID

from models.database import rows
from models.ids import uuid7
from models.unit import transaction
from models.upload import Upload, UploadPart, UploadState
from services.actors import Citizen
from services.files import display_name
from services.finishing import FINISH, KEY_PURPOSE, LIFE, MAX_BYTES, NAME_PURPOSE, Finishing
from services.materials import MEGABYTE
from services.ports import Jobs
from services.ports.uploads import Part
from services.upload_limits import check_room
from services.upload_problems import (
    UploadBusy,
    UploadChecksumWrong,
    UploadEmpty,
    UploadGone,
    UploadInPieces,
    UploadOffsetWrong,
    UploadTooLong,
    UploadUnknown,
)

LEASE = timedelta(seconds=10)
"""How long a writer that fell silent keeps others out."""
RENEW = timedelta(seconds=3)
FINISH_AFTER = timedelta(minutes=2)
MAX_PARTS = 4096


class Digest(Protocol):
    """A checksum in the making, and the one that was sent."""

    def update(self, chunk: bytes) -> None: ...

    @property
    def holds(self) -> bool: ...


@dataclass(frozen=True)
class NewUpload:
    """What an upload is begun with; ``case_id`` and ``code`` name a slot, if it is known."""

    size: int
    file_name: str = ""
    case_id: UUID | None = None
    code: str | None = None


@dataclass(frozen=True)
class Uploads:
    finishing: Finishing
    jobs: Jobs

    async def begin(self, who: Citizen, new: NewUpload) -> Upload:
        """Begin an upload.

        Raises ``UploadEmpty``, ``UploadTooLong``, ``UploadsTooMany`` and, for a slot, what
        ``Materials.takeable`` raises.
        """
        if new.size <= 0:
            raise UploadEmpty
        most = MAX_BYTES
        if new.case_id is not None and new.code is not None:
            spec = await self.finishing.materials.takeable(who, new.case_id, new.code)
            most = min(most, spec["max_size_mb"] * MEGABYTE)
        if new.size > most:
            raise UploadTooLong(f"文件超过{most // MEGABYTE}MB,请压缩或重新拍照后上传。")
        return await self._begin(who, new)

    @transaction
    async def _begin(self, who: Citizen, new: NewUpload) -> Upload:
        now = self.finishing.clock.now()
        # Held, so that two that are begun at once count each other.
        await rows("SELECT id FROM accounts WHERE id = $1 FOR UPDATE", [who.account_id])
        await check_room(who.account_id, new.size, now, is_open=True)
        crypto = self.finishing.crypto
        return await Upload.create(
            id=uuid7(),
            account_id=who.account_id,
            case_id=new.case_id if new.code is not None else None,
            code=new.code if new.case_id is not None else None,
            name_sealed=crypto.seal(display_name(new.file_name).encode(), NAME_PURPOSE),
            key_sealed=self.finishing.new_key(),
            size=new.size,
            created_at=now,
            expires_at=now + LIFE,
        )

    async def look(self, who: Citizen, upload_id: UUID) -> Upload:
        """Return one's own upload, however it ended; raise ``UploadUnknown``."""
        upload = await Upload.get_or_none(id=upload_id, account_id=who.account_id)
        if upload is None:
            raise UploadUnknown
        return upload

    async def find(self, who: Citizen, upload_id: UUID) -> Upload:
        """Return one's own upload; raise ``UploadUnknown``, ``UploadGone``."""
        upload = await Upload.get_or_none(id=upload_id, account_id=who.account_id)
        return self._living(upload)

    def _living(self, upload: Upload | None) -> Upload:
        if upload is None:
            raise UploadUnknown
        if upload.state.is_over or upload.expires_at <= self.finishing.clock.now():
            raise UploadGone(facts={"refusal": upload.refusal})
        return upload

    async def append(
        self,
        who: Citizen,
        upload_id: UUID,
        offset: int,
        chunks: AsyncIterator[bytes],
        digest: Digest | None = None,
    ) -> Upload:
        """Take in the bytes from ``offset`` on; with the last one the upload becomes a material.

        What came before the connection broke is kept, unless a checksum was to prove it. Raises
        ``UploadUnknown``, ``UploadGone``, ``UploadOffsetWrong``, ``UploadBusy``,
        ``UploadTooLong``, ``UploadInPieces``, ``UploadChecksumWrong``, what
        ``UploadParts.write`` raises and, at the end, what ``Finishing.finish`` raises.
        """
        upload = await self._claim(who, upload_id, offset)
        if upload.lease is not None:
            try:
                await self._receive(upload, chunks, digest)
            finally:
                await self._release(upload)
            upload = await self.find(who, upload_id)
        if upload.shown_state is UploadState.CHECKING:
            return await self.finishing.finish(who, upload_id)
        return upload

    @transaction
    async def _claim(self, who: Citizen, upload_id: UUID, offset: int) -> Upload:
        """Hold an upload for writing; one that has all its bytes is returned without a lease."""
        found = Upload.filter(id=upload_id, account_id=who.account_id)
        upload = self._living(await found.select_for_update().first())
        now = self.finishing.clock.now()
        if upload.is_leased(now):
            raise UploadBusy
        if offset != upload.received:
            raise UploadOffsetWrong(facts={"offset": upload.received})
        upload.lease = None if upload.is_whole else uuid7()
        upload.leased_until = None if upload.is_whole else now + LEASE
        await upload.save(update_fields=["lease", "leased_until"])
        return upload

    async def _receive(
        self, upload: Upload, chunks: AsyncIterator[bytes], digest: Digest | None
    ) -> None:
        secret = self.finishing.crypto.open(upload.key_sealed, KEY_PURPOSE)
        parts = self.finishing.parts
        # Parts that surely were not committed: no commit of them was begun.
        loose: list[Part] = []
        watched = self._watched(upload, chunks, digest)
        try:
            async with aclosing(parts.write(secret, watched)) as written:
                async for part in written:
                    loose.append(part)
                    if digest is None:
                        whole, loose = loose, []
                        await self._note(upload, whole)
            if digest is not None:
                if not digest.holds:
                    raise UploadChecksumWrong
                whole, loose = loose, []
                await self._note(upload, whole)
        finally:
            if loose:
                await parts.remove([part.id for part in loose])

    async def _note(self, upload: Upload, parts: list[Part]) -> None:
        """Commit parts, and remove them when the commit refused them.

        Cancelled or cut off from the database, it may have happened: the sweep, which asks what
        is known, removes the parts if it did not.
        """
        try:
            await self._commit(upload, parts)
        except (UploadBusy, UploadInPieces):
            await self.finishing.parts.remove([part.id for part in parts])
            raise

    async def _watched(
        self, upload: Upload, chunks: AsyncIterator[bytes], digest: Digest | None
    ) -> AsyncIterator[bytes]:
        """Pass the chunks on, and keep the lease while they come."""
        clock = self.finishing.clock
        left, renewed = upload.size - upload.received, clock.now()
        async for chunk in chunks:
            left -= len(chunk)
            if left < 0:
                raise UploadTooLong
            if digest is not None:
                digest.update(chunk)
            if clock.now() - renewed >= RENEW:
                renewed = clock.now()
                await self._renew(upload)
            yield chunk

    @transaction
    async def _renew(self, upload: Upload) -> None:
        held = Upload.filter(id=upload.id, lease=upload.lease)
        if not await held.update(leased_until=self.finishing.clock.now() + LEASE):
            raise UploadBusy

    @transaction
    async def _commit(self, upload: Upload, parts: list[Part]) -> None:
        """Take note of parts that last, in their order; raise ``UploadBusy`` when others wrote."""
        row = await Upload.filter(id=upload.id, lease=upload.lease).select_for_update().first()
        if row is None or row.state is not UploadState.OPEN:
            raise UploadBusy
        if await UploadPart.filter(upload_id=row.id).count() + len(parts) > MAX_PARTS:
            raise UploadInPieces
        now = self.finishing.clock.now()
        for part in parts:
            await UploadPart.create(
                id=part.id, upload_id=row.id, start=row.received, size=part.size
            )
            row.received += part.size
        row.expires_at, row.leased_until = now + LIFE, now + LEASE
        await row.save(update_fields=["received", "expires_at", "leased_until"])
        if row.is_whole:
            # Whoever brought the last byte may not live to see what becomes of it.
            payload: dict[str, Any] = {"upload": str(row.id)}
            await self.jobs.enqueue(FINISH, payload, after=FINISH_AFTER, key=f"upload:{row.id}")

    @transaction
    async def _release(self, upload: Upload) -> None:
        held = Upload.filter(id=upload.id, lease=upload.lease)
        await held.update(lease=None, leased_until=None)

    async def end(self, who: Citizen, upload_id: UUID) -> None:
        """Give an upload up (termination); raise ``UploadUnknown``, ``UploadGone``."""
        await self._end(who, upload_id)
        await self.finishing.clear(upload_id)

    @transaction
    async def _end(self, who: Citizen, upload_id: UUID) -> None:
        found = Upload.filter(id=upload_id, account_id=who.account_id)
        upload = self._living(await found.select_for_update().first())
        upload.state, upload.lease, upload.leased_until = UploadState.ENDED, None, None
        await upload.save(update_fields=["state", "lease", "leased_until"])
