"""The process that draws watermarks: ``python -m uploads.stamper MEMORY_BYTES CPU_SECONDS``."""

import io
from typing import Any

from services.errors import StoreUnwritable
from uploads.child import Copy, serve
from uploads.messages import Told, draft_of, sealed_file_of
from uploads.sealed_files import SealedReader
from uploads.sealing import CHUNK
from uploads.watermark import stamp


def work(source: Told, target: Told, mime: str, text: str) -> dict[str, Any]:
    """Write the stamped copy of one sealed file, sealed as well."""
    copy = Copy(draft_of(target))
    written = io.BufferedWriter(copy, CHUNK)
    with io.BufferedReader(SealedReader(sealed_file_of(source)), CHUNK) as file:
        stamp(file, written, mime, text)
    try:
        written.flush()
        copy.last()
    except OSError as failed:
        raise StoreUnwritable from failed
    return {}


if __name__ == "__main__":
    serve(lambda request, _: work(**request))
