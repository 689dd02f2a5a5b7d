"""Subscribe messages: one acceptance by the citizen allows one message."""

from collections.abc import Mapping

import structlog
from wechatpy.exceptions import WeChatClientException

from integrations.wechat.client import AsyncWechatClient
from services.errors import OutsideUnavailable
from services.ports import Sent

NOT_SUBSCRIBED = 43101
# openid, template, page, field, banned, sensitive words: sending the same again cannot help.
REFUSED = frozenset({40003, 40037, 41030, 47003, 43107, 45168})

log = structlog.get_logger(__name__)


class WechatpyMessages:
    """Send in the given state of the mini-program: ``developer``, ``trial`` or ``formal``."""

    def __init__(self, client: AsyncWechatClient, state: str = "formal") -> None:
        self._client = client
        self._state = state

    async def send(self, openid: str, template: str, data: Mapping[str, str], page: str) -> Sent:
        """Send ``data`` (field to text) once; raise ``OutsideUnavailable`` or ``TooMany``."""
        message = {
            "touser": openid,
            "template_id": template,
            "page": page,
            "data": {field: {"value": text} for field, text in data.items()},
            "miniprogram_state": self._state,
            "lang": "zh_CN",
        }
        try:
            await self._client.program.send_subscribe_message(message)
        except WeChatClientException as error:
            if error.errcode == NOT_SUBSCRIBED:
                return Sent.NOT_SUBSCRIBED
            if error.errcode in REFUSED:
                log.warning("wechat.message_refused", template=template, errcode=error.errcode)
                return Sent.REFUSED
            raise OutsideUnavailable from error
        return Sent.SENT
