"""The system's clock."""

import time
from datetime import timedelta

from integrations.clock import SystemClock


def test_the_present_is_aware_and_utc() -> None:
    now = SystemClock().now()
    assert now.utcoffset() == timedelta(0)
    assert abs(now.timestamp() - time.time()) < 1
