"""``zhangban conformance``: judge a vendor's client or a test system; needs no installation."""

from collections.abc import Sequence

from miniapp_stub.conformance.__main__ import main


def conformance(words: Sequence[str]) -> int:
    """Run the kit; return 0 only when everything passed."""
    return main(words)
