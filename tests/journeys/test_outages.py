"""PostgreSQL and Valkey killed, restarted, frozen: what is needed says so, the rest goes on."""

import asyncio
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import orjson
import pytest
from websockets.sync.client import connect

from integrations.embedded.process import wait_until
from miniapp_stub.demo.filing import find_faults, look_up, submit, upload
from miniapp_stub.demo.state import Story
from miniapp_stub.demo.wire import new_key
from tests.journeys.line import Line, Said
from tests.journeys.site import Site, play, token_of

AWAY_SECONDS = 3.0
BACK_SECONDS = 2.0
WITHOUT_VALKEY_SECONDS = 2.0
FROZEN_SECONDS = 6.0
WORKER_SECONDS = 45.0
# The feed asks after 5 s of silence, gives up after 5 more, then looks every 3 s.
LIVE_SECONDS = 20.0
TRIES = 30
WORKER_IS_THERE = (
    "SELECT pid FROM pg_stat_activity WHERE application_name = 'zhangban worker' AND state = 'idle'"
)


def _read(line: Line, story: Story) -> Said:
    return line.get(f"/v1/cases/{story.case}")


def _write(line: Line, story: Story) -> Said:
    return line.put(f"/v1/cases/{story.case}/form/area_m2", {"value": 12.5})


def _check_unavailable(said: Said) -> None:
    assert said.status == 503
    assert int(said.headers["retry-after"]) >= 1
    assert said.code == "unavailable"
    assert said.seconds < AWAY_SECONDS


def _check_back(since: float, act: Callable[[], Said]) -> None:
    """Check that an act works again soon; until then it is refused, not broken."""
    while (said := act()).status == 503:
        assert time.monotonic() - since < BACK_SECONDS
        time.sleep(0.05)
    assert said.status == 200
    assert time.monotonic() - since < BACK_SECONDS


@pytest.mark.parametrize("act", [_read, _write])
def test_a_killed_database_comes_back_on_the_same_connection(
    site: Site, story: Story, act: Callable[[Line, Story], Said]
) -> None:
    with site.line(token_of(story)) as line:
        assert act(line, story).status == 200
        site.kill("postgres")
        for _ in range(3):
            _check_unavailable(act(line, story))
            _check_unavailable(line.get("/health/ready"))
            assert line.get("/health/live").status == 200
            time.sleep(0.1)
        site.stack.postgres.start()
        _check_back(time.monotonic(), lambda: act(line, story))
        assert line.get("/health/ready").status == 200


def test_a_frozen_database_is_no_wait(site: Site, story: Story) -> None:
    def ask(act: Callable[[Line, Story], Said]) -> Said:
        with site.line(token_of(story)) as line:
            return act(line, story)

    with site.line(token_of(story)) as line, ThreadPoolExecutor(24) as clients:
        assert _write(line, story).status == 200
        site.freeze("postgres")
        began = time.monotonic()
        try:
            # More than the pool has connections, and later ones behind them.
            crowd = [clients.submit(ask, act) for act in (_read, _write) * 12]
            while time.monotonic() - began < FROZEN_SECONDS:
                _check_unavailable(_write(line, story))
                _check_unavailable(line.get("/health/ready"))
                assert line.get("/health/live").status == 200
            for each in crowd:
                _check_unavailable(each.result())
        finally:
            site.thaw("postgres")
        back = time.monotonic()
        _check_back(back, lambda: _write(line, story))
        _check_back(back, lambda: _read(line, story))


def _worker_is_connected(site: Site) -> bool:
    return bool(asyncio.run(site.ask(WORKER_IS_THERE)))


def test_the_worker_survives_a_restart_of_the_database(site: Site, story: Story) -> None:
    # Another test may have left it on its way back.
    assert wait_until(lambda: _worker_is_connected(site), WORKER_SECONDS)
    site.kill("postgres")
    time.sleep(1)
    site.stack.postgres.start()
    back = time.monotonic()
    play(story, upload, submit, look_up, find_faults)
    told = "材料需要补正,请查看清单"

    def is_told() -> bool:
        return any(
            told in str(message["data"]) and story.case in message["page"]
            for message in story.citizen.outbox()
        )

    assert wait_until(is_told, WORKER_SECONDS)
    assert time.monotonic() - back < WORKER_SECONDS
    assert site.worker.process.poll() is None


@contextmanager
def _without_valkey(site: Site, how: str) -> Iterator[None]:
    if how == "frozen":
        site.freeze("valkey")
    else:
        site.kill("valkey")
    try:
        yield
    finally:
        if how == "frozen":
            site.thaw("valkey")
        else:
            site.stack.valkey.start()


@pytest.mark.parametrize("how", ["frozen", "killed"])
def test_without_valkey_the_work_goes_on(site: Site, story: Story, how: str) -> None:
    play(story, upload)
    case = f"/v1/cases/{story.case}"
    live = f"ws://127.0.0.1:{site.stack.port}{case}/live"
    with site.line(token_of(story)) as line, connect(live) as watching:
        watching.send(orjson.dumps({"access_token": token_of(story)}).decode())
        assert orjson.loads(watching.recv(5))["state"] == "DRAFT"
        with _without_valkey(site, how):
            submitted = line.post(f"{case}/submit", {"another": True}, key=new_key())
            assert submitted.status == 200
            assert submitted.seconds < WITHOUT_VALKEY_SECONDS
            progress = line.get(f"{case}/progress")
            assert progress.json["state"] == "SUBMITTED"
            assert progress.seconds < WITHOUT_VALKEY_SECONDS
            code = site.phone.post(f"/citizens/{story.citizen.openid}/login-code").json["code"]
            login = line.post("/v1/login/wechat", {"code": code})
            assert login.status == 200
            assert login.seconds < WITHOUT_VALKEY_SECONDS
            assert orjson.loads(watching.recv(LIVE_SECONDS))["state"] == "SUBMITTED"
            assert _refused_after(line) <= TRIES
        assert line.get(f"{case}/progress").status == 200
        # Limits are counted by all together again.
        site.forget_limits()
        assert wait_until(lambda: _guess(line, 0).status == 404, 5)


def _guess(line: Line, number: int) -> Said:
    guess = {"query_code": f"AAAAAAAA{number:02d}", "id_last4": "0000"}
    return line.post("/v1/progress", guess)


def _refused_after(line: Line) -> int:
    """Guess query codes until the limit, which may not depend on Valkey, says no."""
    for number in range(1, TRIES + 1):
        said = _guess(line, number)
        assert said.seconds < WITHOUT_VALKEY_SECONDS
        if said.status == 429:
            assert int(said.headers["retry-after"]) >= 1
            return number
        assert said.status == 404
    return TRIES + 1
