"""Setting an installation up, and looking whether it is sound."""

import os
import sys
from collections.abc import AsyncIterator, Iterator

import orjson
import structlog
from redis.exceptions import RedisError

from commands.configuration import configuration_faults, data_faults
from commands.development_accounts import make_accounts
from composition import Parts, compose
from integrations.jobs import install_jobs
from integrations.official_calendar import official_days
from integrations.provisional_calendar import statutory_days
from integrations.redis import connect, make_pool
from models.database import is_answering, is_current, migrate_database
from models.notice import Notice
from services.errors import StoreUnreadable
from services.seeding import SeedRefused
from settings import Environment, Settings

log = structlog.get_logger("zhangban")


async def migrate(settings: Settings) -> int:
    """Bring the database to the newest schema; safe to run from several machines at once."""
    url = settings.database_url.get_secret_value()
    parts = compose(settings)
    await migrate_database(parts.database)
    await install_jobs(url)
    await parts.adapters.close()
    return 0


async def seed(settings: Settings) -> int:
    """Publish the catalogue, the windows and the calendar; repeating it changes nothing."""
    parts = compose(settings)
    await parts.open()
    try:
        new = await parts.seeding.seed(official_days(), statutory_days())
        log.info("seeded", new_items=new)
    except SeedRefused as error:
        print(f"zhangban: {error}", file=sys.stderr)
        return 1
    finally:
        await parts.close()
    return 0


async def prepare(settings: Settings) -> int:
    """Development only: migrate, seed, and make the accounts that the table of addresses names."""
    if settings.env is not Environment.DEVELOPMENT:
        print("zhangban: prepare is for development; use migrate and seed", file=sys.stderr)
        return 1
    await migrate(settings)
    if await seed(settings):
        return 1
    parts = compose(settings)
    await parts.open()
    try:
        await make_accounts(parts)
    finally:
        await parts.close()
    return 0


async def doctor(settings: Settings) -> int:
    """Say what is wrong with an installation; exit 0 when nothing is."""
    faults = list(configuration_faults(settings))
    try:
        parts = compose(settings)
    except (ValueError, OSError) as error:
        faults.append(f"it does not start: {error}")
    else:
        await parts.open()
        try:
            faults += [fault async for fault in _faults(settings, parts)]
        finally:
            await parts.close()
    print(f"WeChat Pay: {settings.platform_mode}")
    for warning in warnings(settings):
        print(f"WARNING {warning}")
    for fault in faults:
        print(f"FAULT {fault}")
    print(f"{len(faults)} fault(s)" if faults else "ok")
    return 1 if faults else 0


def warnings(settings: Settings) -> Iterator[str]:
    """Yield what an installation may do without, and should not."""
    if settings.env is Environment.PRODUCTION and settings.clamav_address is None:
        yield "CLAMAV_ADDRESS is not set: nobody looks for viruses in what is uploaded"


async def content_faults(parts: Parts) -> AsyncIterator[str]:
    """Yield what is wrong with what a current database holds."""
    if not await parts.context.items.published():
        yield "no service item is published: zhangban seed"
    elif waiting := await parts.issuing.left_behind():
        yield f"{waiting} notice(s) wait to be issued: is a worker running?"
    signed = Notice.filter(signature__isnull=False)
    # A key that is not there any more signed the oldest, if any.
    ends = [await signed.order_by(order).first() for order in ("id", "-id")]
    for notice in {each.id: each for each in ends if each is not None}.values():
        try:
            shown = orjson.loads(parts.adapters.crypto.verify(notice.signature or ""))
        except ValueError as error:
            yield f"the notice {notice.doc_no} does not verify: {error}"
        else:
            if shown["sha256"] != notice.digest:
                yield f"the notice {notice.doc_no} is not the one that was signed"


async def _faults(settings: Settings, parts: Parts) -> AsyncIterator[str]:
    if not await is_answering():
        yield "the database does not answer"
    elif not await is_current():
        yield "the database is not on the newest schema: zhangban migrate"
    else:
        async for fault in content_faults(parts):
            yield fault
        async for fault in data_faults(parts, parts.adapters.clock.now()):
            yield fault
    try:
        parts.adapters.crypto.verify(parts.adapters.crypto.sign(b"doctor"))
    except ValueError as error:
        yield f"the document key does not sign: {error}"
    pool = make_pool(settings.redis_url.get_secret_value())
    try:
        await connect(pool).ping()
    except RedisError as error:
        yield f"Redis does not answer ({type(error).__name__})"
    finally:
        await pool.disconnect()
    try:
        await parts.adapters.objects.size("objects/doctor")
    except StoreUnreadable:
        yield "the place where files are kept does not answer"
    if settings.clamav_address is not None and not await parts.keeping.scans.answers():
        yield f"the virus scanner at {settings.clamav_address} does not answer"
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    if not os.access(settings.data_dir, os.W_OK):
        yield f"{settings.data_dir} cannot be written"
