"""The real-name port over the wire, and its signature against the published example."""

import traceback

import pytest

from integrations.clock import SystemClock
from integrations.faceid import FaceId, authorize
from integrations.http import Http
from integrations.realname import TencentRealName
from services.errors import OutsideUnavailable
from services.ports import RealNameVerdict
from tests.integrations.outside import Outside
from tests.integrations.published import VECTORS


def make(outside: Outside, http: Http, secret_key: str = "") -> TencentRealName:
    account = outside.credentials
    return TencentRealName(
        FaceId(
            http,
            SystemClock(),
            base_url=outside.url,
            secret_id=account.realname_secret_id,
            secret_key=secret_key or account.realname_secret_key,
        )
    )


def test_the_published_signature_is_made() -> None:
    vector = VECTORS["tencentcloud.tc3.published_example"]
    header = authorize(
        vector["secret_id"],
        vector["secret_key"],
        service=vector["service"],
        action=vector["action"],
        host=vector["host"],
        timestamp=vector["timestamp"],
        body=vector["payload"].encode(),
    )
    assert header == (
        "TC3-HMAC-SHA256 "
        f"Credential={vector['secret_id']}/{vector['date']}/cvm/tc3_request, "
        "SignedHeaders=content-type;host;x-tc-action, "
        f"Signature={vector['signature']}"
    )


@pytest.mark.parametrize(
    ("name", "id_number", "verdict"),
    [
        ("王建国", "511499198803162013", RealNameVerdict.MATCH),
        ("张桂英", "511499194311051028", RealNameVerdict.MATCH),
        ("小宇", "511499201506203012", RealNameVerdict.MATCH),
        ("王建国", "511499194311051028", RealNameVerdict.MISMATCH),
        ("赵强", "51149919781120707X", RealNameVerdict.MISMATCH),
        ("王建国", "511499198803162014", RealNameVerdict.MISMATCH),
        ("Q", "511499198803162013", RealNameVerdict.MISMATCH),
        ("王建国", "511499199001011015", RealNameVerdict.NO_RECORD),
    ],
)
async def test_the_registers_answers_become_verdicts(
    outside: Outside, http: Http, name: str, id_number: str, verdict: RealNameVerdict
) -> None:
    assert await make(outside, http).check(name, id_number) is verdict


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 500},
        {"status": 302},
        {"code": "FailedOperation.StsUnAuthErrorHash"},
        {"code": "RequestLimitExceeded"},
        {"drop": True, "times": 3},
    ],
)
async def test_without_a_verdict_it_is_unavailable(
    outside: Outside, http: Http, fault: dict[str, object]
) -> None:
    await outside.fault("/", **fault)
    with pytest.raises(OutsideUnavailable) as caught:
        await make(outside, http).check("王建国", "511499198803162013")
    shown = "".join(traceback.format_exception(caught.value)).split("Traceback")[-1]
    assert "Response" not in shown


async def test_a_wrong_key_gives_no_verdict(outside: Outside, http: Http) -> None:
    with pytest.raises(OutsideUnavailable):
        await make(outside, http, "wrong").check("王建国", "511499198803162013")
