"""A signed promise as its signer sees it."""

from pydantic import BaseModel

from models.promise import SignedPromise


class PromiseView(BaseModel):
    """``digest`` is the SHA-256 of the canonical JSON of the statements."""

    kind: str
    template_version: str
    statements: list[str]
    digest: str
    signed_at: str

    @classmethod
    def of(cls, promise: SignedPromise) -> "PromiseView":
        return cls(
            kind=promise.kind,
            template_version=promise.template_version,
            statements=promise.statements,
            digest=promise.digest,
            signed_at=promise.signed_at.isoformat(),
        )
