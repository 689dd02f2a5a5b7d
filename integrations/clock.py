"""The system's clock."""

from datetime import UTC, datetime


class SystemClock:
    """The clock of the machine; the only place where the present is asked for."""

    def now(self) -> datetime:
        """Return the aware UTC time."""
        return datetime.now(UTC)
