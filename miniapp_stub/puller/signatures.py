"""The county's signature of a package: it proves later what was handed over, to anybody."""

import base64
from dataclasses import dataclass, field
from typing import Any

from jose import jws
from jose.exceptions import JOSEError

from miniapp_stub.puller.wire import Wire

KEYS = "/backoffice/v1/keys"


def fits(signature: str, content: bytes, keys: list[dict[str, Any]]) -> bool:
    """Tell whether a detached JWS (RFC 7515, appendix F) is one of these keys' over the content."""
    header, _, mac = signature.partition("..")
    payload = base64.urlsafe_b64encode(content).rstrip(b"=").decode()
    try:
        jws.verify(f"{header}.{payload}.{mac}", {"keys": keys}, ["ES256"])
    except (JOSEError, ValueError, TypeError):
        return False
    return True


@dataclass
class Signatures:
    """The county's public keys, asked for anew when none of them fits: keys are replaced."""

    wire: Wire
    keys: list[dict[str, Any]] = field(default_factory=list)

    def are_good(self, signature: str, content: bytes) -> bool:
        if fits(signature, content, self.keys):
            return True
        self.keys = list(self.wire.get(KEYS).json.get("keys") or ())
        return fits(signature, content, self.keys)
