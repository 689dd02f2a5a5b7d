"""AEAD_AES_256_GCM under the APIv3 key: how the platform seals callbacks and certificates."""

import base64
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

ALGORITHM = "AEAD_AES_256_GCM"


def decrypt(cipher: AESGCM, resource: Mapping[str, Any]) -> bytes:
    """Return the plain bytes of an AEAD_AES_256_GCM resource; raise one of ``_ODD``."""
    if resource["algorithm"] != ALGORITHM:
        raise ValueError("algorithm")
    associated = resource.get("associated_data") or ""
    if not isinstance(resource["nonce"], str) or not isinstance(associated, str):
        raise TypeError("nonce or associated_data")
    sealed = base64.b64decode(resource["ciphertext"], validate=True)
    return cipher.decrypt(resource["nonce"].encode(), sealed, associated.encode())
