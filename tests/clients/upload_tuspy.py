"""Uploads a file by tuspy. Told on stdin: endpoint, token, file, chunkSize, metadata; url: where
to go on; stopAt: how many bytes are enough; checked: with a checksum to each part.
"""

import json
import sys
from pathlib import Path
from typing import Any

from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError


def upload(told: dict[str, Any]) -> dict[str, Any]:
    client = TusClient(told["endpoint"], headers={"Authorization": f"Bearer {told['token']}"})
    made = client.uploader(
        told["file"],
        chunk_size=told["chunkSize"],
        url=told.get("url"),
        metadata=told.get("metadata", {}),
        metadata_encoding="utf-8",
        upload_checksum=told.get("checked", False),
    )
    try:
        made.upload(stop_at=told.get("stopAt"))
    except TusCommunicationError as refused:
        body = (refused.response_content or b"").decode()
        return {"url": made.url, "done": False, "status": refused.status_code, "body": body}
    if made.offset < Path(told["file"]).stat().st_size:
        return {"url": made.url, "done": False, "accepted": made.offset}
    return {"url": made.url, "done": True}


if __name__ == "__main__":
    print(json.dumps(upload(json.load(sys.stdin))))
