"""The network identity (网号、网证) over the wire."""

from typing import Any

import pytest

from integrations.clock import SystemClock
from integrations.http import Http
from integrations.netid import HttpNetCredentials
from services.errors import LoginCodeInvalid, OutsideUnavailable
from tests.integrations.outside import LI, WANG, Outside


def make(outside: Outside, http: Http, secret: str = "") -> HttpNetCredentials:
    account = outside.credentials
    return HttpNetCredentials(
        http,
        SystemClock(),
        base_url=outside.url,
        access_key=account.netid_access_key,
        secret=secret or account.netid_secret,
    )


async def show(outside: Outside, challenge: str = "c1", openid: str = WANG) -> str:
    answer = await outside.phone(f"citizens/{openid}/net-credential", challenge=challenge)
    return str(answer["assertion"])


async def test_an_assertion_says_who_it_is_and_not_their_number(
    outside: Outside, http: Http
) -> None:
    checker = make(outside, http)
    found = await checker.check(await show(outside), "c1", None)
    assert (found.name, found.id_matched) == ("王建国", False)
    again = await checker.check(await show(outside), "c1", "511499198803162013")
    other = await checker.check(await show(outside, openid=LI), "c1", "511499198803162013")
    assert (again.number, again.id_matched) == (found.number, True)
    assert other.number != found.number and not other.id_matched
    assert "511499" not in found.number + repr(found) and found.name not in repr(found)


async def test_an_assertion_is_for_one_challenge_and_good_once(
    outside: Outside, http: Http
) -> None:
    checker = make(outside, http)
    assertion = await show(outside)
    await checker.check(assertion, "c1", None)
    for given, challenge in ((assertion, "c1"), (await show(outside), "c2"), ("x", "c1")):
        with pytest.raises(LoginCodeInvalid):
            await checker.check(given, challenge, None)


@pytest.mark.parametrize(
    "fault", [{"status": 500}, {"status": 302}, {"status": 200}, {"drop": True, "times": 3}]
)
async def test_without_a_verdict_it_is_unavailable(
    outside: Outside, http: Http, fault: dict[str, Any]
) -> None:
    assertion = await show(outside)
    await outside.fault("/netid", **fault)
    with pytest.raises(OutsideUnavailable):
        await make(outside, http).check(assertion, "c1", None)


async def test_a_wrong_secret_gives_no_verdict(outside: Outside, http: Http) -> None:
    with pytest.raises(OutsideUnavailable):
        await make(outside, http, "wrong").check(await show(outside), "c1", None)
