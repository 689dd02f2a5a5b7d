"""People are sent to file elsewhere only where the county has looked."""

from typing import Any

import pytest

from models.rules.lint import Policy, lint
from tests.rules.items import item

LISTED = Policy(external_hosts=frozenset({"qydj.example.cn"}))
GOOD = {"system": "省企业登记系统", "url": "https://qydj.example.cn/apply"}


def codes(external: Any, mode: str = "EXTERNAL_REDIRECT") -> set[str]:
    body = item("item10", external=external, flags__backend_mode=mode)
    return {finding.code for finding in lint(body, LISTED) if "external" in finding.code}


def test_a_listed_address_is_good() -> None:
    assert codes(GOOD) == set()


@pytest.mark.parametrize(
    "url",
    [
        "http://qydj.example.cn/apply",
        "https://qydj.example.cn.evil.example/apply",
        "https://evil.example/qydj.example.cn",
        "https://qydj.example.cn@evil.example/",
        "https://a@qydj.example.cn/",
        "https://qydj.example.cn:8443/",
        "https://[::1",
        "javascript:alert(1)",
        "//qydj.example.cn/",
    ],
)
def test_any_other_address_is_refused(url: str) -> None:
    assert codes({**GOOD, "url": url}) == {"external_unlisted"}


@pytest.mark.requirement("自建系统三种模式")
def test_an_item_is_filed_here_or_there() -> None:
    assert codes(GOOD, "PULL_API") == {"external_unclear"}
    assert codes({"url": GOOD["url"]}) == {"external_unclear"}
