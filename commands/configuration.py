"""What is wrong with a configuration, though it would start: each thing in a line of its own."""

import binascii
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from urllib.parse import parse_qs, unquote, urlsplit

from composition import Parts
from models.database import rows
from settings import LOOPBACK, Environment, Settings

FIELD_KEY_BYTES, INDEX_KEY_BYTES = 16, 32
# Random bytes repeat themselves seldom; what somebody typed or counted does.
LEAST_DIFFERENT = 8
LEAST_SECRET = 16
LEAST_PASSWORD = 12
COMMON = frozenset({"postgres", "password", "zhangban", "secret", "changeme", "123456"})
OPEN_TLS = frozenset({"", "disable", "allow", "prefer"})
LEAST_WORKERS = 2
MOST_SKEW_SECONDS = 2.0
SAMPLE = 50


def configuration_faults(settings: Settings) -> Iterator[str]:
    """Yield what no server is needed to see; the stricter half is for production alone."""
    yield from _key_faults(settings)
    if settings.env is not Environment.PRODUCTION:
        return
    for name in ("wechat_secret", "sms_secret", "realname_secret_key", "courier_key"):
        if len(getattr(settings, name).get_secret_value()) < LEAST_SECRET:
            yield f"{name} has fewer than {LEAST_SECRET} characters"
    yield from _database_faults(settings)
    redis = urlsplit(settings.redis_url.get_secret_value())
    if redis.hostname not in LOOPBACK and redis.scheme != "rediss":
        yield "redis_url reaches another machine without TLS: use rediss://"
    if redis.hostname not in LOOPBACK and not redis.password:
        yield "redis_url reaches another machine without a password"
    if settings.workers < LEAST_WORKERS:
        yield f"workers is {settings.workers}: while it does one thing it answers nobody else"
    if settings.proxies == 0 and settings.host in LOOPBACK:
        yield "proxies is 0 behind a proxy: limits per address would count everybody as one"
    yield from _file_faults(settings)


def _key_faults(settings: Settings) -> Iterator[str]:
    try:
        keys = settings.field_key_bytes
        indexes = {"index_key": settings.index_key_bytes}
        if (former := settings.former_index_key_bytes) is not None:
            indexes["index_key_previous"] = former
    except (ValueError, binascii.Error):
        yield "field_keys or index_key is not what it should be: base64, with an id for each field"
        return
    if settings.field_key_active not in keys:
        yield f"field_key_active is {settings.field_key_active}, and field_keys has no such key"
    named = [(f"field key {key_id}", key, FIELD_KEY_BYTES) for key_id, key in keys.items()]
    named += [(name, key, INDEX_KEY_BYTES) for name, key in indexes.items()]
    for name, key, length in named:
        if len(key) != length:
            yield f"{name} has {len(key)} bytes, not {length}"
        elif len(set(key)) < LEAST_DIFFERENT or key in (bytes(range(length)), _text(length)):
            yield f"{name} is no random key"
    if len({bytes(key) for _, key, _ in named}) < len(named):
        yield "two keys are the same: each has one purpose"


def _text(length: int) -> bytes:
    return b"0123456789abcdef0123456789abcdef"[:length]


def _database_faults(settings: Settings) -> Iterator[str]:
    parts = urlsplit(settings.database_url.get_secret_value())
    password = unquote(parts.password or "")
    if parts.hostname not in LOOPBACK:
        mode = parse_qs(parts.query).get("sslmode", [""])[0]
        if mode in OPEN_TLS:
            yield "database_url reaches another machine without TLS: add ?sslmode=verify-full"
    if len(password) < LEAST_PASSWORD or password.lower() in COMMON | {parts.username}:
        yield "the database's password is short or the first that anybody would try"


def _file_faults(settings: Settings) -> Iterator[str]:
    if settings.data_dir.exists() and settings.data_dir.stat().st_mode & 0o007:
        yield f"{settings.data_dir} is open to everybody on the machine"
    folders = [settings.document_retired_dir, settings.wxpay_platform_cert_dir]
    for folder in filter(None, folders):
        if folder.stat().st_mode & 0o002:
            yield f"everybody may put keys into {folder}"


async def data_faults(parts: Parts, now: datetime) -> AsyncIterator[str]:
    """Yield what is wrong between the keys and a current database, and between two clocks."""
    [there] = await rows("SELECT clock_timestamp() AS now")
    skew = abs((there["now"] - now).total_seconds())
    if skew > MOST_SKEW_SECONDS:
        yield f"the clocks of this machine and the database differ by {skew:.0f} s"
    known = parts.adapters.crypto.known_keys
    for use in await parts.keys.status():
        if use.key_id not in known:
            yield (
                f"{use.rows} row(s) of {use.place.name} are sealed by key {use.key_id},"
                " which field_keys does not have: bring it back, then zhangban keys rotate"
            )
    if lost := await parts.keys.misindexed(SAMPLE):
        yield (
            f"{lost} row(s) of a sample are indexed by another key than index_key and"
            " index_key_previous: bring it back as the previous one, then zhangban keys reindex"
        )
