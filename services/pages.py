"""Several photos become one material: a page for each, in the order that its owner chose."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from models.ids import uuid7
from models.material import Material
from models.material_page import MaterialPage
from models.unit import transaction
from models.upload import Upload as Uploaded
from models.upload import UploadState
from services import materials, stored
from services.actors import Citizen, Officer
from services.errors import Invalid, NotFound, TooLarge
from services.files import ServedFile, download_name
from services.finishing import Finishing, taken_of
from services.materials import MEGABYTE, PURPOSE, Upload
from services.ports import TakenIn
from services.ports.uploads import Album
from services.quarantine import check_taken
from services.upload_problems import UploadUnfinished

MAX_PAGES = 30
MAX_BYTES = 64 * MEGABYTE
"""Of all clean copies together; a phone's photo has 1 to 4 MB."""
PDF = "application/pdf"
JPEG = "image/jpeg"


class PageUnknown(NotFound):
    """No such photo among one's uploads and the pages of this material."""

    code = "page_unknown"
    sentence = "没有找到其中一张照片,请重新选择。"


class PageNotPhoto(Invalid):
    """A document among photos: only photos become pages."""

    code = "page_not_photo"
    sentence = "只有照片可以合成一份材料,PDF等文件请单独上传。"


class PagesTooLarge(TooLarge):
    """The photos together are larger than a material may be."""

    code = "pages_too_large"
    sentence = "照片加起来太大,请减少张数或压缩后重新上传。"


@dataclass(frozen=True)
class Photo:
    """A photo to be a page: what intake made of it, and its name."""

    taken: TakenIn
    name: str


@dataclass(frozen=True)
class Page:
    """A page of a material as its owner or an officer sees it."""

    row: MaterialPage
    name: str


@dataclass(frozen=True)
class Pages:
    finishing: Finishing
    album: Album
    max_bytes: int = MAX_BYTES

    @property
    def _materials(self) -> materials.Materials:
        return self.finishing.materials

    async def put(self, who: Citizen, case_id: UUID, code: str, ids: Sequence[UUID]) -> Upload:
        """Make uploads and present pages the current version of a material, in this order.

        One alone becomes the material as it is. Raises what ``Materials.takeable`` raises,
        ``PageUnknown``, ``UploadUnfinished``, ``PageNotPhoto``, ``PagesTooLarge``,
        ``MaterialTypeRefused``, ``MaterialInfected``. Nothing changed then.
        """
        spec = await self._materials.takeable(who, case_id, code)
        photos = await self._chosen(who, case_id, code, ids)
        if len(photos) == 1:
            self._check(photos[0], spec, spec["formats"])
            taken, name = photos[0].taken, photos[0].name
            return await self._materials.keep(who, case_id, code, taken, name)
        # Where a document is wanted, photos of its pages are one.
        formats = ("jpg", "png") if "pdf" in spec["formats"] else spec["formats"]
        for photo in photos:
            if photo.taken.width is None:
                raise PageNotPhoto
            self._check(photo, spec, formats)
        bound = await self._bound([photo.taken for photo in photos])
        return await self._keep(who, case_id, code, bound, photos)

    def _check(self, photo: Photo, spec: Mapping[str, Any], formats: Sequence[str]) -> None:
        original = photo.taken.original
        self.album.check(original.mime, formats)
        if original.size > spec["max_size_mb"] * MEGABYTE:
            raise PagesTooLarge(f"单个文件不能超过{spec['max_size_mb']}MB,请压缩后重新上传。")

    async def _chosen(
        self, who: Citizen, case_id: UUID, code: str, ids: Sequence[UUID]
    ) -> list[Photo]:
        """Return the photos by their ids: uploads of one's own, or pages of this material."""
        known: dict[UUID, Photo] = {}
        filed: dict[UUID, UUID] = {}
        for upload in await Uploaded.filter(id__in=ids, account_id=who.account_id):
            if upload.expires_at <= self.finishing.clock.now() or upload.state.is_over:
                continue
            if upload.state is UploadState.OPEN:
                raise UploadUnfinished
            if upload.state is UploadState.STORED:
                known[upload.id] = Photo(taken_of(upload), self.finishing.name_of(upload))
            elif upload.material_id is not None:
                filed[upload.material_id] = upload.id
        # Pages of any version: the same request again names those that it has replaced.
        pages = MaterialPage.filter(id__in=ids, material__case_id=case_id, material__code=code)
        versions = Material.filter(id__in=[*ids, *filed], case_id=case_id, code=code)
        found: list[MaterialPage | Material] = [*await pages]
        found += await versions.filter(width__isnull=False)
        for row in found:
            photo = Photo(stored.taken_of(row), self._materials.name_of(row))
            known[row.id] = known[filed.get(row.id, row.id)] = photo
        if any(each not in known for each in ids):
            raise PageUnknown
        return [known[each] for each in ids]

    async def _bound(self, photos: Sequence[TakenIn]) -> TakenIn:
        if sum(photo.working.size for photo in photos) > self.max_bytes:
            raise PagesTooLarge
        chunks = self.album.bind([photo.working for photo in photos])
        files = self._materials.files
        kept = await files.keep(chunks, max_bytes=self.max_bytes + MEGABYTE, mime=PDF, made=True)
        return TakenIn(kept, kept, photos[0].thumbnail, len(photos), None, None)

    @transaction
    async def _keep(
        self, who: Citizen, case_id: UUID, code: str, bound: TakenIn, photos: Sequence[Photo]
    ) -> Upload:
        name = f"照片{len(photos)}张.pdf"
        made = await self._materials.keep(who, case_id, code, bound, name)
        material = made.held.material
        if made.created:
            await self._record(material.id, photos)
        # The document made of them is ours: a virus is in the photos.
        await check_taken(*(photo.taken.original.key for photo in photos))
        return Upload(await self._materials.held(material), made.created)

    async def _record(self, material_id: UUID, photos: Sequence[Photo]) -> None:
        for no, photo in enumerate(photos, 1):
            columns = stored.columns_of(photo.taken)
            del columns["pages"]
            await MaterialPage.create(
                id=uuid7(),
                material_id=material_id,
                no=no,
                name_sealed=self.finishing.crypto.seal(photo.name.encode(), PURPOSE),
                **columns,
            )

    async def of(self, who: Citizen, material_id: UUID) -> Sequence[Page]:
        """Return the pages of one's own material; none for one that is a single file."""
        material = await materials.own(who, material_id, self.finishing.clock.now())
        return await self._of(material)

    async def of_for_staff(self, officer: Officer, material_id: UUID) -> Sequence[Page]:
        """Return the pages of a material; raises as ``Materials.for_staff``."""
        material = await self._materials.for_staff(officer, material_id, original=False)
        return await self._of(material)

    async def _of(self, material: Material) -> Sequence[Page]:
        found = await MaterialPage.filter(material_id=material.id).order_by("no")
        return [Page(row, self._materials.name_of(row)) for row in found]

    async def open(
        self, who: Citizen, material_id: UUID, no: int, *, thumbnail: bool = False
    ) -> ServedFile:
        """Return the clean copy of one's own page, or its small picture; raise ``PageUnknown``."""
        material = await materials.own(who, material_id, self.finishing.clock.now())
        page = await page_of(material, no)
        if not thumbnail:
            return self._materials.working_of(page)
        if page.thumbnail_key is None or page.thumbnail_size is None:
            raise PageUnknown
        name = download_name(f"{material.code}-{material.no}-{no}", JPEG)
        return ServedFile(page.thumbnail_key, None, page.thumbnail_size, JPEG, name)

    async def open_for_staff(self, officer: Officer, material_id: UUID, no: int) -> ServedFile:
        """Return a page as it came, on the record; raise ``PageUnknown`` and more."""
        for_staff = self._materials.for_staff
        material = await for_staff(officer, material_id, original=True, page=no)
        return self._materials.original_of(await page_of(material, no))


async def page_of(material: Material, no: int) -> MaterialPage:
    """Return a page by its number; raise ``PageUnknown``."""
    # Numbers that no page has may be too large for the column, too.
    known = 1 <= no <= MAX_PAGES
    page = await MaterialPage.get_or_none(material_id=material.id, no=no) if known else None
    if page is None:
        raise PageUnknown
    return page
