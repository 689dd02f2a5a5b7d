"""Tidings: people are told what happened to their account, wherever they can still be reached."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from models.account import Account, WechatIdentity
from models.ids import uuid7
from models.rules.ways import Way
from services.messages import words_of
from services.ports import Clock, Crypto, Jobs, Sent, Sms, WechatMessages

TELL_ACCOUNT = "account.tell"
TEMPLATE = "case_action"
SUBJECT = "账号安全"


class Tiding(StrEnum):
    """What is told, in the 20 characters that a message field holds."""

    WAY_ADDED = "您的账号增加了一种登录方式"
    WAY_REMOVED = "您的账号减少了一种登录方式"
    WAY_MOVED = "您的一种登录方式已归他人使用"
    JOINED = "您的两个账号已经合并"


@dataclass(frozen=True)
class Tidings:
    """``templates`` gives WeChat's template id for each template name."""

    clock: Clock
    crypto: Crypto
    jobs: Jobs
    wechat: WechatMessages
    sms: Sms
    templates: Mapping[str, str]

    async def tell(self, account_id: UUID, what: Tiding) -> None:
        """Have the owner told, in the caller's transaction, as they can be reached right now."""
        account = await Account.get(id=account_id)
        openids = await WechatIdentity.filter(
            account_id=account_id, app=Way.WECHAT_MINI.app
        ).values_list("openid", flat=True)
        sealed = account.phone_sealed
        await self.jobs.enqueue(
            TELL_ACCOUNT,
            {
                "key": f"{TELL_ACCOUNT}:{uuid7()}",
                "what": what.name,
                "at": self.clock.now().isoformat(),
                # What somebody held until now is told there; a queue holds no plain number.
                "openids": [str(each) for each in openids],
                "phone": None if sealed is None else sealed.hex(),
            },
        )

    async def deliver(self, payload: Mapping[str, Any]) -> None:
        """Do the job; the gateway takes a repeated one for the same message.

        Raises ``OutsideUnavailable`` to be tried again.
        """
        at = datetime.fromisoformat(payload["at"])
        data = words_of(SUBJECT, Tiding[payload["what"]].value, at)
        for openid in payload["openids"]:
            sent = await self.wechat.send(
                openid, self.templates[TEMPLATE], data, "pages/login/login"
            )
            if sent is Sent.SENT:
                return
        if payload["phone"] is not None:
            phone = self.crypto.open(bytes.fromhex(payload["phone"]), "account.phone").decode()
            await self.sms.send(phone, TEMPLATE, data, once=payload["key"])
