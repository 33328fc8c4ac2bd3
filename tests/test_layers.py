"""The rooms of the house: imports go one way, and what is dear is loaded late."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import logtriage

PACKAGE = Path(logtriage.__file__).parent
MODULES = {
    ".".join(("logtriage", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}


@cache
def imported(path: Path, *, late: bool) -> frozenset[str]:
    """The modules that a file imports when it is loaded, and with `late` those that its functions import too.

    What stands under `if TYPE_CHECKING:` is never imported.
    """
    found: set[str] = set()

    def walk(nodes: list[ast.stmt]) -> None:
        for node in nodes:
            if isinstance(node, ast.Import):
                found.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = {f"{node.module}.{alias.name}" for alias in node.names}
                found.update({name for name in names if name in MODULES} or {node.module})
            elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
                walk(node.orelse)
            elif late or not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                for _, value in ast.iter_fields(node):
                    if isinstance(value, list):
                        walk([one for one in value if isinstance(one, ast.stmt)])
                        for one in value:
                            if isinstance(one, ast.ExceptHandler | ast.match_case):
                                walk(one.body)

    walk(ast.parse(path.read_text(encoding="utf-8")).body)
    return frozenset(found)


def ours(names: frozenset[str]) -> set[str]:
    return {name for name in names if name in MODULES}


# The rooms in the way of a log line, and which others each may know, by others too. What stands beside them
# (errors, config, output …) may be known by all.
_STORED = {"sources", "stamps", "formats", "signatures", "templates"}
_ASKED = {*_STORED, "needles", "store", "query", "answers"}
MAY_KNOW: dict[str, set[str]] = {
    "sources": set(),
    "stamps": set(),
    "formats": {"sources", "stamps"},
    "signatures": {"sources", "stamps", "formats"},
    "needles": set(),
    "templates": set(),
    "store": _STORED,
    "query": {*_STORED, "needles", "store"},
    "answers": {*_STORED, "needles", "store", "query"},
    "stream": _ASKED,
    "triage": _ASKED,
    "gate": _ASKED,
    "report": {*_ASKED, "triage"},
    "sessions": _ASKED,
}


def room_of(module: str) -> str | None:
    first = module.split(".")[1] if "." in module else ""
    return first if first in (*MAY_KNOW, "cli", "tui") else None


def reach(module: str) -> dict[str, str]:
    """Everything that a module needs, directly or by others → through which module."""
    found: dict[str, str] = {}
    todo = [module]
    while todo:
        one = todo.pop()
        for other in ours(imported(MODULES[one], late=True)) - {module}:
            if other not in found:
                found[other] = one
                todo.append(other)
    return found


@pytest.mark.parametrize("room", MAY_KNOW)
def test_imports_go_one_way(room: str) -> None:
    """No module knows, even by others or late, of a room that comes after its own."""
    wrong = [
        f"{module} needs {other} (by {through})"
        for module in MODULES
        if room_of(module) == room
        for other, through in reach(module).items()
        if room_of(other) not in {None, room, *MAY_KNOW[room]}
    ]
    assert not wrong


def test_no_circles() -> None:
    """Modules do not need each other when they are loaded."""
    loaded = {name: ours(imported(path, late=False)) - {name} for name, path in MODULES.items()}
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " → ".join((*trail, name))
        if name not in done:
            for other in sorted(loaded[name]):
                visit(other, (*trail, name))
            done.add(name)

    for name in loaded:
        visit(name, ())


def test_only_the_screen_knows_textual() -> None:
    """Nothing outside tui/ imports textual, early or late."""
    outside = [name for name in MODULES if not name.startswith("logtriage.tui")]
    assert [
        name for name in outside if any(one.split(".")[0] == "textual" for one in imported(MODULES[name], late=True))
    ] == []


def test_only_the_commands_open_the_screen() -> None:
    """The screen is an end of the way: no module but a command imports tui/."""
    allowed = ("logtriage.tui", "logtriage.cli")
    outside = [name for name in MODULES if not name.startswith(allowed)]
    assert [
        name for name in outside if any(one.startswith("logtriage.tui") for one in imported(MODULES[name], late=True))
    ] == []


def test_commands_ask_in_words() -> None:
    """No command holds SQL of its own, but the one that runs its user's."""
    asking = {path.stem for path in (PACKAGE / "cli").glob("*.py") if ".execute(" in path.read_text(encoding="utf-8")}
    assert asking == {"sql"}


LIGHT = ["logtriage", "logtriage.cli", "logtriage.needles.scan", "logtriage.needles.needle", "logtriage.sources.read", "logtriage.sources.find",
         "logtriage.formats.format",
         "logtriage.signatures.library", "logtriage.formats.detect", "logtriage.sources.lines", "logtriage.store.store"]  # fmt: skip
HEAVY = ["duckdb", "_duckdb", "pyarrow", "textual", "hyperscan", "numpy", "pytest"]


@pytest.mark.parametrize("module", LIGHT)
def test_what_grep_needs_is_light(module: str) -> None:
    """These modules load none of the dear packages: a search in a small file must not pay for them."""
    code = f"import sys, {module}; print(*[name for name in {HEAVY!r} if name in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PACKAGE.parent)
    assert ran.stdout.split() == []


def test_dear_packages_are_imported_late() -> None:
    """No module outside tui/ imports a dear package when it is loaded, so that a command pays only for what it uses."""
    early = {
        name: heavy
        for name, path in MODULES.items()
        if not name.startswith("logtriage.tui")
        and (heavy := {one.split(".")[0] for one in imported(path, late=False)} & set(HEAVY))
    }
    assert early == {}


def test_modules_load_in_any_order() -> None:
    """Each module can be the first to be imported: none relies on another having been imported before it."""
    names = [name for name in MODULES if name != "logtriage.__main__" and not name.startswith("logtriage.tui")]
    code = (
        "import sys, importlib\n"
        f"for name in {names!r}:\n"
        "    for one in [m for m in sys.modules if m.split('.')[0] == 'logtriage']: del sys.modules[one]\n"
        "    importlib.import_module(name)\n"
        "print(*[name for name in ('_duckdb', 'pyarrow', 'textual') if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=PACKAGE.parent, check=False)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split() == []
