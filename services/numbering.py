"""Numbers of a case (办件编号, 查询码): given once, when it is filed or comes from elsewhere."""

import secrets
from datetime import datetime
from typing import Any

from models.database import rows
from models.rules import numbers
from services.items import PublishedItem
from services.ports import Crypto

NEXT = """
INSERT INTO case_serials (prefix, serial) VALUES ($1, 1)
ON CONFLICT (prefix) DO UPDATE SET serial = case_serials.serial + 1 RETURNING serial"""


def lookup_value(query_code: str, id_number: str) -> str:
    """Return what the blind index of the public look-up is made of."""
    return f"{query_code}:{id_number[-4:]}"


async def new_numbers(
    crypto: Crypto, item: PublishedItem, id_number: str, now: datetime
) -> dict[str, Any]:
    """Return the next numbers of an item as columns of the case, in the caller's transaction."""
    prefix = numbers.case_number(item.impl_code, now, 1)[:-4]
    [row] = await rows(NEXT, [prefix])
    query_code = numbers.query_code(secrets.token_bytes(16))
    lookup = lookup_value(query_code, id_number)
    return {
        "case_no": numbers.case_number(item.impl_code, now, row["serial"]),
        "query_code": query_code,
        "lookup_index": crypto.index(lookup, "case.lookup").hex(),
    }
