"""Fan-out of "something changed" over Redis: one connection per process for all listeners."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from integrations.redis import TIMEOUT_SECONDS, Pause

PREFIX = "zhangban:topic:"
WAITING_MESSAGES = 16
SILENCE_SECONDS = 5.0

_Queue = asyncio.Queue[str | None]


class RedisBroadcast:
    """Publish and subscribe, best effort: with Redis gone nothing is raised, streams just end.

    A listener that ends early should read the truth from the database and subscribe again.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._pause = Pause()
        self._feed: _Feed | None = None

    async def publish(self, topic: str, message: str) -> None:
        """Tell whoever listens to the topic now; cost at most 0.3 s, and once a second."""
        if self._pause.active:
            return
        try:
            await self._redis.publish(PREFIX + topic, message)
        except (RedisError, OSError):
            self._pause.begin()

    @asynccontextmanager
    async def subscribe(self, topic: str) -> AsyncIterator[AsyncIterator[str]]:
        """Enter when the topic is being listened to; the stream ends when Redis is gone.

        A listener that is too slow loses the oldest messages, never the newest.
        """
        if self._feed is None or self._feed.gone:
            self._feed = _Feed(self._redis.pubsub())
        feed = self._feed
        queue: _Queue = asyncio.Queue(WAITING_MESSAGES)
        try:
            await feed.join(PREFIX + topic, queue)
            yield _drain(queue)
        finally:
            await feed.leave(PREFIX + topic, queue)

    async def aclose(self) -> None:
        """End all streams and give the connection back."""
        if self._feed is not None:
            await self._feed.end()


class _Feed:
    """One subscribed connection, from its first listener until it is lost or closed."""

    def __init__(self, pubsub: PubSub) -> None:
        self.gone = False
        self._pubsub = pubsub
        self._listeners: defaultdict[str, set[_Queue]] = defaultdict(set)
        self._heard: dict[str, asyncio.Event] = {}
        self._reader: asyncio.Task[None] | None = None

    async def join(self, channel: str, queue: _Queue) -> None:
        self._listeners[channel].add(queue)
        heard = self._heard.setdefault(channel, asyncio.Event())
        try:
            if not heard.is_set():
                await self._pubsub.subscribe(channel)
                self._start()
                # Without the server's word a change between now and then would be missed.
                await asyncio.wait_for(heard.wait(), TIMEOUT_SECONDS)
        except (RedisError, OSError, TimeoutError):
            await self.end()
        if self.gone:
            _offer(queue, None)

    async def leave(self, channel: str, queue: _Queue) -> None:
        listeners = self._listeners[channel]
        listeners.discard(queue)
        if listeners or self.gone:
            return
        del self._listeners[channel]
        self._heard.pop(channel, None)
        try:
            await self._pubsub.unsubscribe(channel)
        except (RedisError, OSError):
            await self.end()

    async def end(self) -> None:
        """Tell every listener that there will be nothing more; may be called twice."""
        self.gone = True
        for queue in [queue for queues in self._listeners.values() for queue in queues]:
            _offer(queue, None)
        if self._reader is not None and self._reader is not asyncio.current_task():
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)
        await self._pubsub.aclose()  # type: ignore[no-untyped-call]

    def _start(self) -> None:
        if self._reader is None:
            self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        asked = False
        try:
            while True:
                message = await self._pubsub.get_message(timeout=SILENCE_SECONDS)
                if message is not None:
                    asked = False
                    self._deliver(message)
                elif asked:
                    break
                else:
                    # A connection can die without a word; an answer shows that it has not.
                    asked = True
                    await self._pubsub.ping()
        except (RedisError, OSError):
            pass
        await self.end()

    def _deliver(self, message: dict[str, str]) -> None:
        channel = message["channel"]
        if message["type"] == "subscribe" and channel in self._heard:
            self._heard[channel].set()
        elif message["type"] == "message":
            for queue in self._listeners.get(channel, ()):
                _offer(queue, message["data"])


def _offer(queue: _Queue, message: str | None) -> None:
    if queue.full():
        queue.get_nowait()
    queue.put_nowait(message)


async def _drain(queue: _Queue) -> AsyncIterator[str]:
    while (message := await queue.get()) is not None:
        yield message
