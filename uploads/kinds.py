"""What a file is, told by its first bytes; name, extension and declared type are not asked."""

from collections.abc import Collection
from enum import StrEnum

HEAD_BYTES = 64
"""How many first bytes ``kind_of`` needs."""


class Kind(StrEnum):
    """A kind of file that is understood; the value is its MIME type."""

    JPEG = "image/jpeg"
    PNG = "image/png"
    WEBP = "image/webp"
    HEIC = "image/heic"
    HEIF = "image/heif"
    PDF = "application/pdf"
    OFD = "application/ofd"

    @property
    def is_picture(self) -> bool:
        return self not in (Kind.PDF, Kind.OFD)

    @property
    def label(self) -> str:
        """Return the name that people know it by."""
        return _LABELS[self]


_LABELS = {
    Kind.JPEG: "JPG",
    Kind.PNG: "PNG",
    Kind.WEBP: "WebP",
    Kind.HEIC: "HEIC",
    Kind.HEIF: "HEIF",
    Kind.PDF: "PDF",
    Kind.OFD: "OFD",
}

# Phones decide alone whether a photo is JPEG, WebP (WeChat's albums) or HEIC (iPhones), and
# offices whether a document is PDF or its Chinese sister OFD (GB/T 33190): each goes where the
# format goes that people know.
_PHOTO = (Kind.JPEG, Kind.WEBP, Kind.HEIC, Kind.HEIF)
_FORMATS = {
    "jpg": _PHOTO,
    "jpeg": _PHOTO,
    "png": (Kind.PNG,),
    "webp": (Kind.WEBP,),
    "heic": (Kind.HEIC, Kind.HEIF),
    "heif": (Kind.HEIC, Kind.HEIF),
    "pdf": (Kind.PDF, Kind.OFD),
    "ofd": (Kind.OFD,),
}
_UNNAMED = {Kind.WEBP: Kind.JPEG, Kind.HEIC: Kind.JPEG, Kind.HEIF: Kind.JPEG, Kind.OFD: Kind.PDF}
"""What goes without saying where the other one is named."""

_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis"})
_HEIF_BRANDS = frozenset({b"mif1", b"mif2"})
_AVIF_BRANDS = frozenset({b"avif", b"avis"})


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
    # Many things are ZIPs; whoever opens it tells whether it is an OFD.
    if head.startswith(b"PK\x03\x04"):
        return Kind.OFD
    return _heif_kind(head) if head[4:8] == b"ftyp" else None


def _heif_kind(head: bytes) -> Kind | None:
    """Return what the brands of the first box say (ISO/IEC 14496-12); videos have it too."""
    listed = head[16 : int.from_bytes(head[:4], "big")]
    brands = {listed[at : at + 4] for at in range(0, len(listed), 4)}
    major = head[8:12]
    if major in _HEIC_BRANDS:
        return Kind.HEIC
    if major in _HEIF_BRANDS and brands & _HEIC_BRANDS and not brands & _AVIF_BRANDS:
        return Kind.HEIF
    return None


def allowed_kinds(formats: Collection[str]) -> frozenset[Kind]:
    """Return the kinds that an item's format names stand for; other names allow nothing."""
    return frozenset(kind for name in formats for kind in _FORMATS.get(name.lower(), ()))


def type_sentence(allowed: Collection[Kind]) -> str | None:
    """Return what to say when a file is of another kind, None for the general sentence."""
    named = [kind for kind in Kind if kind in allowed and _UNNAMED.get(kind) not in allowed]
    labels = [kind.label for kind in named]
    return f"不支持这种文件格式,请上传{'、'.join(labels)}文件。" if labels else None
