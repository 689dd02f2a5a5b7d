"""The county's signature of a package: a detached JWS (RFC 7515, appendix F)."""

from dataclasses import dataclass, field

from jose import jwk, jws

from miniapp_stub.conformance.entrance import new_private_key
from miniapp_stub.puller.wire import key_name


@dataclass(frozen=True)
class Signer:
    """A key of this run."""

    key: str = field(default_factory=new_private_key, repr=False)

    def over(self, body: str) -> str:
        headers = {"kid": key_name(self.key)}
        token = jws.sign(body.encode(), self.key, headers=headers, algorithm="ES256")
        header, _, signature = token.split(".")
        return f"{header}..{signature}"

    def jwk(self) -> dict[str, str]:
        found = jwk.construct(self.key, "ES256").public_key().to_dict()
        members = {name: str(found[name]) for name in ("kty", "crv", "x", "y")}
        return {**members, "kid": key_name(self.key), "alg": "ES256", "use": "sig"}
