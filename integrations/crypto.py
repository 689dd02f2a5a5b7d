"""Fields at rest: SM4-GCM (GB/T 32907) with a key id in each ciphertext, HMAC-SM3 (GB/T 32905)."""

import os
from collections.abc import Mapping, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import GCM
from cryptography.hazmat.primitives.hashes import SM3
from cryptography.hazmat.primitives.hmac import HMAC

from integrations.signing import DocumentSigner

VERSION = 1
NONCE_BYTES = 12
TAG_BYTES = 16
HEAD_BYTES = 2
INDEX_KEY_BYTES = 32


class FieldCrypto:
    """Seal fields under the active key, open them under any known one, index them blindly.

    Sealed bytes are ``version | key id | nonce (12) | ciphertext | tag (16)``; version, key id
    and purpose are authenticated, so a field cannot be moved to another column. Nonces are
    random: change the active key before 2**32 seals (NIST SP 800-38D, 8.3).
    """

    def __init__(
        self,
        keys: Mapping[int, bytes],
        active: int,
        index_key: bytes,
        signer: DocumentSigner | None = None,
        former_index_key: bytes | None = None,
    ) -> None:
        """Take SM4 keys of 16 bytes by their id (0..255), an index key of 32 bytes, and who signs.

        ``former_index_key`` finds what was indexed before the present one. Raise ``ValueError`` for
        a key of another length or an active id without a key.
        """
        if active not in keys or not all(0 <= key_id <= 255 for key_id in keys):
            raise ValueError("the active key id must name one of the keys, ids are 0..255")
        index_keys = [key for key in (index_key, former_index_key) if key is not None]
        if any(len(key) != INDEX_KEY_BYTES for key in index_keys):
            raise ValueError("an index key must have 32 bytes")
        # Building the algorithm object checks the key once, not in every call.
        self._ciphers = {bytes((VERSION, key_id)): SM4(key) for key_id, key in keys.items()}
        self.known_keys = frozenset(keys)
        self.active_key = active
        self._active = bytes((VERSION, active))
        self._macs = [HMAC(key, SM3()) for key in index_keys]
        self._signer = signer

    def seal(self, plain: bytes, purpose: str) -> bytes:
        """Return the bytes to store for ``plain`` in the column that ``purpose`` names."""
        nonce = os.urandom(NONCE_BYTES)
        encryptor = Cipher(self._ciphers[self._active], GCM(nonce)).encryptor()
        encryptor.authenticate_additional_data(self._active + purpose.encode())
        sealed = encryptor.update(plain) + encryptor.finalize()
        return b"".join((self._active, nonce, sealed, encryptor.tag))

    def open(self, sealed: bytes, purpose: str) -> bytes:
        """Return what was sealed.

        Raise ``ValueError`` when it was not sealed for this purpose by a known key.
        """
        sealed = bytes(sealed)
        head, body = sealed[:HEAD_BYTES], sealed[HEAD_BYTES:]
        cipher = self._ciphers.get(head)
        if cipher is None or len(body) < NONCE_BYTES + TAG_BYTES:
            raise ValueError("not sealed by a known key")
        mode = GCM(body[:NONCE_BYTES], body[-TAG_BYTES:])
        decryptor = Cipher(cipher, mode).decryptor()
        decryptor.authenticate_additional_data(head + purpose.encode())
        try:
            return decryptor.update(body[NONCE_BYTES:-TAG_BYTES]) + decryptor.finalize()
        except InvalidTag as error:
            raise ValueError("changed, or sealed for another purpose") from error

    def index(self, value: str, purpose: str) -> bytes:
        """Return 32 bytes that are equal for equal values of the same purpose.

        Another index key means computing every stored index again (``zhangban keys reindex``).
        """
        return _index(self._macs[0], value, purpose)

    def indexes(self, value: str, purpose: str) -> Sequence[bytes]:
        """Return every index by which a stored value may be found, the present one first."""
        return [_index(mac, value, purpose) for mac in self._macs]

    def sign(self, payload: bytes) -> str:
        """Return a compact JWS over the bytes."""
        return self._signing.sign(payload)

    def verify(self, token: str) -> bytes:
        """Return what was signed; raise ``ValueError`` for anything that we did not sign so."""
        return self._signing.verify(token)

    def public_keys(self) -> Sequence[Mapping[str, str]]:
        """Return the public keys (JWK) by which anybody can verify what we signed."""
        return self._signing.public_keys()

    @property
    def _signing(self) -> DocumentSigner:
        if self._signer is None:
            raise RuntimeError("no key for documents was given")
        return self._signer


def _index(keyed: HMAC, value: str, purpose: str) -> bytes:
    mac = keyed.copy()
    # NUL ends the purpose, so that ("ab", "c") and ("a", "bc") differ.
    mac.update(purpose.encode() + b"\0" + value.encode())
    return mac.finalize()
