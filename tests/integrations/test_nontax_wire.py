"""What the treasury's platform says of a bill, read: one wrong word and nothing is taken."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from integrations.nontax.wire import read_bill
from services.ports.fiscal import BillKind

UNIT, BASE = "511499001", "https://pay.example.cn"
BLUE: dict[str, Any] = {
    "unit_code": UNIT,
    "order_no": "20260302abcdef",
    "kind": "BLUE",
    "bill_code": "51149901",
    "bill_number": "0000000001",
    "check_code": "a1b2c3",
    "amount_fen": 8000,
    "issued_at": "2026-03-02T09:10:00+08:00",
    "url": f"{BASE}/nontax/bills/51149901/0000000001/a1b2c3",
}
RED = BLUE | {
    "kind": "RED",
    "bill_number": "0000000002",
    "refund_no": "R20260302",
    "blue": {"bill_code": "51149901", "bill_number": "0000000001"},
}


def test_a_blue_and_a_red_bill_are_read() -> None:
    blue, red = read_bill(BLUE, UNIT, BASE), read_bill(RED, UNIT, BASE)
    assert (blue.kind, blue.blue, blue.refund_number) == (BillKind.BLUE, None, None)
    assert (blue.code, blue.number, blue.check_code) == ("51149901", "0000000001", "a1b2c3")
    assert blue.issued_at == datetime(2026, 3, 2, 1, 10, tzinfo=UTC)
    assert (red.kind, red.blue) == (BillKind.RED, ("51149901", "0000000001"))
    assert red.refund_number == "R20260302"


ODD: Mapping[str, dict[str, Any]] = {
    "another-unit": BLUE | {"unit_code": "511499002"},
    "another-kind": BLUE | {"kind": "GREEN"},
    "a-short-code": BLUE | {"bill_code": "5114990"},
    "a-number-of-letters": BLUE | {"bill_number": "000000000A"},
    "a-number-as-a-number": BLUE | {"bill_number": 1},
    "no-check-code": BLUE | {"check_code": ""},
    "an-upper-case-check-code": BLUE | {"check_code": "A1B2C3"},
    "no-amount": BLUE | {"amount_fen": None},
    "less-than-nothing": BLUE | {"amount_fen": -8000},
    "no-zone": BLUE | {"issued_at": "2026-03-02T09:10:00"},
    "no-page": BLUE | {"url": None},
    "somebody-elses-page": BLUE | {"url": "https://evil.example/nontax/bills/1"},
    "a-page-beside-it": BLUE | {"url": f"{BASE}.evil.example/nontax/bills/1"},
    "a-page-above-it": BLUE | {"url": f"{BASE}/nontax/bills/../../x"},
    "a-script": BLUE | {"url": "javascript:alert(1)"},
    "a-page-with-a-space": BLUE | {"url": f"{BASE}/nontax/bills/1 2"},
    "a-page-without-end": BLUE | {"url": f"{BASE}/nontax/bills/{'1' * 300}"},
    "a-blue-bill-that-reverses": BLUE | {"blue": RED["blue"]},
    "a-blue-bill-with-a-word": BLUE | {"blue": "yes"},
    "a-red-bill-of-nothing": RED | {"blue": None},
    "a-red-bill-of-a-word": RED | {"blue": "yes"},
    "a-red-bill-of-half-a-bill": RED | {"blue": {"bill_code": "51149901"}},
    "a-red-bill-without-its-refund": RED | {"refund_no": None},
}


@pytest.mark.parametrize("said", ODD.values(), ids=ODD.keys())
def test_one_wrong_word_and_nothing_is_taken(said: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        read_bill(said, UNIT, BASE)
