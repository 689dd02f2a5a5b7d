"""Whether a document carries a signature at all, told by its bytes."""

from collections.abc import AsyncIterator


async def carries_signature(chunks: AsyncIterator[bytes]) -> bool:
    """Tell whether a PDF or OFD has a signature in it; whether it is good is not asked here.

    A PDF's signature covers byte ranges, so its dictionary lies open; an OFD's archive names its
    list of signatures.
    """
    marks = (b"/ByteRange", b"Signatures.xml")
    longest = max(len(mark) for mark in marks)
    tail = b""
    async for chunk in chunks:
        seen = tail + chunk
        if any(mark in seen for mark in marks):
            return True
        tail = seen[-longest:]
    return False
