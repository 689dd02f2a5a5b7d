"""One call: who asks, what they sent, and where the use-cases are."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

import orjson
from pydantic import BaseModel, ValidationError
from sanic import Request
from sanic.exceptions import RequestCancelled

from api.context import Context
from services.errors import FieldFault, Invalid, Malformed

Who = TypeVar("Who")
Model = TypeVar("Model", bound=BaseModel)

KEY = re.compile(r"[\x21-\x7e]{8,255}")
# PostgreSQL cannot store it, and no person types it.
NUL = b"\\u0000"

SENTENCES = {
    "missing": "这一项必须填写。",
    "extra_forbidden": "没有这一项。",
    "string_too_short": "内容太短。",
    "string_too_long": "内容太长。",
    "string_type": "这一项应当是文字。",
    "string_pattern_mismatch": "格式不正确。",
    "enum": "不在可选范围内。",
    "literal_error": "不在可选范围内。",
}


class FieldsInvalid(Invalid):
    """Fields of a request that are missing, unknown or of the wrong kind."""

    code = "fields_invalid"
    sentence = "有内容填写不正确,请检查后重试。"


class IdempotencyKeyMissing(Malformed):
    """An act that must not happen twice came without its Idempotency-Key."""

    code = "idempotency_key_missing"
    sentence = "请求缺少 Idempotency-Key。"


@dataclass(frozen=True)
class Call(Generic[Who]):
    """What a handler gets; ``who`` was authenticated by the route."""

    request: Request
    ctx: Context
    who: Who

    @property
    def idempotency_key(self) -> str:
        """Return the key of the act; raise ``IdempotencyKeyMissing``."""
        key = self.request.headers.get("idempotency-key", "")
        if not KEY.fullmatch(key):
            raise IdempotencyKeyMissing
        return key

    @property
    def address(self) -> str:
        """Return the client's address as the trusted proxy tells it."""
        return self.request.client_ip or "unknown"

    @property
    def user_agent(self) -> str:
        """Return what the client says it is; used and thrown away, never kept."""
        return self.request.headers.get("user-agent", "")[:512]

    def body(self, model: type[Model], *, optional: bool = False) -> Model:
        """Read the JSON body strictly; raise ``Malformed`` or ``FieldsInvalid``.

        With ``optional`` no body at all is the model with its defaults.
        """
        raw = self.request.body
        if optional and not raw:
            return validated(model, {})
        if NUL in raw:
            raise Malformed
        try:
            content = orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            raise Malformed from error
        return validated(model, content)

    def query(self, model: type[Model]) -> Model:
        """Read the query string; the last of a name; raise ``Malformed`` or ``FieldsInvalid``."""
        given = {name: values[-1] for name, values in self.request.args.items()}
        if any("\0" in text for pair in given.items() for text in pair):
            raise Malformed
        return validated(model, given)

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body of a streaming route as it arrives."""
        stream = self.request.stream
        if stream is None:
            yield self.request.body
            return
        while True:
            # Python 3.11's wait_for, which the Redis client uses, can swallow the cancellation
            # of a handler whose client has left; nothing would ever wake it again.
            if self.request.conn_info is not None and self.request.conn_info.lost:
                raise RequestCancelled
            chunk = await cast("Any", stream).read()
            if not chunk:
                return
            yield chunk


def validated(model: type[Model], content: object) -> Model:
    try:
        return model.model_validate(content)
    except ValidationError as error:
        faults = [
            FieldFault(
                "/" + "/".join(str(part) for part in fault["loc"]),
                SENTENCES.get(fault["type"], "内容不正确。"),
            )
            for fault in error.errors(include_url=False, include_context=False, include_input=False)
        ]
        raise FieldsInvalid(faults=faults) from error
