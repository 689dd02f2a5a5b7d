"""What the sandbox has to be told."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from .credentials import Credentials
from .loopback import is_loopback_url


class RefusedToStart(Exception):
    """The sandbox would do harm here."""


@dataclass(frozen=True)
class SandboxConfig:
    """``time_scale`` multiplies the waits between repeated callbacks; ``now`` is Unix seconds.

    ``environment`` is the application's: the sandbox refuses ``production``.
    """

    credentials: Credentials
    state_dir: Path
    notify_base_url: str
    time_scale: float = 1.0
    environment: str = ""
    now: Callable[[], float] = field(default=time.time, repr=False)

    def check(self) -> None:
        """Raise ``RefusedToStart`` in production, or when callbacks would leave this machine."""
        self.refuse_production(self.environment)
        if not is_loopback_url(self.notify_base_url):
            raise RefusedToStart("the notify base URL has to be a loopback address")
        if self.time_scale < 0:
            raise RefusedToStart("the time scale cannot be negative")

    @staticmethod
    def refuse_production(environment: str) -> None:
        """Raise ``RefusedToStart`` in production."""
        if environment.strip().lower() == "production":
            raise RefusedToStart("the sandbox does not run in production")
