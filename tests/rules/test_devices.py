"""Names of devices: what an owner recognises, and nothing that tells two phones apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.devices import LONGEST, UNKNOWN, device_name

IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
    "Gecko) Mobile/15E148 MicroMessenger/8.0.60(0x18003c2f) NetType/WIFI Language/zh_CN"
)
ANDROID = (
    "Mozilla/5.0 (Linux; Android 15; V2304A) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36"
)


@pytest.mark.parametrize(
    ("agent", "given_name", "shown"),
    [
        (IPHONE, "", "iPhone 微信"),
        (ANDROID, "", "安卓手机 Chrome浏览器"),
        ("Mozilla/5.0 (Windows NT 10.0) Gecko Firefox/140.0", "", "Windows电脑 Firefox浏览器"),
        ("curl/8.5.0", "", UNKNOWN),
        ("", "", UNKNOWN),
        (IPHONE, "  妈妈的\n手机 ", "妈妈的 手机"),
        (IPHONE, "\u202e\x00", "iPhone 微信"),
    ],
)
def test_the_name_of_a_device(agent: str, given_name: str, shown: str) -> None:
    assert device_name(agent, given_name) == shown


def test_versions_and_models_are_left_out() -> None:
    for secret in ("15", "V2304A", "8.0.60", "19_1", "WIFI"):
        assert secret not in device_name(IPHONE) + device_name(ANDROID)


@given(st.text(), st.text())
def test_any_text_makes_a_short_printable_name(agent: str, given_name: str) -> None:
    name = device_name(agent, given_name)
    assert 0 < len(name) <= LONGEST
    assert name.isprintable()
