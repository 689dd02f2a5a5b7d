"""Ports that are remembered, and the lock of a checkout."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from integrations.embedded.lock import AlreadyRunningError, only_one
from integrations.embedded.port import is_free, remembered_port

ROOT = Path(__file__).parents[3]


def test_a_free_port_is_kept_for_its_name(tmp_path: Path) -> None:
    book = tmp_path / "new" / "ports.json"
    first, second = remembered_port(book, "a"), remembered_port(book, "b")
    assert first != second
    assert remembered_port(book, "a") == first
    assert json.loads(book.read_text()) == {"a": first, "b": second}
    assert is_free(first)


def test_a_taken_port_is_given_up(tmp_path: Path) -> None:
    book = tmp_path / "ports.json"
    kept = remembered_port(book, "a")
    with socket.create_server(("127.0.0.1", kept)):
        assert not is_free(kept)
        other = remembered_port(book, "a", patience=0.05)
    assert other != kept
    assert remembered_port(book, "a") == other


def test_the_second_holder_is_told_who_the_first_is(tmp_path: Path) -> None:
    file = tmp_path / "var" / "serve.lock"
    with only_one(file):
        with pytest.raises(AlreadyRunningError) as refused, only_one(file):
            pytest.fail("both hold it")
        assert refused.value.pid == os.getpid()
        assert file.read_text() == str(os.getpid())
    with only_one(file):
        pass


def test_a_holder_that_was_killed_holds_nothing(tmp_path: Path) -> None:
    file = tmp_path / "serve.lock"
    code = f"""
import sys
from pathlib import Path
from integrations.embedded.lock import only_one
with only_one(Path({str(file)!r})):
    print("held", flush=True)
    sys.stdin.read()
"""
    holder = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with holder:
        assert holder.stdout
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(AlreadyRunningError), only_one(file):
            pytest.fail("both hold it")
        holder.kill()
    with only_one(file):
        pass
