"""Reads the mini-program's source: pages, components, WXML elements, style rules, API calls."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2] / "miniapp_stub" / "miniprogram"

_TAG = re.compile(
    r"<!--.*?-->"
    r"|<(?P<close>/?)(?P<name>[a-zA-Z][\w-]*)"
    r"(?P<attributes>(?:\s+[\w:.-]+(?:=(?:\"[^\"]*\"|'[^']*'))?)*)\s*(?P<alone>/?)>",
    re.DOTALL,
)
_ATTRIBUTE = re.compile(r"([\w:.-]+)(?:=(?:\"([^\"]*)\"|'([^']*)'))?")
_HANDLER = re.compile(r"^(?:capture-)?(?:mut-)?(?:bind|catch):?(?P<event>[a-z]+)$")
_CALL = re.compile(
    r"\b(?:api|http)\.(?P<verb>get|post|put|remove|getIfChanged|connect)\("
    r"(?:\s*(?P<quote>['`])(?P<path>/[^'`]*)(?P=quote))?"
)
METHODS = {
    "get": "GET",
    "getIfChanged": "GET",
    "connect": "GET",  # a socket opens with a GET
    "post": "POST",
    "put": "PUT",
    "remove": "DELETE",
}


class Malformed(Exception):
    """WXML that a lenient compiler would take with a warning."""


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    line: int
    text: str = ""
    ancestors: tuple["Element", ...] = ()

    @property
    def handlers(self) -> list[str]:
        return [value for name, value in self.attributes.items() if _HANDLER.match(name)]

    @property
    def classes(self) -> set[str]:
        return set(re.sub(r"\{\{.*?\}\}", " ", self.attributes.get("class", "")).split())


@dataclass(frozen=True)
class Unit:
    """A page or a component: four files of one name; ``path`` as in app.json."""

    path: str
    root: Path = field(default=ROOT)

    def file(self, suffix: str) -> Path:
        return self.root / f"{self.path}.{suffix}"

    def read(self, suffix: str) -> str:
        return self.file(suffix).read_text(encoding="utf-8")

    @property
    def config(self) -> dict[str, Any]:
        return dict(json.loads(self.read("json")))

    @property
    def elements(self) -> list[Element]:
        return parse(self.read("wxml"))

    @property
    def methods(self) -> set[str]:
        return set(re.findall(r"^ {2,4}(?:async )?(\w+)\(.*\{$", self.read("js"), re.MULTILINE))

    @property
    def names(self) -> set[str]:
        """What its WXML may read: the keys of ``data`` or of ``properties``."""
        block = re.search(r"^  (?:data|properties): \{\n(.*?)^  \},$", self.read("js"), re.M | re.S)
        return set(re.findall(r"^ {4}(\w+):", block.group(1), re.MULTILINE)) if block else set()

    def __str__(self) -> str:
        return self.path


def app() -> dict[str, Any]:
    return dict(json.loads((ROOT / "app.json").read_text(encoding="utf-8")))


def pages() -> list[Unit]:
    return [Unit(path) for path in app()["pages"]]


def components() -> list[Unit]:
    found = sorted((ROOT / "components").glob("*/*.json"))
    return [Unit(path.relative_to(ROOT).with_suffix("").as_posix()) for path in found]


def sources(suffix: str) -> dict[str, str]:
    """Every file of one suffix by its path in the mini-program."""
    return {
        path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(ROOT.rglob(f"*.{suffix}"))
    }


def parse(wxml: str) -> list[Element]:
    """All elements in order of their start tags; raises Malformed with a line number."""
    found: list[Element] = []
    open_: list[Element] = []
    at = 0
    for tag in _TAG.finditer(wxml):
        line = wxml.count("\n", 0, tag.start()) + 1
        _take_text(wxml[at : tag.start()], open_, line)
        at = tag.end()
        if tag["name"] is None:
            continue
        if tag["close"]:
            if not open_ or open_[-1].tag != tag["name"]:
                raise Malformed(f"line {line}: unexpected </{tag['name']}>")
            open_.pop()
            continue
        element = Element(tag["name"], _attributes(tag, line), line, ancestors=tuple(open_))
        found.append(element)
        if not tag["alone"]:
            open_.append(element)
    _take_text(wxml[at:], open_, wxml.count("\n") + 1)
    if open_:
        raise Malformed(f"line {open_[-1].line}: <{open_[-1].tag}> is never closed")
    return found


def _take_text(text: str, open_: list[Element], line: int) -> None:
    bare = re.sub(r"\{\{.*?\}\}", "", text, flags=re.DOTALL)
    if re.search(r"[<>]|\{\{|\}\}", bare):
        raise Malformed(f"before line {line}: broken tag or braces in {text.strip()!r}")
    for element in open_:
        element.text += text.strip()


def _attributes(tag: re.Match[str], line: int) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, double, single in _ATTRIBUTE.findall(tag["attributes"]):
        value = double or single
        if name in found:
            raise Malformed(f"line {line}: {name} twice")
        if value.count("{{") != value.count("}}"):
            raise Malformed(f"line {line}: broken braces in {name}")
        found[name] = value
    return found


def expressions(wxml: str) -> Iterator[str]:
    for found in re.finditer(r"\{\{(.*?)\}\}", wxml, re.DOTALL):
        yield found.group(1)


def api_calls() -> list[tuple[str, str, str | None]]:
    """(file, method, path template) of every request; the path is None when not written out."""
    return [
        (name, METHODS[call["verb"]], call["path"])
        for name, text in sources("js").items()
        for call in _CALL.finditer(re.sub(r"^\s*//.*$", "", text, flags=re.MULTILINE))
    ]


def rules(wxss: str) -> list[tuple[str, dict[str, str]]]:
    """(selector, declarations) of a style sheet without nested rules."""
    bare = re.sub(r"/\*.*?\*/", "", wxss, flags=re.DOTALL)
    return [
        (
            " ".join(selector.split()),
            {
                name.strip(): value.strip()
                for name, _, value in (each.partition(":") for each in body.split(";"))
                if name.strip()
            },
        )
        for selector, body in re.findall(r"([^{}]+)\{([^{}]*)\}", bare)
    ]
