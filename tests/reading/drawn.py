"""The forty documents: fifteen good ones, twenty-five with one fault each."""

from functools import cache

from tests.reading.cases import Case
from tests.reading.faulty import illegible, not_asked_for, not_in_order, out_of_frame
from tests.reading.good import good


@cache
def drawn_set() -> tuple[Case, ...]:
    """Return the forty, each under its name."""
    return (*good(), *illegible(), *out_of_frame(), *not_asked_for(), *not_in_order())
