"""What the outside saw, line by line: the only thing, besides the database, that is believed."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import Any


@dataclass
class History:
    """An append-only file; ``t`` is the time of day in seconds, the same clock for everybody."""

    path: Path
    _file: TextIOWrapper | None = None

    def add(self, what: str, **facts: Any) -> None:
        if self._file is None:
            self._file = self.path.open("a", encoding="utf-8")
        line = {"t": time.time(), "what": what, **facts}
        self._file.write(json.dumps(line, ensure_ascii=False) + "\n")

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def read(self) -> Iterator[dict[str, Any]]:
        """Yield every line."""
        self.close()
        with self.path.open(encoding="utf-8") as file:
            for line in file:
                yield json.loads(line)
