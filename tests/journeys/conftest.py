"""One installation for the journeys of a run."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from miniapp_stub.demo.filing import choose_courier, choose_item, fill_form, login, real_name
from miniapp_stub.demo.state import Story
from tests.journeys.site import Site, make_stack, play


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
    return play(site.story(), login, real_name, choose_item, fill_form, choose_courier)
