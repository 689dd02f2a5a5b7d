"""Who plays in the demo: a citizen with a phone, staff at their desks, a back-office machine."""

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pyotp
from jose import jws

from miniapp_stub.demo.wire import Refused, Wire, check, multipart, new_key, wait_for

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
KEY_NAME = "development"


@dataclass
class Citizen:
    """A person with the mini-program; ``phone`` is the sandbox's side of their WeChat."""

    api: Wire
    phone: Wire
    who: Mapping[str, Any]
    tokens: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.api.token = lambda: self.tokens["access_token"]
        self.api.renew = self.renew

    @property
    def openid(self) -> str:
        return str(self.who["openid"])

    def login(self) -> dict[str, Any]:
        """Log in with a fresh ``wx.login`` code; a code that was used meanwhile is replaced."""
        plain = Wire(self.api.base)
        for attempt in (1, 2, 3):
            code = self.phone.post(f"/citizens/{self.openid}/login-code").json["code"]
            try:
                found = plain.post("/v1/login/wechat", {"code": code}).json
            except Refused as refused:
                if refused.code != "login_code_invalid" or attempt == 3:
                    raise
                continue
            self.tokens = {name: found[name] for name in ("access_token", "refresh_token")}
            return dict(found["account"])
        raise AssertionError("unreachable")

    def renew(self) -> None:
        """Get a new access token by the refresh token, or log in again."""
        try:
            token = {"refresh_token": self.tokens["refresh_token"]}
            found = Wire(self.api.base).post("/v1/login/refresh", token).json
        except Refused:
            self.login()
            return
        self.tokens = {name: found[name] for name in ("access_token", "refresh_token")}

    def upload(self, case: str, code: str, name: str, content: bytes, media: str) -> dict[str, Any]:
        body, content_type = multipart(name, content, media)
        reply = self.api.post(f"/v1/cases/{case}/materials/{code}", body, media=content_type)
        found = dict(reply.json)
        check(found["sha256"] == hashlib.sha256(content).hexdigest(), f"digest of {code}")
        return found

    def progress(self, case: str) -> dict[str, Any]:
        return dict(self.api.get(f"/v1/cases/{case}/progress").json)

    def outbox(self) -> list[dict[str, Any]]:
        """Return the messages that WeChat shows to this citizen."""
        return list(self.phone.get(f"/outbox?openid={self.openid}").json["items"])

    def wait_for_state(self, case: str, *states: str) -> dict[str, Any]:
        def probe() -> dict[str, Any] | None:
            found = self.progress(case)
            return found if found["state"] in states else None

        return dict(wait_for(f"state {'/'.join(states)}", probe))


@dataclass
class Officer:
    """A member of window staff; ``secret`` is what their authenticator app holds."""

    api: Wire
    username: str
    password: str
    secret: str
    token: str = ""

    def __post_init__(self) -> None:
        self.api.token = lambda: self.token
        self.api.renew = self.login

    def login(self) -> None:
        """Log in by password and one-time code.

        A code is good once, and the name may be tried five times a minute: whoever plays the demo
        again at once waits a little.
        """
        account = {"username": self.username, "password": self.password}
        plain, codes = Wire(self.api.base), pyotp.TOTP(self.secret)
        for ahead in (0, 1, 1, 1):
            account["otp"] = codes.at(int(time.time()) + ahead * codes.interval)
            try:
                self.token = plain.post("/staff/v1/login", account).json["access_token"]
            except Refused as refused:
                if refused.code not in ("staff_login_refused", "too_many_requests"):
                    raise
            else:
                return
            if ahead:
                time.sleep(codes.interval - time.time() % codes.interval)
        raise Refused(401, b"{}")

    def judge(self, case: str, code: str, reason: str | None = None, comment: str = "") -> None:
        verdict = {
            "verdict": "FAIL" if reason else "PASS",
            "reason_code": reason,
            "comment": comment,
        }
        self.api.put(f"/staff/v1/cases/{case}/verdicts/{code}", verdict)


@dataclass
class Backoffice:
    """The approval system of one agency; it knows only what it pulled."""

    api: Wire
    client_id: str
    key: str = field(repr=False)
    token: str = ""

    def __post_init__(self) -> None:
        self.api.token = lambda: self.token
        self.api.renew = self.login

    def login(self) -> None:
        """Sign who one is (RFC 7523), for our token endpoint, good for two minutes and once."""
        address = f"{self.api.base}/backoffice/v1/token"
        now = int(time.time())
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": address,
            "jti": new_key(),
            "iat": now,
            "exp": now + 120,
        }
        headers = {"kid": KEY_NAME}
        body = {
            "client_assertion_type": ASSERTION,
            "client_assertion": jws.sign(claims, self.key, headers=headers, algorithm="ES256"),
        }
        found = Wire(self.api.base).post("/backoffice/v1/token", body).json
        self.token = found["access_token"]

    def lease(self, case_no: str) -> dict[str, Any] | None:
        """Lease what is ready; return the lease with the package of this case, if it is there."""
        lease = self.api.post("/backoffice/v1/packages/lease", {"limit": 50, "seconds": 60}).json
        for package in lease["packages"]:
            if package["case_no"] == case_no:
                return {"lease_token": lease["lease_token"], **package}
        return None

    def read(self, package: Mapping[str, Any]) -> dict[str, Any]:
        """Check a package against its digest and every material against its own."""
        body = package["body"].encode()
        check(hashlib.sha256(body).hexdigest() == package["digest"], "digest of the package")
        found: dict[str, Any] = json.loads(body)
        for material in found["materials"]:
            path = f"/backoffice/v1/packages/{package['id']}/materials/{material['id']}"
            content = self.api.get(path).body
            check(len(content) == material["size"], f"size of {material['code']}")
            digest = hashlib.sha256(content).hexdigest()
            check(digest == material["sha256"], f"digest of {material['code']}")
        return found

    def acknowledge(
        self, package: Mapping[str, Any], receipt_code: str, digest: str | None = None
    ) -> dict[str, Any]:
        body = {
            "lease_token": package["lease_token"],
            "digest": digest or package["digest"],
            "receipt_code": receipt_code,
        }
        return dict(self.api.post(f"/backoffice/v1/packages/{package['id']}/ack", body).json)

    def report(
        self, case_no: str, seq: int, kind: str, at: str, payload: Mapping[str, Any]
    ) -> dict[str, Any]:
        event = {
            "event_id": f"demo-{case_no}-{seq}",
            "case_no": case_no,
            "seq": seq,
            "type": kind,
            "occurred_at": at,
            "payload": dict(payload),
        }
        return dict(self.api.post("/backoffice/v1/events", event, key=new_key()).json)
