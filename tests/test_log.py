"""What the log says when something broke: where, and never about whom."""

import json
import subprocess
import sys

BREAK = """
import structlog
from server import configure_logging

configure_logging()
person = "王建国"
try:
    try:
        {}[person]
    except KeyError as error:
        error.add_note(person)
        raise ExceptionGroup(person, [ValueError(person), OSError(person)]) from error
except ExceptionGroup as errors:
    structlog.get_logger("test").error("broken", exc_info=errors)
"""


def test_an_error_is_logged_by_its_place_and_not_by_its_words() -> None:
    ran = subprocess.run([sys.executable, "-c", BREAK], capture_output=True, text=True, check=True)
    logged = json.loads(ran.stdout)
    assert logged["event"] == "broken"
    assert [error["exc_type"] for error in logged["exception"]] == ["ExceptionGroup", "KeyError"]
    assert logged["exception"][0]["frames"][-1]["lineno"] > 1
    assert "王建国" not in ran.stdout + ran.stderr
