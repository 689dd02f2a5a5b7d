"""What a file is, told by its first bytes; name, extension and declared type are not asked."""

from collections.abc import Collection
from enum import StrEnum

HEAD_BYTES = 16
"""How many first bytes ``kind_of`` needs."""


class Kind(StrEnum):
    """A kind of file that is understood; the value is its MIME type."""

    JPEG = "image/jpeg"
    PNG = "image/png"
    WEBP = "image/webp"
    PDF = "application/pdf"

    @property
    def is_picture(self) -> bool:
        return self is not Kind.PDF

    @property
    def label(self) -> str:
        """Return the name that people know it by."""
        return _LABELS[self]


_LABELS = {Kind.JPEG: "JPG", Kind.PNG: "PNG", Kind.WEBP: "WebP", Kind.PDF: "PDF"}

_FORMATS = {
    # Some phones and WeChat itself turn an album photo into WebP, so it goes where JPG goes.
    "jpg": (Kind.JPEG, Kind.WEBP),
    "jpeg": (Kind.JPEG, Kind.WEBP),
    "png": (Kind.PNG,),
    "webp": (Kind.WEBP,),
    "pdf": (Kind.PDF,),
}


def kind_of(head: bytes) -> Kind | None:
    """Return the kind of a file that begins with ``head``, None when it is not understood."""
    if head.startswith(b"\xff\xd8\xff"):
        return Kind.JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return Kind.PNG
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return Kind.WEBP
    # The format allows junk before the header; junk is how a file is two things at once.
    if head.startswith(b"%PDF-"):
        return Kind.PDF
    return None


def allowed_kinds(formats: Collection[str]) -> frozenset[Kind]:
    """Return the kinds that an item's format names stand for; other names allow nothing."""
    return frozenset(kind for name in formats for kind in _FORMATS.get(name.lower(), ()))


def type_sentence(allowed: Collection[Kind]) -> str | None:
    """Return what to say when a file is of another kind, None for the general sentence."""
    labels = [kind.label for kind in Kind if kind in allowed and kind is not Kind.WEBP]
    return f"不支持这种文件格式,请上传{'、'.join(labels)}文件。" if labels else None
