"""The yardstick for callbacks: one signature, one row; and a refusal of who proves nothing."""

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from sanic import Request, Sanic
from sanic.response import HTTPResponse, empty
from sanic.response import json as answered

KEPT = """
INSERT INTO payment_events
  (id, order_id, source, event_id, settlement, outcome, transaction_id, amount_fen, at)
SELECT $1, id, 'CALLBACK', $2, 'PAID', 'REPEATED', transaction_id, amount_fen, $4
FROM payment_orders WHERE number = $3"""


async def callback(request: Request, number: str) -> HTTPResponse:
    """Take a callback of an order that was paid; the address tells which one."""
    said, body = request.headers, request.body
    message = f"{said['wechatpay-timestamp']}\n{said['wechatpay-nonce']}\n".encode()
    request.app.ctx.platform.verify(
        base64.b64decode(said["wechatpay-signature"]),
        message + body + b"\n",
        padding.PKCS1v15(),
        SHA256(),
    )
    told = json.loads(body)["id"]
    await request.app.ctx.pool.execute(KEPT, uuid4(), told, number, datetime.now(UTC))
    return empty()


async def refuse(request: Request) -> HTTPResponse:
    return answered({"code": "callback_forged"}, status=401)


def add_callbacks(app: Sanic[Any, Any], platform: Path | None) -> None:
    """Add the callbacks to the yardstick."""
    if platform is None:
        raise ValueError("the platform's public key is measured with")
    key = load_pem_public_key(platform.read_bytes())
    if not isinstance(key, rsa.RSAPublicKey):
        raise TypeError("not an RSA key")
    app.ctx.platform = key
    app.add_route(callback, "/callback/<number:str>", methods=["POST"])
    app.add_route(refuse, "/refuse", methods=["POST"])
