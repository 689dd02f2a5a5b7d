"""Parts of kit and puller by themselves: signing in, forms, reports, waiting, the command line."""

import json
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from jose import jws

from commands.conformance import conformance
from miniapp_stub.conformance import forms
from miniapp_stub.conformance.entrance import Entrance, new_private_key, public_half
from miniapp_stub.conformance.parcels import Mint
from miniapp_stub.conformance.playing import make_key, make_scenes
from miniapp_stub.conformance.report import Line, Report, Verdict
from miniapp_stub.conformance.signing import Signer
from miniapp_stub.puller.__main__ import configuration, main
from miniapp_stub.puller.pulling import files_of
from miniapp_stub.puller.signatures import fits
from miniapp_stub.puller.store import Broken, Package, Store
from miniapp_stub.puller.wire import ASSERTION, Credentials, key_name, retry_after
from tests.assertions import machine_jwk, machine_key

NOW = 1_772_000_000.0
AUDIENCE = "zhangban"


def entrance() -> Entrance:
    return Entrance("vendor", public_half(machine_key()), AUDIENCE, now=lambda: NOW)


def claims(**other: Any) -> dict[str, Any]:
    good = {"iss": "vendor", "sub": "vendor", "aud": AUDIENCE, "jti": uuid4().hex}
    return {**good, "iat": int(NOW), "exp": int(NOW) + 120, **other}


def ask(gate: Entrance, said: dict[str, Any], key: str = "", **header: Any) -> int:
    headers = {"kid": "k1", **header}
    assertion = jws.sign(said, key or machine_key(), headers=headers, algorithm="ES256")
    body = {"client_assertion_type": ASSERTION, "client_assertion": assertion}
    return gate.token(body).status


def test_a_good_assertion_is_taken_once() -> None:
    gate, said = entrance(), claims()
    assert ask(gate, said) == 200
    assert ask(gate, said) == 401
    assert gate.line().verdict is Verdict.FAILED
    assert "never used before" in gate.line().seen


def test_an_assertion_may_be_for_the_address_that_was_called() -> None:
    gate, address = entrance(), "https://192.0.2.1:8020/backoffice/v1/token"
    body = {"client_assertion_type": ASSERTION}
    for aud, status in ((address, 200), ("http://elsewhere/backoffice/v1/token", 401)):
        headers = {"kid": "k1"}
        signed = jws.sign(claims(aud=aud), machine_key(), headers=headers, algorithm="ES256")
        assert gate.token({**body, "client_assertion": signed}, address).status == status


@pytest.mark.parametrize(
    ("other", "word"),
    [
        ({"iss": "somebody"}, "iss and sub"),
        ({"aud": "elsewhere"}, "aud"),
        ({"exp": int(NOW) + 301}, "exp"),
        ({"exp": int(NOW)}, "exp"),
        ({"iat": int(NOW) + 60}, "iat"),
        ({"jti": "short"}, "jti"),
        ({"jti": None}, "jti"),
    ],
)
def test_each_fault_of_an_assertion_is_named(other: dict[str, Any], word: str) -> None:
    gate = entrance()
    assert ask(gate, claims(**other)) == 401
    assert word in gate.line().seen
    assert not gate.good


def test_a_forged_assertion_is_refused() -> None:
    gate = entrance()
    assert ask(gate, claims(), new_private_key()) == 401
    assert ask(gate, claims(), jku="http://x") == 401
    for nonsense in ("", "a.b.c", "x" * 5000):
        body = {"client_assertion_type": ASSERTION, "client_assertion": nonsense}
        assert gate.token(body).status == 401
    assert gate.token({}).status == 401
    assert gate.given == 0


def test_a_key_has_its_thumbprint_for_a_name() -> None:
    """RFC 7638, 3.1: the members in order, without blanks."""
    public = machine_jwk()
    assert set(public) == {"kty", "crv", "x", "y"}
    assert key_name(machine_key()) == key_name(machine_key())
    assert len(key_name(machine_key())) == 43
    assert key_name(new_private_key()) != key_name(machine_key())


def test_a_made_key_is_its_owners_only(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    public = make_key(file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert public == public_half(file.read_text())
    assert "PRIVATE" not in public


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0.0),
        ("120", 120.0),
        ("Fri, 31 Dec 1999 23:59:59 GMT", 0.0),
        ("Wed, 25 Feb 2026 06:14:20 GMT", 60.0),
        ("soon", None),
        ("-1", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_read(header: str | None, seconds: float | None) -> None:
    """NOW is 2026-02-25T06:13:20Z."""
    assert retry_after(header, NOW) == seconds


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({}, None),
        ({"limit": 1, "seconds": 30}, None),
        ({"limit": 0}, "missing or wrong: limit"),
        ({"limit": True}, "missing or wrong: limit"),
        ({"seconds": 3601}, "missing or wrong: seconds"),
        ({"more": 1}, "unknown: more"),
        ([], "the body is no JSON object"),
        (None, "the body is no JSON object"),
    ],
)
def test_a_leases_form(body: object, fault: str | None) -> None:
    assert forms.fault_of(body, forms.LEASE) == fault


def test_a_return_says_why_in_known_words() -> None:
    good = {"lease_token": "t", "code": "DIGEST"}
    for body in (good, {**good, "text": "why"}, {**good, "reason": "why"}):
        assert forms.fault_of(body, forms.RETURN) is None
    assert forms.fault_of({**good, "code": "E42"}, forms.RETURN) == "missing or wrong: code"
    assert forms.fault_of({"code": "OTHER"}, forms.RETURN) == "missing or wrong: lease_token"


def line(verdict: Verdict) -> Line:
    return Line("a_case", "a <title>", verdict, "this & that", "<script>", "mend it")


def test_a_report_is_one_safe_page() -> None:
    page = Report("about <b>", [line(Verdict.FAILED), line(Verdict.PASSED)]).html()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "this &amp; that" in page
    assert "about &lt;b&gt;" in page
    assert "1 passed, 1 FAILED" in page
    for outside in ("http:", "https:", "src=", "href="):
        assert outside not in page


@pytest.mark.parametrize(
    ("verdicts", "passed"),
    [
        ([Verdict.PASSED], True),
        ([Verdict.PASSED, Verdict.NOT_OFFERED], True),
        ([Verdict.PASSED, Verdict.NOT_SEEN], False),
        ([Verdict.PASSED, Verdict.FAILED], False),
        ([], False),
    ],
)
def test_a_report_passes_when_everything_did(verdicts: list[Verdict], passed: bool) -> None:
    assert Report("", [line(verdict) for verdict in verdicts]).passed is passed


def test_a_seed_makes_the_same_packages() -> None:
    def bodies(seed: int) -> list[str]:
        return [parcel.body for scene in make_scenes(seed) for parcel in scene.parcels]

    assert bodies(7) == bodies(7)
    assert not set(bodies(7)) & set(bodies(8))
    with pytest.raises(KeyError):
        make_scenes(1, ["no_such_case"])


def test_the_command_needs_no_installation(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    page = tmp_path / "report.html"
    words = ["serve", "--port", "0", "--seconds", "0.1", "--only", "plain", "--report", str(page)]
    assert conformance(words) == 1
    told = capsys.readouterr().out
    assert "base_url  http://127.0.0.1:" in told
    assert "3 not seen" in told
    assert "PRIVATE KEY" in (tmp_path / "conformance_key.pem").read_text()
    assert "not seen" in page.read_text()
    assert conformance(["serve", "--key", str(tmp_path / "missing.pem")]) == 2
    assert "missing.pem" in capsys.readouterr().err


def test_a_server_that_is_not_there_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = tmp_path / "key.pem"
    make_key(key)
    words = ["--base-url", "http://127.0.0.1:9", "--client-id", "vendor", "--key", str(key)]
    assert conformance(words) == 1
    told = capsys.readouterr().out
    assert "token_given: FAILED" in told
    assert "no answer to POST /backoffice/v1/token" in told


def test_the_puller_is_configured_by_a_file_or_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "puller.toml"
    file.write_text('base_url = "http://a"\nclient_id = "b"\nkey_file = "c"\npoll_seconds = 1\n')
    found = configuration(file, {"PULLER_BASE_URL": "http://other"})
    assert (found["base_url"], found["poll_seconds"], found["lease_seconds"]) == (
        "http://a",
        1,
        600,
    )
    names = {"PULLER_BASE_URL": "http://e", "PULLER_CLIENT_ID": "f", "PULLER_KEY_FILE": "g"}
    assert configuration(None, {**names, "OTHER": "x"})["base_url"] == "http://e"
    with pytest.raises(KeyError):
        configuration(None, {"PULLER_BASE_URL": "http://e"})


def test_an_event_of_an_unknown_case_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key, file = tmp_path / "key.pem", tmp_path / "puller.toml"
    make_key(key)
    settings = {
        "base_url": "http://x",
        "client_id": "v",
        "key_file": key,
        "data_dir": tmp_path / "d",
    }
    file.write_text(
        "\n".join(f"{name} = {json.dumps(str(text))}" for name, text in settings.items())
    )
    assert main(["--config", str(file), "report", "none", "review_started"]) == 1
    assert "no such open case" in capsys.readouterr().err
    assert main(["--config", str(file), "status"]) == 0
    assert json.loads(capsys.readouterr().out) == {}


@pytest.mark.parametrize(
    "listed",
    [
        {"id": "m", "sha256": "../../etc/passwd", "size": 1},
        {"id": "m", "sha256": "0" * 64, "size": "many"},
        {"id": "m", "size": 1},
        {"id": "m", "sha256": "0" * 64, "size": 1, "photos": [{"no": "../1"}]},
        "m",
    ],
)
def test_a_list_that_cannot_be_read_goes_back(listed: Any) -> None:
    body = Mint(1).parcel("C1", materials=[listed]).body
    with pytest.raises(Broken) as broken:
        list(files_of(package(body=body)))
    assert broken.value.code == "SCHEMA"


def test_a_signature_is_of_one_body_and_one_key() -> None:
    ours, other = Signer(), Signer()
    signature = ours.over("正文")
    assert fits(signature, "正文".encode(), [other.jwk(), ours.jwk()])
    assert not fits(signature, "正文 ".encode(), [ours.jwk()])
    assert not fits(signature, "正文".encode(), [other.jwk()])
    for nonsense in ("", "..", "a.b.c", "e30..x"):
        assert not fits(nonsense, b"", [ours.jwk()])
    assert not fits(signature, "正文".encode(), [])


@pytest.fixture
def store(tmp_path: Path) -> Any:
    opened = Store(tmp_path / "puller.sqlite")
    yield opened
    opened.close()


def package(**other: Any) -> Package:
    parcel = Mint(1).parcel("C1", sizes=())
    good = Package(parcel.id, "C1", 1, "ACCEPTED", parcel.digest, parcel.body, None, "lease-1")
    return Package(**{**vars(good), **other})


def test_a_package_that_changed_is_not_taken(store: Store) -> None:
    store.keep(package())
    with pytest.raises(Broken, match="another content"):
        store.keep(package(digest="0" * 64))
    with pytest.raises(Broken, match="this case and seq"):
        store.keep(package(id="another"))
    assert store.tally() == {"packages KEPT": 1}
    assert [each.lease_token for each in store.unfinished()] == ["lease-1"]


def test_taken_twice_is_taken_once(store: Store) -> None:
    reports: tuple[tuple[str, dict[str, Any]], ...] = (
        ("review_started", {}),
        ("decided", {"decision": "APPROVED"}),
    )
    store.keep(package())
    for _ in range(2):
        store.take(package(), reports)
    assert store.tally() == {"packages TAKEN": 1, "events WAITING": 2}
    # Nothing is reported before the package is acknowledged.
    assert store.next_event(()) is None
    store.acknowledged(package())
    first = store.next_event(())
    assert first is not None
    assert (first.seq, first.type) == (1, "review_started")
    assert store.next_event({"C1"}) is None


def test_a_refused_event_holds_the_later_ones_back(store: Store) -> None:
    store.keep(package())
    store.take(package(), (("review_started", {}), ("decided", {})))
    store.acknowledged(package())
    first = store.next_event(())
    assert first is not None
    store.answered(first, "REFUSED", "409")
    assert store.next_event(()) is None
    assert store.rewind("C1", 9) is False
    assert store.rewind("C1", 1) is True
    assert store.next_event(()) == first


def test_an_ended_case_reports_nothing_more(store: Store) -> None:
    store.keep(package())
    store.take(package(), (("review_started", {}),))
    store.acknowledged(package())
    ended = package(id="end", seq=2, kind="ENDED")
    store.keep(ended)
    store.take(ended)
    assert store.next_event(()) is None
    with pytest.raises(KeyError):
        store.add_event("C1", "decided", {})
    assert store.tally()["events DROPPED"] == 1


def test_a_later_package_waits_for_its_first(store: Store) -> None:
    later = package(id="later", seq=2, kind="SUPPLEMENT")
    store.keep(later)
    assert store.must_wait(later)
    store.keep(package())
    store.take(package())
    assert store.must_wait(later)
    store.acknowledged(package())
    assert not store.must_wait(later)


def test_an_assertion_is_fresh_each_time() -> None:
    credentials = Credentials("vendor", machine_key(), "k1")
    signed = [credentials.assertion("a", time.time()) for _ in range(2)]
    made = [json.loads(jws.verify(each, machine_jwk(), "ES256")) for each in signed]
    assert made[0]["jti"] != made[1]["jti"]
    assert all(each["exp"] - each["iat"] <= 300 for each in made)
    assert machine_key() not in repr(credentials)
