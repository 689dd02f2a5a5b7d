"""The yardstick of callbacks: one signature, the same row by bare asyncpg; and a bare refusal."""

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from sanic import Request, Sanic
from sanic.response import HTTPResponse, empty

KEEP = """
INSERT INTO payment_events
  (id, order_id, source, event_id, settlement, outcome, transaction_id, amount_fen, at)
SELECT $1, id, 'CALLBACK', $2, 'PAID', 'REPEATED', $4, $5, $6 FROM payment_orders
WHERE number = $3"""


async def take(request: Request) -> HTTPResponse:
    """Prove a callback, open it and keep what it said."""
    said, ctx = request.headers, request.app.ctx
    signed = f"{said['wechatpay-timestamp']}\n{said['wechatpay-nonce']}\n".encode()
    ctx.platform.verify(
        base64.b64decode(said["wechatpay-signature"]),
        signed + request.body + b"\n",
        PKCS1v15(),
        SHA256(),
    )
    notice = json.loads(request.body)
    resource = notice["resource"]
    sealed = base64.b64decode(resource["ciphertext"])
    associated = resource["associated_data"].encode()
    trade = json.loads(ctx.cipher.decrypt(resource["nonce"].encode(), sealed, associated))
    await ctx.pool.execute(
        KEEP,
        uuid4(),
        notice["id"],
        trade["out_trade_no"],
        trade["transaction_id"],
        trade["amount"]["total"],
        datetime.now(UTC),
    )
    return empty()


async def refuse(request: Request) -> HTTPResponse:
    return empty(status=401)


def add_routes(app: Sanic[Any, Any], public_key: Path, apiv3_key: str) -> None:
    """Add the callbacks to the yardstick."""
    app.ctx.platform = load_pem_public_key(public_key.read_bytes())
    app.ctx.cipher = AESGCM(apiv3_key.encode())
    app.add_route(take, "/callback", methods=["POST"])
    app.add_route(refuse, "/refused", methods=["POST"])
