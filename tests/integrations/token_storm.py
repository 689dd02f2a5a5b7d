"""One of several processes that all want the access token at once; prints what became of it.

Arguments: WeChat's base URL, Redis' URL, appid, AppSecret, number of tasks.
"""

import asyncio
import json
import sys
from collections import Counter

from integrations.http import Http
from integrations.redis import connect, make_pool
from integrations.wechat.client import AsyncWechatClient
from integrations.wechat.messages import WechatpyMessages
from services.errors import Problem
from tests.integrations.outside import TEMPLATE, WANG


async def storm(base_url: str, redis_url: str, appid: str, secret: str, tasks: str) -> None:
    pool, http = make_pool(redis_url), Http()
    client = AsyncWechatClient(http, connect(pool), base_url, appid, secret)
    messages = WechatpyMessages(client)

    async def one() -> str:
        try:
            return await messages.send(WANG, TEMPLATE, {"thing1": "材料"}, "")
        except Problem as problem:
            return problem.code

    print(json.dumps(Counter(await asyncio.gather(*(one() for _ in range(int(tasks)))))))
    await http.aclose()
    await pool.disconnect()


if __name__ == "__main__":
    asyncio.run(storm(*sys.argv[1:6]))
