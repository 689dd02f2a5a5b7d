"""Reasons: closed lists, each with words."""

import pytest

from models.rules.reasons import (
    RATING_OPTIONS,
    STARS,
    DefectReason,
    RatingStage,
    RefusalReason,
    is_bad_rating,
)


def test_refusals_are_the_closed_list_of_the_law() -> None:
    assert {reason.value for reason in RefusalReason} == {
        "PERMIT_NOT_REQUIRED",
        "NOT_IN_JURISDICTION",
        "STATUTORY_BAR",
        "FALSE_MATERIAL",
        "INCOMPLETE",
    }
    assert [reason for reason in RefusalReason if reason.needs_redirect] == [
        RefusalReason.NOT_IN_JURISDICTION
    ]


@pytest.mark.parametrize(
    ("policy", "usable"),
    [("CORRECTION_NOTICE", False), ("RETURN_WITH_LIST", False), ("NOT_ACCEPT_WITH_LIST", True)],
)
def test_incompleteness_is_a_refusal_only_by_special_law(policy: str, usable: bool) -> None:
    assert RefusalReason.INCOMPLETE.usable(policy) is usable
    assert RefusalReason.STATUTORY_BAR.usable(policy)


def test_every_defect_tells_what_to_do() -> None:
    named = {"BLURRED", "WRONG_DOCUMENT", "EXPIRED", "INCOMPLETE_PAGES", "NOT_MATCHING"}
    assert named | {"MISSING_SEAL", "MISSING_SIGNATURE"} <= {one.value for one in DefectReason}
    assert all(one.zh.endswith("。") for one in (*DefectReason, *RefusalReason))
    assert DefectReason("BLURRED") is DefectReason.BLURRED


def test_ratings() -> None:
    assert dict(STARS) == {
        5: "非常满意",
        4: "满意",
        3: "基本满意",
        2: "不满意",
        1: "非常不满意",
    }
    assert set(RATING_OPTIONS) == set(STARS)
    codes = [option.code for options in RATING_OPTIONS.values() for option in options]
    assert len(codes) == len(set(codes)) == 25
    assert [stars for stars in STARS if is_bad_rating(stars)] == [2, 1]
    assert [stage.value for stage in RatingStage] == ["ACCEPT", "RESULT"]
