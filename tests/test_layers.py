"""Who may import what. A breach here is a breach of the house: move the code, not the rule."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OURS = "deckport_assets"

STUDIO_MAY = ("models", "errors", "studio")
RULES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    # folder or file: (outside packages it may not import, modules of ours that it may; () means any below it)
    "deckport_assets/models.py": (("dagster", "pandas", "sqlalchemy", "requests"), ("models",)),
    "deckport_assets/errors.py": (("dagster", "pandas", "sqlalchemy", "requests"), ("errors",)),
    "deckport_assets/studio": (("dagster", "sqlalchemy", "requests", "pandas"), STUDIO_MAY),
    "deckport_assets/catalog": (("dagster", "requests"), ("models", "errors", "catalog", "media")),
    "deckport_assets/media.py": (("dagster", "requests", "sqlalchemy"), ("errors", "media")),
    "deckport_assets/settings.py": (("dagster", "sqlalchemy", "requests"), ("settings",)),
    "deckport_assets/resources": ((), ("models", "errors", "catalog", "media", "studio", "resources")),
    "deckport_assets/batch.py": ((), ("models", "errors", "catalog", "progress", "batch")),
    "deckport_assets/drain.py": (("dagster",), ("models", "errors", "catalog", "resources", "drain")),
    "deckport_assets/bulk_writing.py": (("dagster",), ("models", "errors", "catalog", "resources", "drain")),
    "deckport_assets/assets": (
        (),
        (
            "models",
            "errors",
            "catalog",
            "media",
            "studio",
            "resources",
            "batch",
            "drain",
            "bulk_writing",
            "partitions",
            "assets",
        ),
    ),
    "api": (("dagster", "pandas", "requests"), ("models", "errors", "catalog", "media", "settings", "studio.prompts")),
}


def imports(file: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.lineno, node.module


def files(place: str) -> list[Path]:
    path = ROOT / place
    return [path] if path.is_file() else sorted(path.rglob("*.py"))


@pytest.mark.parametrize("place", RULES)
def test_a_layer_imports_only_what_lies_below_it(place: str) -> None:
    outside, allowed = RULES[place]
    breaches = []
    for file in files(place):
        for line, module in imports(file):
            top, _, rest = module.partition(".")
            may = not rest or any(f"{rest}.".startswith(f"{each}.") for each in allowed)
            forbidden = top in outside or (top == OURS and not may) or top == "api"
            if forbidden and not (place == "api" and top == "api"):
                breaches.append(f"{file.relative_to(ROOT)}:{line} imports {module}")
    assert not breaches, "\n".join(breaches)


def test_only_settings_read_the_environment() -> None:
    readers = [
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for place in ("deckport_assets", "api")
        for file in files(place)
        if file.name not in ("settings.py",)
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in ("getenv", "environ") and isinstance(node.value, ast.Name)
    ]
    # Two places hand the environment on to Dagster and to child processes; they read no setting of ours from it.
    assert {reader.rsplit(":", 1)[0] for reader in readers} <= {
        "deckport_assets/instance/home.py",
        "deckport_assets/cli/serving.py",
    }


def test_dagster_is_imported_under_one_name() -> None:
    wrong = [
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for file in files("deckport_assets")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if (isinstance(node, ast.ImportFrom) and node.module == "dagster")
        or (isinstance(node, ast.Import) and any(a.name == "dagster" and a.asname != "dg" for a in node.names))
    ]
    assert not wrong, "only `import dagster as dg`: " + ", ".join(wrong)
