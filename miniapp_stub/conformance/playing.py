"""Playing the county until every case was seen, or the time is over."""

import asyncio
import signal
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from miniapp_stub.conformance import event_scenes, network_scenes, package_scenes
from miniapp_stub.conformance.county import County
from miniapp_stub.conformance.entrance import Entrance, new_private_key, public_half
from miniapp_stub.conformance.parcels import Mint
from miniapp_stub.conformance.report import Report
from miniapp_stub.conformance.scenes import Scene

ISSUER = "zhangban"
SCENES: tuple[type[Scene], ...] = (
    Scene,
    package_scenes.Unicode,
    package_scenes.UnknownFields,
    package_scenes.ReceiptCode,
    package_scenes.BodyDigest,
    package_scenes.Forged,
    package_scenes.Photos,
    package_scenes.LeaseLapsed,
    package_scenes.ServedAgain,
    network_scenes.MaterialBroken,
    network_scenes.MaterialDigest,
    network_scenes.Unavailable,
    network_scenes.Limited,
    network_scenes.Slow,
    network_scenes.TokenEnds,
    package_scenes.OutOfOrder,
    package_scenes.Following,
    package_scenes.Ended,
    event_scenes.AnswerLost,
    event_scenes.EarlyRefused,
    event_scenes.EarlyParked,
    event_scenes.RefusedForNow,
)
# A second case may speak a moment after the first.
LINGER = 2.0


def make_scenes(seed: int, only: Collection[str] = ()) -> list[Scene]:
    """Return the scenes; the same seed makes the same packages. Raises KeyError for a name."""
    known = {scene.name: scene for scene in SCENES}
    mint = Mint(seed)
    return [known[name](mint) for name in (only or known)]


def make_key(file: Path) -> str:
    """Make a private key for the client, readable by its owner only; return its public half."""
    pem = new_private_key()
    file.touch(mode=0o600)
    file.write_text(pem)
    return public_half(pem)


@dataclass(frozen=True)
class Stage:
    """Where the county is played; port 0 takes a free one."""

    client_id: str
    public_key: str
    seed: int = 1
    host: str = "127.0.0.1"
    port: int = 0
    lease_cap: int = 60
    only: tuple[str, ...] = ()


class Play:
    """A county that is being served; ``async with Play(stage) as play``."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.entrance = Entrance(stage.client_id, stage.public_key, ISSUER)
        scenes = make_scenes(stage.seed, stage.only)
        self.county = County(self.entrance, scenes, stage.lease_cap)
        self.base = ""

    async def __aenter__(self) -> "Play":
        app = self.county.app()
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, self.stage.host, self.stage.port).start()
        port = self._runner.addresses[0][1]
        self.base = f"http://{self.stage.host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def until_over(self, seconds: float, linger: float = LINGER) -> None:
        """Wait until every case was seen and a little longer, or ``seconds`` have passed."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                # Some cases are over by the clock: no call tells of it.
                while not self.county.over:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
                await asyncio.sleep(linger)

    def report(self) -> Report:
        about = f"The client {self.stage.client_id}, judged offline (seed {self.stage.seed})."
        return Report(about, self.county.lines())


async def play(stage: Stage, seconds: float, key_file: str) -> Report:
    """Serve until every case was seen, time is over or Ctrl-C; return what was seen."""
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    async with Play(stage) as opened:
        print(f"base_url  {opened.base}\nclient_id {stage.client_id}\nkey_file  {key_file}\n")
        print("Let your client pull and report now: review_started, then decided, of every case.")
        print(f"It ends when every case was seen, after {seconds:g} s, or by Ctrl-C.", flush=True)
        seen = asyncio.create_task(opened.until_over(seconds))
        waiting = asyncio.create_task(stopped.wait())
        await asyncio.wait({seen, waiting}, return_when=asyncio.FIRST_COMPLETED)
        for task in (seen, waiting):
            task.cancel()
        return opened.report()
