"""Stored files and the columns that name them, in both directions."""

from typing import Any

from models.material import Material
from models.material_page import MaterialPage
from services.ports import StoredFile, TakenIn

THUMBNAIL_MIME = "image/jpeg"


def columns_of(taken: TakenIn) -> dict[str, Any]:
    """Return what a row keeps of the files that intake made."""
    return {
        "original_key": taken.original.key,
        "sha256": taken.original.sha256,
        "mime": taken.original.mime,
        "size": taken.original.size,
        "working_key": taken.working.key,
        "working_sha256": taken.working.sha256,
        "working_mime": taken.working.mime,
        "working_size": taken.working.size,
        "thumbnail_key": taken.thumbnail.key if taken.thumbnail else None,
        "thumbnail_size": taken.thumbnail.size if taken.thumbnail else None,
        "pages": taken.pages,
        "width": taken.width,
        "height": taken.height,
    }


def taken_of(row: Material | MaterialPage) -> TakenIn:
    """Return the files that a row names, as intake made them of a photo."""
    thumbnail = None
    if row.thumbnail_key is not None and row.thumbnail_size is not None:
        # A thumbnail's key is the digest of its bytes, as every key is.
        key = row.thumbnail_key
        thumbnail = StoredFile(key, key, row.thumbnail_size, THUMBNAIL_MIME)
    return TakenIn(
        original=StoredFile(row.original_key, row.sha256, row.size, row.mime),
        working=StoredFile(row.working_key, row.working_sha256, row.working_size, row.working_mime),
        thumbnail=thumbnail,
        pages=1,
        width=row.width,
        height=row.height,
    )
