"""Documents, opened in the child by what they are."""

import importlib
from typing import Any, BinaryIO

from uploads.kinds import Kind

# Each brings a parser of its own, and few children see both.
_CHECKERS = {Kind.PDF: "uploads.pdf", Kind.OFD: "uploads.ofd"}


def inspect(source: BinaryIO, kind: str, working: BinaryIO, thumbnail: BinaryIO) -> dict[str, Any]:
    """Check the document in ``source``; its working copy is itself, so nothing is written.

    Raises ``MaterialUnreadable`` or a subclass, and whatever the parser raises.
    """
    pages = importlib.import_module(_CHECKERS[Kind(kind)]).check(source)
    return {"pages": pages, "width": None, "height": None, "working_mime": kind}
