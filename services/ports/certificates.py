"""The e-certificate library (电子证照库) and shared data (数据共享): one question per purpose."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Protocol


class Standing(StrEnum):
    """What the library says of a certificate; ``NOT_HOLDER``: it is somebody else's."""

    FOUND = "FOUND"
    NOT_FOUND = "NOT_FOUND"
    NOT_HOLDER = "NOT_HOLDER"
    REVOKED = "REVOKED"
    EXPIRED = "EXPIRED"


@dataclass(frozen=True)
class CertificateAsked:
    """Which certificate is wanted, of whom, and what for; ``repr`` shows no person.

    ``number`` narrows it to one certificate. ``holder_number`` is an ID number or the code of an
    organisation; ``reference`` names the case, so that the library can account for the question.
    """

    kind: str
    holder_name: str = field(repr=False)
    holder_number: str = field(repr=False)
    number: str | None = field(repr=False)
    purpose: str
    reference: str


@dataclass(frozen=True)
class Certificate:
    """What the library certifies; ``valid_until`` None is 长期.

    ``fields`` are the certified data by their printed names, ``file`` the certificate itself as
    PDF where the library has one, ``source`` who answers.
    """

    kind: str
    number: str = field(repr=False)
    issuer: str
    issued_on: date | None
    valid_until: date | None
    fields: Mapping[str, str] = field(repr=False)
    source: str
    file: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True)
class CertificateAnswer:
    """``certificate`` only with ``FOUND``."""

    standing: Standing
    certificate: Certificate | None = None


class CertificateLibrary(Protocol):
    async def find(self, asked: CertificateAsked) -> CertificateAnswer:
        """Ask for one person's or organisation's certificate.

        An answer about anything else than what was asked is none. Raises ``OutsideUnavailable``
        when there is no answer.
        """
        ...
