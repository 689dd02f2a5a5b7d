"""What can come from where: kinds of papers, whose they are, how far they are trusted."""

from typing import Any

import pytest

from models.rules.supply import (
    Paper,
    Person,
    SupplyMode,
    TrustLevel,
    bears,
    first_trust,
    fits,
    kept_as,
    paper_of,
    register_mode,
)

WANG = Person("王建国", "511499198803162013", is_person=True)
FIRM = Person("示例县绿源工程有限公司", "91511499MA6GREENX0", is_person=False)
SIDES = ["ID_CARD_PORTRAIT", "ID_CARD_EMBLEM"]


def spec(documents: list[str] | None = None, owner: str | None = None, **more: Any) -> Any:
    """Return an item's material as an electronic copy that its applicant brings."""
    reading: dict[str, Any] = {} if documents is None else {"documents": documents}
    if owner is not None:
        reading["owner"] = owner
    return {
        "code": "M02",
        "name": "材料",
        "kind": "ELECTRONIC_COPY",
        "source": "APPLICANT",
        "min_trust_level": "C",
        "formats": ["jpg", "png", "pdf"],
        "max_size_mb": 20,
        **({"reading": reading} if reading else {}),
        **more,
    }


@pytest.mark.parametrize(
    ("material", "paper"),
    [
        (spec(SIDES, "APPLICANT"), Paper("居民身份证", own=True)),
        (spec(SIDES[::-1], e_certificate_type="居民身份证", holder="APPLICANT"),
         Paper("居民身份证", own=True)),
        (spec(None, e_certificate_type="居民身份证", holder="APPLICANT"),
         Paper("居民身份证", own=True)),
        # A seller's card, or one of whoever a form names, is nobody's to use again.
        (spec(SIDES), None),
        (spec(SIDES, "FORM", e_certificate_type="居民身份证"), None),
        (spec(["BUSINESS_LICENCE"], "ORGANISATION"), Paper("营业执照", own=True)),
        (spec(["BUSINESS_LICENCE"], "ORGANISATION", e_certificate_type="电子营业执照"),
         Paper("营业执照", own=True)),
        (spec(["INSPECTION_REPORT"]), Paper("检测报告", own=False)),
        (spec(["PROPERTY_CERTIFICATE"]), None),
        (spec(["PORTRAIT"], "APPLICANT"), None),
        (spec(["APPLICATION_FORM"]), None),
        (spec([]), None),
        (spec(None), None),
        (spec(SIDES, "APPLICANT", kind="ONLINE_FORM"), None),
    ],
)  # fmt: skip
def test_kinds_of_papers(material: Any, paper: Paper | None) -> None:
    assert paper_of(material) == paper


@pytest.mark.parametrize("category", ["医疗健康", "金融账户", "生物识别"])
def test_what_needs_a_consent_of_its_own_is_not_kept(category: str) -> None:
    material = spec(["DIAGNOSIS"], "APPLICANT", sensitive_category=category)
    assert paper_of(material) == Paper("诊断证明", own=True)
    assert kept_as(material) is None
    assert kept_as({**material, "sensitive_category": "特定身份"}) is not None


@pytest.mark.parametrize(
    ("source", "least", "trust"),
    [
        ("APPLICANT", "D", TrustLevel.D),
        ("APPLICANT", "C", TrustLevel.C),
        ("APPLICANT", "A", TrustLevel.C),
        # A certificate that was photographed is not its applicant's own word.
        ("E_CERT_SHARED", "D", TrustLevel.C),
        ("E_CERT_SHARED", "A", TrustLevel.C),
    ],
)
def test_how_far_an_upload_is_trusted(source: str, least: str, trust: TrustLevel) -> None:
    assert first_trust(spec(source=source, min_trust_level=least)) is trust


def test_levels_compare_as_they_are_trusted() -> None:
    assert max(TrustLevel) is TrustLevel.D and min(TrustLevel) is TrustLevel.A
    assert all(level.zh for level in TrustLevel)


@pytest.mark.parametrize(
    ("material", "applicant", "form", "expected"),
    [
        (spec(SIDES, "APPLICANT", e_certificate_type="居民身份证"), WANG, {}, True),
        (spec(SIDES, "APPLICANT", e_certificate_type="居民身份证"), FIRM, {}, False),
        (spec(SIDES, e_certificate_type="居民身份证"), WANG, {}, False),
        (spec(None, e_certificate_type="居民身份证", holder="APPLICANT"), WANG, {}, True),
        (spec(["BUSINESS_LICENCE"], "ORGANISATION", e_certificate_type="电子营业执照"),
         FIRM, {}, True),
        (spec(["BUSINESS_LICENCE"], "ORGANISATION", e_certificate_type="电子营业执照"),
         WANG, {}, False),
        (spec(None, e_certificate_type="完税凭证", holder="APPLICANT"), FIRM, {}, True),
    ],
)  # fmt: skip
def test_of_whom_a_register_can_be_asked(
    material: Any, applicant: Person, form: dict[str, Any], expected: bool
) -> None:
    assert bears(material, applicant, form) is expected


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({"n": "王建国", "i": "511499198803162013"}, True),
        ({"n": "王建国", "i": "51149919650812404X"}, False),
        ({"n": "李秀英", "i": "511499198803162013"}, False),
        ({"n": "王建国"}, False),
        ({}, False),
    ],
)
def test_whom_a_form_names_is_asked_about_only_if_it_is_the_applicant(
    form: dict[str, Any], expected: bool
) -> None:
    material = spec(SIDES, "FORM", e_certificate_type="居民身份证")
    material["reading"] |= {"name": "n", "number": "i"}
    assert bears(material, WANG, form) is expected


def test_how_a_register_supplies() -> None:
    named: dict[str, Any] = {"e_certificate_type": "居民户口簿"}
    assert register_mode(spec(source="E_CERT_SHARED", **named)) is SupplyMode.E_CERT
    assert register_mode(spec(source="DATA_SHARED", **named)) is SupplyMode.DATA_SHARED
    assert register_mode(spec(source="APPLICANT", **named)) is None
    assert register_mode(spec(source="DATA_SHARED")) is None


@pytest.mark.parametrize(
    ("extension", "size", "expected"),
    [
        ("jpg", 20 * 1024 * 1024, True),
        ("jpg", 20 * 1024 * 1024 + 1, False),
        ("heic", 1, True),
        ("webp", 1, True),
        ("ofd", 1, True),
        ("pdf", 1, True),
        ("gif", 1, False),
        ("", 1, False),
    ],
)
def test_what_a_slot_takes(extension: str, size: int, expected: bool) -> None:
    assert fits(spec(), extension, size) is expected


def test_a_slot_for_photos_takes_no_document() -> None:
    assert not fits(spec(formats=["jpg", "png"]), "pdf", 1)
    assert not fits(spec(formats=["pdf"]), "heic", 1)
