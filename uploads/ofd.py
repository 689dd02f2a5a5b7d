"""OFD documents (GB/T 33190), checked as containers in the child: nobody here draws them."""

import posixpath
from collections.abc import Iterator
from typing import BinaryIO
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from services.errors import MaterialTypeRefused, MaterialUnreadable
from uploads.packages import Package, open_package
from uploads.refusals import OfdActive, OfdCarriesFiles, OfdTooHeavy, OfdTooLong

MAX_PAGES = 200
MAX_XML_BYTES = 16 * 1024 * 1024
MAX_ALL_XML_BYTES = 64 * 1024 * 1024

_ROOT = "OFD.xml"
# 10.4 to 10.9 of the standard: a jump within the document and a link on a click are harmless.
_ACTIONS = frozenset({"GotoA", "Sound", "Movie"})
_ON_A_CLICK = "CLICK"
# The standard knows no scripts; some vendors' extensions do.
_SCRIPTS = frozenset({"javascript", "script", "launch"})


def check(source: BinaryIO) -> int:
    """Return how many pages an OFD has.

    Raises ``MaterialTypeRefused`` for another package, ``MaterialUnreadable`` or a subclass, and
    whatever the parsers raise.
    """
    package = open_package(source)
    if _ROOT not in package.names:
        raise MaterialTypeRefused
    trees = dict(_every_xml(package))
    for tree in trees.values():
        for element in tree.iter():
            check_harmless(element)
    pages = 0
    for name in _documents(trees):
        check_attachments(package, trees, name)
        pages += _pages(trees, name)
    if not pages:
        raise MaterialUnreadable
    if pages > MAX_PAGES:
        raise OfdTooLong
    return pages


def _every_xml(package: Package) -> Iterator[tuple[str, Element]]:
    """Yield every part that is XML; a definition of entities in any of them is a refusal."""
    left = MAX_ALL_XML_BYTES
    for name in sorted(package.names):
        if not name.lower().endswith(".xml"):
            continue
        data = package.read(name, MAX_XML_BYTES)
        left -= len(data)
        if left < 0:
            raise OfdTooHeavy
        yield name, parsed(data)


def parsed(data: bytes) -> Element:
    """Parse XML without a document type, entities or anything from outside."""
    try:
        tree: Element = fromstring(data, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as broken:
        raise MaterialUnreadable from broken
    return tree


def check_harmless(element: Element) -> None:
    """Raise when an element acts without being asked to, or starts something."""
    name = _local(element)
    if name in _ACTIONS or name.lower() in _SCRIPTS:
        raise OfdActive
    if name == "Action" and element.get("Event", _ON_A_CLICK) != _ON_A_CLICK:
        jumps_only = all(_local(child) in ("Goto", "Region") for child in element)
        if not jumps_only:
            raise OfdActive


def _documents(trees: dict[str, Element]) -> list[str]:
    """Return where the documents of the package begin (7.4: DocRoot)."""
    root = trees[_ROOT]
    found = [_text(element) for element in root.iter() if _local(element) == "DocRoot"]
    if _local(root) != "OFD" or not found:
        raise MaterialUnreadable
    return [_place(trees, _ROOT, name) for name in found]


def _pages(trees: dict[str, Element], document: str) -> int:
    """Return how many pages a document lists; each must be there (7.5)."""
    listed = [
        page
        for pages in trees[document]
        if _local(pages) == "Pages"
        for page in pages
        if _local(page) == "Page"
    ]
    if len(listed) > MAX_PAGES:
        raise OfdTooLong
    for page in listed:
        place = _place(trees, document, page.get("BaseLoc", ""))
        if _local(trees[place]) != "Page":
            raise MaterialUnreadable
    return len(listed)


def check_attachments(package: Package, trees: dict[str, Element], document: str) -> None:
    """Raise for files that a document carries, unless they are data (20.1).

    An electronic invoice carries itself as XML, which the law wants to be kept with it.
    """
    for listed in trees[document]:
        if _local(listed) != "Attachments":
            continue
        index = _place(trees, document, _text(listed))
        for attachment in trees[index].iter():
            if _local(attachment) == "FileLoc":
                name = _resolved(index, _text(attachment))
                if name not in package.names:
                    raise MaterialUnreadable
                if not name.lower().endswith(".xml"):
                    raise OfdCarriesFiles


def _place(trees: dict[str, Element], base: str, name: str) -> str:
    """Return which part a part means by a name; raise when there is no such part."""
    place = _resolved(base, name)
    if place not in trees:
        raise MaterialUnreadable
    return place


def _resolved(base: str, name: str) -> str:
    """Return a location from the root of the package: absolute, or beside ``base`` (7.3.2)."""
    beside = posixpath.join("/", posixpath.dirname(base))
    return posixpath.normpath(posixpath.join(beside, name)).lstrip("/")


def _local(element: Element) -> str:
    return str(element.tag).rsplit("}", 1)[-1]


def _text(element: Element) -> str:
    return (element.text or "").strip()
