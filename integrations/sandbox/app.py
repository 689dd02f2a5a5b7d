"""Putting the sandbox together."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from functools import partial

from aiohttp import web

from .backstage import Backstage
from .bills import Bills
from .callbacks import Callbacks
from .cashier import Cashier
from .certificates import Certificates
from .config import SandboxConfig
from .courier import Courier
from .credentials import Credentials
from .faces import Faces, WechatFaces
from .faults import Faults
from .fiscalbills import FiscalBills
from .givebacks import Givebacks
from .netid import NetId
from .nontax import Nontax
from .notices import Notices
from .oauth import Oauth
from .oidc import Oidc
from .orders import Orders
from .parcels import Parcels
from .paysign import PaySigner
from .phone import Phone
from .phonerules import refusals, this_machine_only
from .platform import Platform
from .realname import Realname
from .refunds import Refunds
from .registers import Registers
from .shipping import Shipping
from .sms import Sms
from .store import Store
from .subscriptions import Subscriptions
from .treasury import TreasurySigner
from .treasurypages import TreasuryPages
from .treasuryrefunds import TreasuryRefunds
from .wechat import Wechat
from .wechatpay import Wechatpay


async def make_app(config: SandboxConfig) -> web.Application:
    """Return the sandbox, ready to be served on a loopback address.

    Raise ``RefusedToStart`` in production. The application owns its SQLite file until its cleanup.
    """
    config.check()
    store = Store(config.state_dir)
    credentials, now = config.credentials, config.now
    platform = Platform(store, now)
    signer = PaySigner.of(credentials, now, platform)
    treasury = TreasurySigner(credentials, store, now)
    callbacks = Callbacks(store, signer, treasury, config.time_scale, now)
    orders = Orders(credentials, store, signer, callbacks, now)
    refunds = Refunds(credentials, store, signer, orders, callbacks, now)
    subscriptions = Subscriptions(store, now)
    wechat = Wechat(credentials, store, subscriptions, now)
    parcels, faults = Parcels(store, now), Faults(store)
    faces = Faces(store, now)

    app = web.Application(middlewares=[this_machine_only, faults.middleware, refusals])
    app.add_routes(wechat.routes())
    app.add_routes(Wechatpay(credentials, signer, orders, refunds, platform).routes())
    app.add_routes(Bills(credentials, store, signer, now).routes())
    app.add_routes(Shipping(wechat, store, orders, now).routes())
    app.add_routes(Sms(credentials, store, now).routes())
    app.add_routes(Realname(credentials, faces, now).routes())
    app.add_routes(faces.routes())
    app.add_routes(Oidc(credentials, store, now).routes())
    app.add_routes(Oauth(wechat).routes())
    app.add_routes(NetId(credentials, store, now).routes())
    app.add_routes(WechatFaces(wechat, faces).routes())
    app.add_routes(Registers(credentials, now).routes())
    app.add_routes(Certificates(credentials, now).routes())
    for routes in _treasury(credentials, store, treasury, callbacks, now):
        app.add_routes(routes)
    app.add_routes(Courier(credentials, parcels, config.notify_base_url).routes())
    app.add_routes(Phone(store, wechat, subscriptions, orders, now).routes())
    app.add_routes(Cashier(orders).routes())
    app.add_routes(Givebacks(refunds).routes())
    app.add_routes(Backstage(credentials, store, callbacks, parcels, faults).routes())

    app.cleanup_ctx.append(partial(_lifetime, callbacks, store))
    return app


def _treasury(
    credentials: Credentials,
    store: Store,
    signer: TreasurySigner,
    callbacks: Callbacks,
    now: Callable[[], float],
) -> Iterator[list[web.RouteDef]]:
    notices = Notices(credentials, store, callbacks, now)
    bills = FiscalBills(credentials, store, notices, now)
    refunds = TreasuryRefunds(credentials, store, notices, callbacks, now)
    yield Nontax(signer, notices, bills, refunds).routes()
    yield TreasuryPages(notices, bills, refunds).routes()


async def _lifetime(callbacks: Callbacks, store: Store, _: web.Application) -> AsyncIterator[None]:
    sender = asyncio.create_task(callbacks.run())
    yield
    sender.cancel()
    with suppress(asyncio.CancelledError):
        await sender
    store.close()
