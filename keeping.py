"""The composition of keeping: what looks after stored files, by day and by night."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from adapters import Adapters
from integrations.jobs import Handler
from services.file_sweeps import FileSweeps
from services.infections import Infections
from services.items import Items
from services.scans import Scans
from services.scrubs import Scrubs
from services.stored_files import SCAN


@dataclass(frozen=True)
class Keeping:
    """The use-cases of stored files, as the worker runs them."""

    scans: Scans
    sweeps: FileSweeps
    scrubs: Scrubs

    @property
    def handlers(self) -> dict[str, Handler]:
        return {SCAN: self.scans.scan}

    @property
    def schedules(self) -> dict[str, tuple[str, Callable[[], Awaitable[object]]]]:
        """Return when what is done: scans each minute, the rest while nobody uploads."""
        # The queue counts in UTC: 1 to 5 and half past midnight in Shanghai.
        return {
            "files.scan": ("* * * * *", self.scans.sweep),
            "files.scrub": ("*/10 17-20 * * *", self.scrubs.scrub),
            "files.sweep": ("33 16 * * *", self.sweeps.sweep),
        }


def compose_keeping(made: Adapters, items: Items) -> Keeping:
    store = made.files.store
    infections = Infections(items, made.jobs)
    return Keeping(
        scans=Scans(made.clock, made.stored, store, made.scanner, infections),
        sweeps=FileSweeps(made.clock, made.objects, store),
        scrubs=Scrubs(made.clock, made.crypto, items, store),
    )
