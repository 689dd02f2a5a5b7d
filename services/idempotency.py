"""Two of the same request give one effect and the same answer (Idempotency-Key)."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from models.idempotency import GivenAnswer
from services.errors import Invalid
from services.ports import Clock


class KeyReused(Invalid):
    """The same key came with another request."""

    code = "idempotency_key_reused"
    sentence = "这次操作的编号已经用过,请刷新后重试。"


@dataclass(frozen=True)
class Once:
    """An act and the key that makes it one; lives inside the transaction of its effect.

    The caller locks the row that the act changes before asking, so that a second copy waits for
    the first one and then finds its answer.
    """

    actor: str
    key: str
    request_digest: str

    @classmethod
    def of(cls, actor: str, key: str, *parts: object) -> "Once":
        """Name the request by its parts: the same parts are the same request."""
        content = orjson.dumps([str(part) for part in parts])
        return cls(actor, key, hashlib.sha256(content).hexdigest())

    async def answered(self) -> Mapping[str, Any] | None:
        """Return the first answer, or None; raise ``KeyReused`` for another request."""
        given = await GivenAnswer.get_or_none(actor=self.actor, key=self.key)
        if given is None:
            return None
        if given.request_digest != self.request_digest:
            raise KeyReused
        return given.answer

    async def answer(self, answer: Mapping[str, Any], clock: Clock) -> None:
        """Keep the first answer with its effect."""
        await GivenAnswer.create(
            actor=self.actor,
            key=self.key,
            request_digest=self.request_digest,
            answer=dict(answer),
            created_at=clock.now(),
        )
