"""One installation for the journeys of a run."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from miniapp_stub.demo.filing import (
    choose_courier,
    choose_item,
    consents,
    fill_form,
    login,
    real_name,
)
from miniapp_stub.demo.state import Story
from tests.journeys.line import Line
from tests.journeys.site import Site, make_stack, play, token_of


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """Return a started installation; a test leaves it as sound as it found it."""
    with tempfile.TemporaryDirectory(prefix="zhangban-site-") as name:
        folder = Path(name)
        # PostgreSQL's own account has to come through.
        folder.chmod(0o711)
        opened = Site(folder, make_stack(folder))
        try:
            opened.open()
            yield opened
        finally:
            opened.close()


@pytest.fixture
def story(site: Site) -> Story:
    """Return the demo's people with a draft whose form is filled; it has no materials yet."""
    site.forget_limits()
    return play(site.story(), login, real_name, consents, choose_item, fill_form, choose_courier)


@pytest.fixture(scope="module")
def guest(site: Site) -> Story:
    """Return the demo's people with a draft; WeChat itself allows a hundred logins a minute."""
    site.forget_limits()
    return play(site.story(), login, real_name, consents, choose_item, fill_form)


@pytest.fixture
def line(site: Site, guest: Story) -> Iterator[Line]:
    """Give a signed-in connection; afterwards the server is sound and has not crashed."""
    site.forget_limits()
    crashed = site.api.count("request.crashed")
    with site.line(token_of(guest)) as line:
        yield line
    with site.line() as another:
        assert another.get("/health/ready").status == 200
    assert site.api.count("request.crashed") == crashed
