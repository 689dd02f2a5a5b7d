"""Promises (承诺书) as they are signed: the statements that were shown, and their digest."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from models.ids import uuid7
from models.promise import SignedPromise


class PromiseKind(StrEnum):
    """容缺受理承诺书 or 告知承诺书."""

    SHORTFALL = "SHORTFALL"
    COMMITMENT = "COMMITMENT"


@dataclass(frozen=True)
class Wording:
    """A promise as a person reads it before they sign."""

    template_version: str
    statements: Sequence[str]

    @property
    def digest(self) -> str:
        """Return the SHA-256 (hex) of the canonical JSON of the statements."""
        text = json.dumps(list(self.statements), ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


async def standing(case_id: UUID, kind: PromiseKind) -> SignedPromise | None:
    """Return the promise of a kind that a case has signed and not taken back."""
    return await SignedPromise.get_or_none(case_id=case_id, kind=kind.value, withdrawn_at=None)


async def sign(
    case_id: UUID, kind: PromiseKind, wording: Wording, who: UUID, now: datetime
) -> SignedPromise:
    """Keep a promise exactly as it was shown; an earlier one of its kind is taken back.

    In the caller's transaction, with the case's row held.
    """
    await take_back(case_id, kind, now)
    return await SignedPromise.create(
        id=uuid7(),
        case_id=case_id,
        kind=kind.value,
        template_version=wording.template_version,
        statements=list(wording.statements),
        digest=wording.digest,
        signed_by=who,
        signed_at=now,
    )


async def take_back(case_id: UUID, kind: PromiseKind, now: datetime) -> None:
    """Take a promise back; it stays on file as it was signed."""
    await SignedPromise.filter(case_id=case_id, kind=kind.value, withdrawn_at=None).update(
        withdrawn_at=now
    )
