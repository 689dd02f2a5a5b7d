"""``zhangban payments``: reconcile a day, look at differences and orders, ask the channel."""

import argparse
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime

from composition import Parts, compose
from models.payment import PaymentEvent, RefundEvent
from models.reconciliation import PaymentDifference, ReconciliationRun
from models.rules.calendar import SHANGHAI
from models.rules.differences import Differs
from services.actors import SYSTEM
from services.differences import OPEN
from services.errors import Problem
from services.order_desk import OrderRecord
from services.reconciliation import DONE
from settings import Settings

Act = Callable[[Parts, argparse.Namespace], Awaitable[int]]


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="zhangban payments", description=__doc__)
    acts = made.add_subparsers(dest="act", required=True)
    reconcile = acts.add_parser("reconcile", help="hold a day's bill against our books")
    reconcile.add_argument(
        "--day", type=date.fromisoformat, help="YYYY-MM-DD, by default yesterday"
    )
    listing = acts.add_parser("differences", help="list what differs and is open")
    listing.add_argument("--all", action="store_true", help="what is mended or resolved as well")
    listing.add_argument("--day", type=date.fromisoformat, help="of this day's bill only")
    resolve = acts.add_parser("resolve", help="close a difference that stays as it is")
    resolve.add_argument("key")
    resolve.add_argument("--why", required=True, help="what it was and what became of the money")
    for name, told in (
        ("show", "print an order with everything that the channel said"),
        ("ask", "ask the channel for an order now; a payment takes effect"),
    ):
        acts.add_parser(name, help=told).add_argument("order", help="the order's number")
    return made


async def payments(settings: Settings, words: Sequence[str]) -> int:
    """Run an act; exit 1 when a day is not done, something differs, or it was refused."""
    read = parser().parse_args(words)
    parts = compose(settings)
    await parts.open()
    try:
        return await ACTS[read.act](parts, read)
    except Problem as failed:
        print(f"FAULT {failed.code}: {failed.text}")
        return 1
    finally:
        await parts.close()


async def _reconcile(parts: Parts, read: argparse.Namespace) -> int:
    desk = parts.context.order_desk
    run = await desk.reconcile(SYSTEM, read.day)
    print(_run(run))
    if run.outcome not in DONE:
        print("FAULT the bill was not used and nothing changed; run it again later")
        return 1
    return _list(await desk.differences(OPEN, run.day))


async def _differences(parts: Parts, read: argparse.Namespace) -> int:
    wanted = None if read.all else OPEN
    return _list(await parts.context.order_desk.differences(wanted, read.day))


async def _resolve(parts: Parts, read: argparse.Namespace) -> int:
    await parts.context.order_desk.resolve(SYSTEM, read.key, read.why)
    print(f"resolved {read.key}")
    return 0


async def _show(parts: Parts, read: argparse.Namespace) -> int:
    _print(await parts.context.order_desk.show(SYSTEM, read.order))
    return 0


async def _ask(parts: Parts, read: argparse.Namespace) -> int:
    _print(await parts.context.order_desk.ask(SYSTEM, read.order))
    return 0


ACTS: Mapping[str, Act] = {
    "reconcile": _reconcile,
    "differences": _differences,
    "resolve": _resolve,
    "show": _show,
    "ask": _ask,
}


def _list(found: Sequence[PaymentDifference]) -> int:
    for each in found:
        print(_difference(each))
    still = sum(each.status == OPEN for each in found)
    print(f"{still} open difference(s)" if still else "ok")
    return 1 if still else 0


def _run(run: ReconciliationRun) -> str:
    return (
        f"{run.day} {run.channel} {run.outcome}: {run.payments} payment(s) of {yuan(run.paid_fen)},"
        f" {run.refunds} refund(s) of {yuan(run.refunded_fen)}; {run.found} new difference(s),"
        f" {run.mended} mended, {run.left_open} open"
    )


def _difference(each: PaymentDifference) -> str:
    facts = " ".join(f"{name}={value}" for name, value in sorted(each.facts.items()))
    closed = f" by {each.closed_by}: {each.reason}" if each.closed_by else ""
    return (
        f"{each.status} {each.light} {each.key} ({each.day}) {facts}{closed}\n"
        f"  {Differs(each.code).sentence}"
    )


def _print(record: OrderRecord) -> None:
    order = record.order
    print(
        f"{order.number} {order.status} {yuan(order.amount_fen)} {record.fee.name},"
        f" {order.channel} {order.scene}, case {order.case_id}, transaction"
        f" {order.transaction_id or 'none'}, paid {_at(order.paid_at)},"
        f" expires {_at(order.expires_at)}, shipped {order.shipped_as or 'not'}"
    )
    print(f"fee: {'settled ' + _at(record.fee.settled_at) if record.fee.settled_at else 'open'}")
    for event in record.events:
        print(_said(event, event.settlement, event.transaction_id))
    for refund, said in record.refunds:
        print(f"refund {refund.number} {refund.status} {yuan(refund.amount_fen)} {refund.reason}")
        for told in said:
            print(_said(told, told.status, told.channel_refund_id))
    for each in record.differences:
        print(_difference(each))


def _said(event: PaymentEvent | RefundEvent, said: str, reference: str | None) -> str:
    amount = "" if event.amount_fen is None else f" {yuan(event.amount_fen)}"
    return (
        f"  {_at(event.at)} {event.source} said {said}{amount} {reference or ''} -> {event.outcome}"
    )


def yuan(amount_fen: int) -> str:
    """Return an amount as people write it."""
    return f"¥{amount_fen // 100}.{amount_fen % 100:02d}"


def _at(moment: datetime | None) -> str:
    return "never" if moment is None else f"{moment.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"
