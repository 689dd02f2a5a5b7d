"""Is it what is asked for? The kind of document, all its pages, their order, and no photo twice."""

import re
from collections.abc import Iterator

from models.rules.reading.documents import DocumentKind
from models.rules.reading.findings import Finding, FindingCode, Severity
from models.rules.reading.kinds import FEW_LINES, Told, kind_of
from models.rules.reading.legibility import is_read
from models.rules.reading.text import plain, whole
from models.rules.reading.values import PageReading, Reading
from models.rules.reading.wants import Against, Elsewhere, Wants

SAME_BITS = 10
"""Of 64: photos of one picture differ by fewer, but two cards of one layout may as well."""
SAME_LINES = 0.7
_PAGE_NUMBER = re.compile(r"第(\d{1,3})页")
_PAGE_TOTAL = re.compile(r"共(\d{1,3})页")


def of_kinds(reading: Reading, wants: Wants) -> Iterator[Finding]:
    """Yield pages of a wrong kind, and the sides that are missing."""
    if not wants.documents:
        return
    told = [(page, _told(page)) for page in reading.pages]
    for page, kind in told:
        finding = _kind(page, kind, wants, len(told))
        if finding is not None:
            yield finding
    seen = {kind.kind for _, kind in told if kind is not None}
    missing = [kind.zh for kind in wants.documents if kind not in seen]
    # Where a page could not be told, it may be the one that seems to be missing.
    all_told = all(kind is not None for _, kind in told) and not reading.left_out
    if wants.every and seen & set(wants.documents) and missing and all_told:
        words = {"missing": "、".join(missing)}
        evidence = {"missing": missing}
        yield Finding(FindingCode.PAGE_MISSING, Severity.WARNS, None, evidence, words)


def _told(page: PageReading) -> Told | None:
    told = kind_of(page)
    # No text is no sign of a portrait where text may just not have been read.
    return None if told is not None and told.kind is DocumentKind.PORTRAIT else told


def _kind(page: PageReading, told: Told | None, wants: Wants, pages: int) -> Finding | None:
    if told is not None and told.kind in wants.documents:
        return None
    words = {"wanted": wants.zh}
    if told is not None:
        words["read"] = told.kind.zh
        evidence = {"read": told.kind.value, "points": told.points}
        return Finding(FindingCode.WRONG_KIND, Severity.BLOCKS, page.no, evidence, words, pages)
    if DocumentKind.PORTRAIT in wants.documents:
        if len(page.lines) <= FEW_LINES:
            return None
        words["read"] = "有文字的材料"
        evidence = {"lines": len(page.lines)}
        return Finding(FindingCode.WRONG_KIND, Severity.WARNS, page.no, evidence, words, pages)
    if wants.is_text and is_read(page) and page.no == 1:
        return Finding(FindingCode.KIND_UNKNOWN, Severity.INFORMS, page.no, {}, words, pages)
    return None


def of_order(reading: Reading) -> Iterator[Finding]:
    """Yield what printed page numbers say: pages out of order, pages that are missing."""
    numbered = [
        (int(match[1]), page)
        for page in reading.pages
        if (match := _PAGE_NUMBER.search(whole(page))) is not None
    ]
    numbers = [number for number, _ in numbered]
    if numbers != sorted(numbers):
        read = "、".join(str(number) for number in numbers)
        yield Finding(
            FindingCode.PAGES_SWAPPED, Severity.WARNS, None, {"read": numbers}, {"read": read}
        )
    totals = {
        int(match[1])
        for _, page in numbered
        if (match := _PAGE_TOTAL.search(whole(page))) is not None
    }
    if len(totals) == 1 and not reading.left_out and len(numbered) == len(reading.pages):
        missing = [str(no) for no in range(1, totals.pop() + 1) if no not in numbers]
        if missing:
            words = {"missing": f"第{'、'.join(missing)}页"}
            evidence = {"missing": missing}
            yield Finding(FindingCode.PAGE_MISSING, Severity.WARNS, None, evidence, words)


def of_repeats(reading: Reading, against: Against, own: str) -> Iterator[Finding]:
    """Yield pages whose photo stands in another material too, or twice in this one."""
    others = list(against.elsewhere)
    for page in reading.pages:
        mine = elsewhere(own, page)
        twin = next((other for other in others if _is_same(mine, other)), None)
        if twin is not None:
            other = f"第{twin.page}页" if twin.material == own else f"“{twin.material}”"
            evidence = {"material": twin.material, "page": twin.page}
            pages = len(reading.pages)
            yield Finding(
                FindingCode.SAME_PHOTO_TWICE,
                Severity.WARNS,
                page.no,
                evidence,
                {"other": other},
                pages,
            )
        others.append(mine)


def elsewhere(material: str, page: PageReading) -> Elsewhere:
    """Return a page as other materials are compared with it."""
    lines = frozenset(plain(line.text) for line in page.lines)
    return Elsewhere(material, page.no, page.fingerprint, lines)


def _is_same(one: Elsewhere, other: Elsewhere) -> bool:
    bits = (int(one.fingerprint, 16) ^ int(other.fingerprint, 16)).bit_count()
    if bits > SAME_BITS:
        return False
    both, either = one.lines & other.lines, one.lines | other.lines
    return len(both) >= SAME_LINES * len(either)
