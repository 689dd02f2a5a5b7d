"""The mini-program's source holds together: files, handlers, bindings, links, calls."""

import json
import re

import pytest

from tests.miniapp import bundle
from tests.miniapp.bundle import ROOT, Malformed, Unit, parse

PAGES = bundle.pages()
UNITS = PAGES + bundle.components()
BUILT_IN = {
    "block", "button", "checkbox", "checkbox-group", "input", "label", "navigator", "page-meta",
    "picker", "switch", "text", "view",
}  # fmt: skip
CALLED_BY_WECHAT = {"onLoad", "onShow", "onHide", "onUnload", "onReachBottom"}
WORDS_OF_EXPRESSIONS = {"true", "false", "null", "undefined"}


@pytest.mark.parametrize("unit", UNITS, ids=str)
def test_has_its_four_files(unit: Unit) -> None:
    missing = [each for each in ("js", "json", "wxml", "wxss") if not unit.file(each).is_file()]
    assert missing == []


def test_every_page_folder_is_registered() -> None:
    on_disk = {path.relative_to(ROOT).parts[1] for path in (ROOT / "pages").rglob("*.wxml")}
    assert on_disk == {page.path.split("/")[1] for page in PAGES}


def test_opens_in_devtools_with_the_current_framework() -> None:
    app = bundle.app()
    assert app["componentFramework"] == "glass-easel"
    assert app["glassEaselWebview"] is True
    assert app["lazyCodeLoading"] == "requiredComponents"
    assert (ROOT / app["sitemapLocation"]).is_file()
    project = json.loads((ROOT / "project.config.json").read_text(encoding="utf-8"))
    assert project["appid"] == "touristappid"


@pytest.mark.parametrize(
    "broken",
    [
        "<view><text>a</view>",
        "<view>",
        "</view>",
        "<view class='a' class='b'></view>",
        "<view class=a></view>",
        "<view>{{a}</view>",
        '<view hidden="{{a}"></view>',
        "<view><text</view>",
    ],
)
def test_the_parser_refuses_what_is_broken(broken: str) -> None:
    with pytest.raises(Malformed):
        parse(broken)


@pytest.mark.parametrize("unit", UNITS, ids=str)
def test_wxml_is_balanced(unit: Unit) -> None:
    assert unit.elements, "an empty template"


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_page_meta_is_first_and_scales_the_type(page: Unit) -> None:
    first = page.elements[0]
    assert first.tag == "page-meta"
    assert first.attributes == {"root-font-size": "{{rootFont}}"}
    assert [each.tag for each in page.elements].count("page-meta") == 1


@pytest.mark.parametrize("unit", UNITS, ids=str)
def test_handlers_named_in_wxml_exist_and_the_reverse(unit: Unit) -> None:
    named = {handler for element in unit.elements for handler in element.handlers}
    assert named - unit.methods == set()
    written = {name for name in unit.methods if re.match(r"on[A-Z]", name)}
    assert written - named - CALLED_BY_WECHAT == set()


@pytest.mark.parametrize("unit", UNITS, ids=str)
def test_names_read_by_wxml_are_known(unit: Unit) -> None:
    local = {"item", "index"} | {
        element.attributes[name]
        for element in unit.elements
        for name in ("wx:for-item", "wx:for-index")
        if name in element.attributes
    }
    read: set[str] = set()
    for expression in bundle.expressions(unit.read("wxml")):
        bare = re.sub(r"'[^']*'|\.\s*[a-zA-Z_]\w*", "", expression)
        read |= set(re.findall(r"[a-zA-Z_]\w*", bare))
    assert read - unit.names - local - WORDS_OF_EXPRESSIONS == set()


@pytest.mark.parametrize("unit", UNITS, ids=str)
def test_components_are_declared_used_and_exist(unit: Unit) -> None:
    declared = unit.config.get("usingComponents", {})
    used = {element.tag for element in unit.elements} - BUILT_IN
    assert used == set(declared)
    for path in declared.values():
        assert Unit(path.lstrip("/")).config["component"] is True


@pytest.mark.parametrize("unit", UNITS, ids=str)
def test_events_of_components_are_triggered_by_them(unit: Unit) -> None:
    for name, path in unit.config.get("usingComponents", {}).items():
        code = Unit(path.lstrip("/")).read("js")
        heard = {
            attribute.removeprefix("bind:")
            for element in unit.elements
            if element.tag == name
            for attribute in element.attributes
            if attribute.startswith("bind:")
        }
        assert heard == set(re.findall(r"triggerEvent\('(\w+)'", code))


def test_every_link_leads_to_a_page() -> None:
    known = {f"/{page.path}" for page in PAGES}
    linked = {
        link
        for suffix in ("js", "wxml")
        for text in bundle.sources(suffix).values()
        for link in re.findall(r"""["'`](/pages/[^"'`?]*)""", text)
    }
    assert linked - known == set()
    assert known - linked == set(), "a page that nobody can reach"


def test_every_picture_is_there() -> None:
    named = [
        source
        for text in bundle.sources("wxml").values()
        for element in parse(text)
        for attribute, source in element.attributes.items()
        if attribute == "src"
    ] + [
        source
        for text in bundle.sources("wxss").values()
        for source in re.findall(r"url\(['\"]?([^'\")]+)", text)
    ]
    assert [source for source in named if not (ROOT / source.lstrip("/")).is_file()] == []


def test_every_required_module_is_there() -> None:
    for name, text in bundle.sources("js").items():
        for wanted in re.findall(r"require\('([^']+)'\)", text):
            assert ((ROOT / name).parent / f"{wanted}.js").is_file(), f"{name}: {wanted}"


def test_api_paths_are_written_out_where_they_are_called() -> None:
    calls = bundle.api_calls()
    assert [(name, method) for name, method, path in calls if path is None] == []
    assert ("pages/item/item.js", "POST", "/v1/cases") in calls
    assert ("utils/live.js", "GET", "/v1/cases/${this.caseId}/live") in calls


def test_only_one_module_each_speaks_to_the_network_and_to_the_storage() -> None:
    code = bundle.sources("js")
    owners = {
        call: {name for name, text in code.items() if re.search(call, text)}
        for call in (r"wx\.request\(", r"wx\.connectSocket\(", r"wx\.(?:set|remove)Storage")
    }
    assert owners == {
        r"wx\.request\(": {"utils/http.js"},
        r"wx\.connectSocket\(": {"utils/api.js"},
        r"wx\.(?:set|remove)Storage": {"utils/session.js", "utils/elder.js"},
    }
    for text in code.values():
        assert not re.search(r"openid|session_key|app_?secret", text, re.IGNORECASE)


def test_consent_is_given_by_the_citizen_and_not_ticked_before() -> None:
    login = Unit("pages/login/login")
    (box,) = [element for element in login.elements if element.tag == "checkbox"]
    assert box.attributes["checked"] == "{{consent}}"
    assert re.findall(r"^ {4}consent: (\w+),$", login.read("js"), re.MULTILINE) == ["false"]
