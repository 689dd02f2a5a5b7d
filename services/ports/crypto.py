"""Sealing, finding and signing, as the use-cases need them."""

from collections.abc import Mapping, Sequence
from typing import Protocol


class Crypto(Protocol):
    """Fields at rest (SM4-GCM), their blind index (HMAC-SM3), signatures (ES256).

    The second byte of what is sealed is the id of its key: one of ``known_keys``, or the row
    cannot be opened; ``active_key`` is the one that seals now.
    """

    @property
    def active_key(self) -> int: ...

    @property
    def known_keys(self) -> frozenset[int]: ...

    def seal(self, plain: bytes, purpose: str) -> bytes: ...

    def open(self, sealed: bytes, purpose: str) -> bytes:
        """Raise ``ValueError`` when the bytes were not sealed for this purpose by a known key."""
        ...

    def index(self, value: str, purpose: str) -> bytes:
        """Return 32 bytes by which equal values can be found without being read."""
        ...

    def indexes(self, value: str, purpose: str) -> Sequence[bytes]:
        """Return what ``index`` gives, then what it gave under the key before; to look up by."""
        ...

    def sign(self, payload: bytes) -> str:
        """Return a compact JWS over the bytes, by the key that signs documents."""
        ...

    def verify(self, token: str) -> bytes:
        """Return what was signed; raise ``ValueError`` for anything that we did not sign so."""
        ...

    def public_keys(self) -> Sequence[Mapping[str, str]]:
        """Return the keys (JWK) that verify what we signed, the present one first."""
        ...
