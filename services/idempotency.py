"""Two of the same request give one effect and the same answer (Idempotency-Key)."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from models.database import rows
from models.ids import uuid7
from services.errors import Invalid
from services.ports import Clock

GIVEN = "SELECT request_digest, answer FROM given_answers WHERE actor = $1 AND key = $2"
GIVE = """
INSERT INTO given_answers (id, actor, key, request_digest, answer, created_at)
VALUES ($1, $2, $3, $4, $5, $6)"""


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
        found = await rows(GIVEN, [self.actor, self.key])
        if not found:
            return None
        if found[0]["request_digest"] != self.request_digest:
            raise KeyReused
        answer: Mapping[str, Any] = orjson.loads(found[0]["answer"])
        return answer

    async def answer(self, answer: Mapping[str, Any], clock: Clock) -> None:
        """Keep the first answer with its effect."""
        content = orjson.dumps(dict(answer)).decode()
        row = (uuid7(), self.actor, self.key, self.request_digest, content, clock.now())
        await rows(GIVE, row)
