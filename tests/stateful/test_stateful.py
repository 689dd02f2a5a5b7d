"""Payment and hand-off against a model that knows nothing of the product."""

import asyncio
import os
from contextlib import AsyncExitStack

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.conftest import Servers
from tests.stateful.machine import Counter
from tests.stateful.stage import open_stage

STEPS = 50
RUNS = int(os.environ.get("STATEFUL_RUNS", "24"))
# A long search need not make what it finds small: that takes longer than the search itself.
QUICK = bool(os.environ.get("STATEFUL_QUICK"))
PHASES = [Phase.generate] if QUICK else [Phase.generate, Phase.shrink]


def test_the_product_never_leaves_the_model(
    servers: Servers, database: str, valkey_url: str
) -> None:
    """``make stateful RUNS=2000`` plays more of the same."""
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        opening = open_stage(stack, runner, servers.folder, database, valkey_url)
        Counter.stage = runner.run(opening)
        try:
            run_state_machine_as_test(
                Counter,
                settings=settings(
                    max_examples=RUNS,
                    stateful_step_count=STEPS,
                    deadline=None,
                    database=None,
                    derandomize=True,
                    suppress_health_check=list(HealthCheck),
                    phases=PHASES,
                    print_blob=False,
                ),
            )
        finally:
            runner.run(stack.aclose())
