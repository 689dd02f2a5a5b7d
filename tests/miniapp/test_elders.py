"""适老化: sizes, contrast, touch targets and names that a screen reader can say.

Targets: the national guideline for elder views (18 dp text, 1.3 line spacing, 4.5:1 contrast,
touch targets of 44 and 60).
"""

import re

import pytest

from tests.miniapp import bundle
from tests.miniapp.bundle import ROOT, Element, Unit

PAGES = bundle.pages()
UNITS = PAGES + bundle.components()
SHEETS = bundle.sources("wxss")
TOUCHED = {"button", "input", "label", "navigator", "picker", "switch", "checkbox"}
PALETTE = dict(bundle.rules(SHEETS["app.wxss"]))["page"]


def root_sizes() -> tuple[float, float]:
    """Pixels of one rem in the standard and in the elder view."""
    code = (ROOT / "utils" / "elder.js").read_text(encoding="utf-8")
    sizes = dict(re.findall(r"^const (STANDARD|ELDER) = (\d+)", code, re.MULTILINE))
    return float(sizes["STANDARD"]), float(sizes["ELDER"])


def rem(value: str) -> float:
    found = re.fullmatch(r"([\d.]+)rem", value)
    assert found, f"{value} is not in rem"
    return float(found.group(1))


def luminance(colour: str) -> float:
    """Relative luminance by WCAG 2.1."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def colour(value: str) -> str:
    name = re.fullmatch(r"var\((--\w+)\)", value)
    return PALETTE[name.group(1)] if name else value


def test_the_measure_of_contrast_is_right() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("sheet", SHEETS)
def test_text_is_large_enough_in_both_views(sheet: str) -> None:
    standard, elder = root_sizes()
    for selector, style in bundle.rules(SHEETS[sheet]):
        if "font-size" in style:
            assert rem(style["font-size"]) * elder >= 18, selector
            assert rem(style["font-size"]) * standard >= 14, selector
        if "line-height" in style:
            assert float(style["line-height"]) >= 1.3, selector


@pytest.mark.parametrize("sheet", SHEETS)
def test_only_borders_are_in_pixels(sheet: str) -> None:
    for selector, style in bundle.rules(SHEETS[sheet]):
        for name, value in style.items():
            assert not re.search(r"\drpx", value), f"{selector} {name}"
            if not name.startswith("border"):
                assert not re.search(r"\dpx", value), f"{selector} {name}"


@pytest.mark.parametrize("sheet", SHEETS)
def test_text_stands_out_from_what_is_behind_it(sheet: str) -> None:
    for selector, style in bundle.rules(SHEETS[sheet]):
        if "color" not in style:
            continue
        behind = [style["background-color"]] if "background-color" in style else []
        for ground in behind or ["var(--paper)", "var(--ground)"]:
            assert contrast(colour(style["color"]), colour(ground)) >= 4.5, selector


def test_a_touch_target_is_44_or_60_pixels() -> None:
    (touch,) = [style for name, style in bundle.rules(SHEETS["app.wxss"]) if name == ".touch"]
    standard, elder = root_sizes()
    for side in ("min-width", "min-height"):
        assert rem(touch[side]) * standard >= 44
        assert rem(touch[side]) * elder >= 60


def is_touched(element: Element) -> bool:
    return element.tag in TOUCHED or "bindtap" in element.attributes


@pytest.mark.parametrize("unit", UNITS, ids=str)
def test_whatever_is_touched_is_a_touch_target_with_a_name(unit: Unit) -> None:
    for element in filter(is_touched, unit.elements):
        where = f"line {element.line}: <{element.tag}>"
        assert "touch" in element.classes, where
        labelled = any(parent.tag == "label" for parent in element.ancestors)
        assert element.text or labelled or element.attributes.get("aria-label"), where


@pytest.mark.parametrize("unit", UNITS, ids=str)
def test_roles_are_in_the_attribute_of_wechat(unit: Unit) -> None:
    assert [element.line for element in unit.elements if "role" in element.attributes] == []


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_page_has_the_switch_to_the_elder_view_at_its_top(page: Unit) -> None:
    switch = next(each for each in page.elements if each.tag not in {"page-meta", "view"})
    assert switch.tag == "elder-switch"
    assert switch.attributes == {"on": "{{elder}}", "bind:toggle": "onElder"}
    assert "elder.apply(this)" in page.read("js")
