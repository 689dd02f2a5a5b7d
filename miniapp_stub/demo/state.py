"""What the steps of the demo share: who plays, and what is known so far."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from miniapp_stub.demo.papers import BUSINESS
from miniapp_stub.demo.people import Backoffice, Citizen, Officer
from miniapp_stub.demo.wire import Refused, Wire, check

SHANGHAI = ZoneInfo("Asia/Shanghai")
PERSON = "王建国"
FORM = {
    "road_section": "人民路(一号桥至二号桥)",
    "stake_range": "K0+100至K0+160",
    "surface_type": "沥青",
    "area_m2": 12.5,
    "planned_start": "2027-03-01",
    "planned_end": "2027-03-10",
    "contractor": BUSINESS,
}


def refused(code: str, act: Callable[[], object]) -> str:
    """Check that an act is refused with this code; return the sentence that people read."""
    try:
        act()
    except Refused as answer:
        check(answer.code == code, f"refused with {code}, not {answer.code}")
        return str(answer.problem["detail"])
    check(False, f"refused with {code}")
    return ""


@dataclass
class Story:
    """Who plays, and the ``facts`` that each step leaves for the next."""

    citizen: Citizen
    window: Officer
    backoffice: Callable[[str], Backoffice]
    templates: list[str]
    facts: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, addresses: Mapping[str, Any]) -> "Story":
        api, passwords = addresses["api"], addresses["passwords"]
        secrets = Path(addresses["secrets"])
        codes = json.loads((secrets / "totp.json").read_text())
        key = (secrets / "backoffice_key.pem").read_text()
        phone = Wire(f"{addresses['sandbox']}/phone/api")
        people = phone.get("/citizens").json["items"]
        who = next(person for person in people if person["name"] == PERSON)
        return cls(
            citizen=Citizen(Wire(api), phone, who),
            window=Officer(Wire(api), "window01", passwords["window01"], codes["window01"]),
            backoffice=lambda agency: Backoffice(Wire(api), f"backoffice-{agency}", key),
            templates=list(addresses["templates"]),
        )

    @property
    def case(self) -> str:
        return str(self.facts["case"])

    def timeline(self) -> str:
        """Return the final timeline as the citizen sees it."""
        progress = self.citizen.progress(self.case)
        lines = [f"  {_shown(entry['at'])}  {entry['text']}" for entry in progress["timeline"]]
        return "\n".join([f"\n{progress['item_name']} {progress['case_no']}", *lines])


def _shown(at: str) -> str:
    return datetime.fromisoformat(at).astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
