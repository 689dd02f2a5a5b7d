"""How a material comes to a case (材料来源), and how far it can be trusted (可信等级 A-D)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from models.rules.item_words import MaterialKind, MaterialSource
from models.rules.reading.documents import DocumentKind
from models.rules.reading.wants import Owner, wants_of


class SupplyMode(StrEnum):
    """How one version of a material came."""

    UPLOAD = "UPLOAD"
    REUSE = "REUSE"
    E_CERT = "E_CERT"
    CERT_NUMBER = "CERT_NUMBER"
    DATA_SHARED = "DATA_SHARED"


FROM_REGISTERS = frozenset({SupplyMode.E_CERT, SupplyMode.CERT_NUMBER, SupplyMode.DATA_SHARED})


class TrustLevel(StrEnum):
    """The levels in the order of trust, the best first; so they compare as text."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"

    @property
    def zh(self) -> str:
        return _WORDS[self]


_WORDS = MappingProxyType(
    {
        TrustLevel.A: "发证机关的数据,直接使用",
        TrustLevel.B: "窗口核对过原件",
        TrustLevel.C: "自己上传,要核对原件",
        TrustLevel.D: "自己写的,自己承诺属实",
    }
)


class SourceKind(StrEnum):
    """Where a material could come from, in the order of least trouble for its applicant.

    What sharing provides is asked of nobody (国务院令第716号7): uploading comes last.
    """

    E_CERT = "E_CERT"
    DATA_SHARED = "DATA_SHARED"
    VAULT = "VAULT"
    EARLIER = "EARLIER"
    CERT_NUMBER = "CERT_NUMBER"
    UPLOAD = "UPLOAD"


_K = DocumentKind
# Both names of a thing are one kind: the paper that is read, and the certificate that is looked up.
_SAME = MappingProxyType({"电子营业执照": "营业执照", "不动产权证书": "不动产权证"})
_SIDES = MappingProxyType(
    {
        frozenset({_K.ID_CARD_PORTRAIT, _K.ID_CARD_EMBLEM}): "居民身份证",
        frozenset({_K.HOUSEHOLD_COVER, _K.HOUSEHOLD_MEMBER}): "居民户口簿",
    }
)
# A photo has to be recent and an application form is of one application.
_OF_ONE_CASE = frozenset({_K.PORTRAIT, _K.APPLICATION_FORM})
# What names its holder is used again only as the applicant's own, never somebody else's.
_NAMES_ITS_HOLDER = frozenset(
    {
        *("居民身份证", "居民户口簿", "机动车驾驶证", "不动产权证"),
        *(
            kind.zh
            for kind in (
                _K.TRANSPORT_QUALIFICATION,
                _K.RESIDENCE_PERMIT,
                _K.SOCIAL_SECURITY_CARD,
                _K.HEALTH_CERTIFICATE,
                _K.DIAGNOSIS,
            )
        ),
    }
)
# One consent to keep materials does not cover what the law wants asked for by itself
# (个人信息保护法29).
_NOT_KEPT = frozenset({"医疗健康", "金融账户", "生物识别"})

_UNNAMED = MappingProxyType({"webp": "jpg", "heic": "jpg", "heif": "jpg", "ofd": "pdf"})
# Of whom there is no certificate of a kind.
_OF_PERSONS = frozenset({"居民身份证", "居民户口簿", "机动车驾驶证"})
_OF_ORGANISATIONS = frozenset({"营业执照"})


@dataclass(frozen=True)
class Person:
    """An applicant as registers know them: a person, or an organisation by its credit code."""

    name: str
    number: str
    is_person: bool

    def __repr__(self) -> str:
        return f"Person(is_person={self.is_person})"


@dataclass(frozen=True)
class Paper:
    """What a slot asks for: a known kind of document, and whether it is the applicant's own."""

    kind: str
    own: bool


def paper_of(spec: Mapping[str, Any]) -> Paper | None:
    """Return what an item's material is, None where it is of no kind that can be used again."""
    if spec["kind"] == MaterialKind.ONLINE_FORM:
        return None
    wants = wants_of(spec)
    documents = frozenset(wants.documents if wants is not None else ())
    named = spec.get("e_certificate_type")
    if (not documents and named is None) or documents & _OF_ONE_CASE:
        return None
    kind = _plain(named) if named is not None else _kind(documents)
    own = is_own(spec)
    if not own and kind in _NAMES_ITS_HOLDER:
        return None
    return Paper(kind, own)


def kept_as(spec: Mapping[str, Any]) -> Paper | None:
    """Return as what a filed material goes into its owner's vault, None where it does not."""
    if spec.get("sensitive_category") in _NOT_KEPT:
        return None
    return paper_of(spec)


def is_own(spec: Mapping[str, Any]) -> bool:
    """Tell whether a material has to bear the applicant's name."""
    if spec.get("holder") == Owner.APPLICANT:
        return True
    wants = wants_of(spec)
    return wants is not None and wants.owner in (Owner.APPLICANT, Owner.ORGANISATION)


def first_trust(spec: Mapping[str, Any]) -> TrustLevel:
    """Return how far an upload is trusted: what people write themselves is their promise (D)."""
    written = spec["source"] == MaterialSource.APPLICANT
    if written and spec["min_trust_level"] == TrustLevel.D:
        return TrustLevel.D
    return TrustLevel.C


def register_mode(spec: Mapping[str, Any]) -> SupplyMode | None:
    """Return how a register could supply a material without a number, None where none does."""
    if spec.get("e_certificate_type") is None:
        return None
    match spec["source"]:
        case MaterialSource.E_CERT_SHARED:
            return SupplyMode.E_CERT
        case MaterialSource.DATA_SHARED:
            return SupplyMode.DATA_SHARED
        case _:
            return None


def bears(spec: Mapping[str, Any], applicant: Person, form: Mapping[str, Any]) -> bool:
    """Tell whether a register can be asked for a material by the applicant's name and number.

    Where the form says whose it is, only if that is the applicant: what somebody typed opens no
    register.
    """
    kind = _plain(str(spec.get("e_certificate_type", "")))
    if kind in (_OF_ORGANISATIONS if applicant.is_person else _OF_PERSONS):
        return False
    wants = wants_of(spec)
    if wants is None or wants.owner is not Owner.FORM:
        return is_own(spec)
    typed = form.get(wants.name or ""), form.get(wants.number or "")
    return typed == (applicant.name, applicant.number)


def fits(spec: Mapping[str, Any], extension: str, size: int) -> bool:
    """Tell whether a slot takes a file of this kind (``jpg``, ``pdf``) and size in bytes."""
    formats: Collection[str] = spec["formats"]
    # What goes without saying where the better known one is named, as when it is uploaded.
    taken = extension in formats or _UNNAMED.get(extension) in formats
    return taken and size <= spec["max_size_mb"] * 1024 * 1024


def _kind(documents: frozenset[DocumentKind]) -> str:
    if documents in _SIDES:
        return _SIDES[documents]
    return "、".join(sorted(_plain(each.zh) for each in documents))


def _plain(name: str) -> str:
    return _SAME.get(name, name)
