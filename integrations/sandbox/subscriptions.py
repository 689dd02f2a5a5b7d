"""Subscribe messages: what a field may hold, and how many messages a person has accepted."""

import json
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .people import find
from .store import Store

_DATE = r"(?:\d{4}年\d{1,2}月\d{1,2}日|\d{4}[-/]\d{1,2}[-/]\d{1,2})"
_TIME = r"\d{1,2}:\d{2}(?::\d{2})?"
_MOMENT = rf"(?:{_DATE}\s*{_TIME}|{_DATE}|{_TIME})"

# The kinds of fields and their limits, from the table of subscribeMessage.send.
_RULES = {
    "thing": r".{1,20}",
    "number": r"(?=.{1,32}$)-?\d+(\.\d+)?",
    "letter": r"[A-Za-z]{1,32}",
    "symbol": r"[^\w\s]{1,5}",
    "character_string": r"[!-~ ]{1,32}",
    "time": rf"{_MOMENT}(?:\s*~\s*{_MOMENT})?",
    "date": rf"{_MOMENT}(?:\s*~\s*{_MOMENT})?",
    "amount": r"[^\d\s]?\d{1,10}(\.\d{1,2})?元?",
    "phone_number": r"[\d+\-() ]{1,17}",
    "car_number": r".{1,8}",
    "name": r"[\u4e00-\u9fff·]{1,10}|[A-Za-z .,·'\-]{1,20}",
    "phrase": r"[\u4e00-\u9fff]{1,5}",
}
_TEMPLATE = re.compile(r"wxsandbox-template-[a-z0-9-]{1,24}")
_PAGE = re.compile(r"[A-Za-z0-9_\-][A-Za-z0-9_\-/]*(\?[^\s]*)?")


class MessageRefused(Exception):
    """WeChat does not send this; ``errcode`` is WeChat's."""

    def __init__(self, errcode: int, errmsg: str) -> None:
        super().__init__(errmsg)
        self.errcode = errcode
        self.errmsg = errmsg


def is_template(template_id: object) -> bool:
    return isinstance(template_id, str) and _TEMPLATE.fullmatch(template_id) is not None


def wrong_field(data: object) -> str | None:
    """Return the path of the first field that breaks its kind's rule, or None."""
    if not isinstance(data, dict) or not data:
        return "data"
    for key, holder in data.items():
        kind = re.sub(r"\d+$", "", key)
        value = holder.get("value") if isinstance(holder, dict) else None
        rule = _RULES.get(kind)
        if rule is None or not isinstance(value, str) or not re.fullmatch(rule, value, re.DOTALL):
            return f"data.{key}.value"
    return None


@dataclass(frozen=True)
class Subscriptions:
    """One acceptance allows one message of one template."""

    store: Store
    now: Callable[[], float]

    def accept(self, openid: str, template_id: str, times: int) -> int:
        """Add to the person's quota; return what is left to send."""
        with self.store.transaction():
            self.store.run(
                "INSERT INTO subscriptions VALUES (?, ?, ?) ON CONFLICT (openid, template_id)"
                " DO UPDATE SET remaining = remaining + excluded.remaining",
                openid,
                template_id,
                times,
            )
            return self.left(openid, template_id)

    def left(self, openid: str, template_id: str) -> int:
        count = self.store.number(
            "SELECT remaining FROM subscriptions WHERE openid = ? AND template_id = ?",
            openid,
            template_id,
        )
        return int(count or 0)

    def send(self, message: dict[str, Any]) -> str:
        """Put the message in the outbox and return its id; raise ``MessageRefused``."""
        _check(message)
        openid, template_id = message["touser"], message["template_id"]
        data = {key: holder["value"] for key, holder in message["data"].items()}
        number = f"wxsandbox{secrets.token_hex(8)}"
        with self.store.transaction():
            taken = self.store.run(
                "UPDATE subscriptions SET remaining = remaining - 1"
                " WHERE openid = ? AND template_id = ? AND remaining > 0",
                openid,
                template_id,
            )
            if not taken:
                raise MessageRefused(43101, "user refuse to accept the msg")
            self.store.run(
                "INSERT INTO messages (id, channel, recipient, template, data, page, at)"
                " VALUES (?, 'subscribe', ?, ?, ?, ?, ?)",
                number,
                openid,
                template_id,
                json.dumps(data, ensure_ascii=False),
                message.get("page") or "",
                self.now(),
            )
        return number


def _check(message: dict[str, Any]) -> None:
    openid = message.get("touser")
    if not isinstance(openid, str) or find(openid) is None:
        raise MessageRefused(40003, "invalid openid")
    if not is_template(message.get("template_id")):
        raise MessageRefused(40037, "invalid template_id")
    page = message.get("page") or ""
    if page and not (isinstance(page, str) and _PAGE.fullmatch(page)):
        raise MessageRefused(41030, "invalid page")
    if message.get("miniprogram_state", "formal") not in {"developer", "trial", "formal"}:
        raise MessageRefused(47003, "argument invalid! miniprogram_state invalid")
    wrong = wrong_field(message.get("data"))
    if wrong:
        raise MessageRefused(47003, f"argument invalid! {wrong} invalid")
