"""The rules of the house: who may import whom, how long a file is, who reads the environment."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OURS = {
    "api",
    "models",
    "services",
    "integrations",
    "uploads",
    "miniapp_stub",
    "settings",
    "adapters",
    "commands",
    "composition",
    "development",
    "handing",
    "keeping",
    "looking",
    "paying",
    "paysettings",
    "people",
    "policies",
    "providers",
    "receiving",
    "reckoning",
    "reporting",
    "supplies",
    "server",
    "tests",
    "benchmarks",
}
# Longest prefix wins; a value of None allows everything of ours.
MAY_IMPORT: dict[str, tuple[str, ...] | None] = {
    "models/rules": ("models.rules",),
    "models": ("models",),
    "services": ("models", "services"),
    "integrations/sandbox": ("integrations.sandbox",),
    "integrations/embedded": ("integrations.embedded",),
    "integrations": ("services.ports", "services.errors", "integrations"),
    "uploads": ("services.ports", "services.errors", "uploads"),
    "miniapp_stub": ("miniapp_stub",),
    "api": ("api", "services", "models"),
    "settings.py": ("paysettings",),
    "paysettings.py": (),
    "adapters.py": None,
    "commands": None,
    "composition.py": None,
    "development.py": None,
    "handing.py": None,
    "keeping.py": None,
    "looking.py": None,
    "paying.py": None,
    "people.py": None,
    "policies.py": None,
    "providers.py": None,
    "receiving.py": None,
    "reckoning.py": None,
    "reporting.py": None,
    "supplies.py": None,
    "server.py": None,
}
# What a layer is there to keep out.
FORBIDDEN = {
    "models/rules": {"*"},
    "services": {"sanic", "aiohttp", "redis", "tortoise", "asyncpg", "wechatpy", "PIL", "jose"},
    "api": {"aiohttp", "redis", "tortoise", "asyncpg", "wechatpy", "PIL", "jose"},
    "integrations": {"sanic"},
    "uploads": {"sanic", "tortoise"},
}
STANDARD = set(sys.stdlib_module_names)


def _files() -> Iterator[Path]:
    layers = ("api", "commands", "models", "services", "integrations", "uploads", "miniapp_stub")
    for layer in layers:
        yield from sorted((ROOT / layer).rglob("*.py"))
    roots = (
        *(
            "adapters",
            "composition",
            "development",
            "handing",
            "keeping",
            "looking",
            "paying",
            "people",
            "paysettings",
            "policies",
            "providers",
            "receiving",
            "reckoning",
            "reporting",
            "server",
            "supplies",
        ),
        "settings",
    )
    yield from (ROOT / f"{name}.py" for name in roots)


FILES = [file.relative_to(ROOT) for file in _files() if "node_modules" not in file.parts]


def _layer(file: Path, table: dict[str, object]) -> str | None:
    names = [name for name in table if file.as_posix().startswith(name)]
    return max(names, key=len, default=None)


def _imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse((ROOT / file).read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level:
            yield ".".join(file.parent.parts) + (f".{node.module}" if node.module else "")
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def _within(name: str, allowed: str) -> bool:
    return name == allowed or name.startswith(f"{allowed}.")


@pytest.mark.parametrize("file", FILES, ids=str)
def test_imports_point_inward(file: Path) -> None:
    layer = _layer(file, dict(MAY_IMPORT))
    assert layer is not None, f"{file} belongs to no layer"
    allowed = MAY_IMPORT[layer]
    if allowed is None:
        return
    ours = [name for name in _imports(file) if name.split(".")[0] in OURS]
    wrong = [name for name in ours if not any(_within(name, each) for each in allowed)]
    assert not wrong, f"{file} may not import {wrong}"


@pytest.mark.parametrize("file", FILES, ids=str)
def test_libraries_stay_in_their_layer(file: Path) -> None:
    layer = _layer(file, dict(FORBIDDEN))
    if layer is None or (layer == "integrations" and "sandbox" in file.parts):
        return
    found = {name.split(".")[0] for name in _imports(file)}
    if FORBIDDEN[layer] == {"*"}:
        assert found <= STANDARD | {"models"}, found - STANDARD
    else:
        assert not found & FORBIDDEN[layer], found & FORBIDDEN[layer]


@pytest.mark.parametrize("file", FILES, ids=str)
def test_files_are_short(file: Path) -> None:
    if "migrations" in file.parts:
        return
    lines = (ROOT / file).read_text().count("\n")
    assert lines <= 300, f"{file} has {lines} lines: split it"


@pytest.mark.parametrize("file", FILES, ids=str)
def test_only_settings_reads_the_environment(file: Path) -> None:
    if file.name == "settings.py":
        return
    source = (ROOT / file).read_text()
    # The sandbox, the launcher of children and the puller are programs of their own.
    own = file.as_posix() in {
        "integrations/sandbox/__main__.py",
        "integrations/embedded/launch.py",
        "miniapp_stub/puller/__main__.py",
    }
    assert own or "os.environ" not in source, f"{file} reads the environment"
    assert own or "getenv" not in source, f"{file} reads the environment"


@pytest.mark.parametrize("file", FILES, ids=str)
def test_no_import_hides_in_a_function(file: Path) -> None:
    tree = ast.parse((ROOT / file).read_text())
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for node in ast.walk(function):
                hidden = isinstance(node, ast.Import | ast.ImportFrom)
                # A child process that decodes one file loads only what that file needs.
                assert not hidden or file.parts[0] == "uploads", f"{file}: {ast.unparse(node)}"


@pytest.mark.parametrize("file", FILES, ids=str)
def test_transactions_are_ours(file: Path) -> None:
    """Tortoise's own are not cancel-safe, and these use them inside."""
    if file.as_posix() == "models/unit.py" or "migrations" in file.parts:
        return
    tree = ast.parse((ROOT / file).read_text())
    names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    names |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    banned = {"in_transaction", "atomic", "get_or_create", "update_or_create"}
    assert not names & banned, f"{file} uses {names & banned}"


def test_client_code_knows_no_sandbox() -> None:
    for file in FILES:
        if file.parts[0] not in {"api", "models", "services", "uploads", "integrations"}:
            continue
        if len(file.parts) > 1 and file.parts[1] in {"sandbox", "embedded"}:
            continue
        source = (ROOT / file).read_text().lower()
        # The one other sandbox is the browser's, in the policy for downloads.
        assert "sandbox" not in source.replace('content-security-policy": "sandbox', ""), file
