"""The layers: a module imports only from modules above it in this list."""

import ast
from pathlib import Path

import pytest

import skimitate

PACKAGE = Path(skimitate.__file__).parent

LAYERS = [
    "_running_stats",
    "_validation",
    "_normalizer",
    "_threads",
    "_mlp_kernel",
    "_network",
    "_trainer",
    "_cloner",
    "_actors",
    "_npz",
    "_array_unpickler",
    "_cs294",
    "_bundled",
    "_experts",
    "_episodes",
    "_rollouts",
    "_report",
    "_demonstrations",
    "_aggregate",
    "_dagger_loop",
    "_dagger",
    "_validation_loss",
    "_plotting",
    "_progress",
    "_machine",
    "_stages",
    "_experiment",
    "_table",
    "_camera",
    "_film",
    "cli",
    "__main__",
]

# Packages that few modules import, so that all that depends on them is there.
IMPORTERS = {
    "torch": {"_network", "_trainer"},
    "gymnasium": {"_episodes", "_camera"},
    "matplotlib": {"_plotting"},
    "imageio_ffmpeg": {"_film"},
    "PIL": {"_film"},
    "pandas": {"_demonstrations"},
    "threadpoolctl": {"_threads"},
}


def imports(module):
    """Yield the dotted names that a module imports, at the top or inside functions."""
    tree = ast.parse((PACKAGE / f"{module}.py").read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def modules():
    return sorted(path.stem for path in PACKAGE.glob("*.py") if path.stem != "__init__")


def test_the_list_is_complete():
    compiled = {path.stem for path in PACKAGE.glob("*.pyx")}
    assert set(LAYERS) == set(modules()) | compiled


@pytest.mark.parametrize("module", modules())
def test_no_module_imports_from_below(module):
    above = set(LAYERS[: LAYERS.index(module)])
    for name in imports(module):
        package, _, rest = name.partition(".")
        if package == "skimitate":
            imported = rest.split(".")[0]
            assert imported in above | {""}, f"{module} imports {imported}"


@pytest.mark.parametrize("module", modules())
def test_what_few_modules_import(module):
    for name in imports(module):
        importers = IMPORTERS.get(name.split(".")[0], {module})
        assert module in importers, f"{module} imports {name}"


@pytest.mark.parametrize("module", modules())
def test_only_validation_imports_what_scikit_learn_keeps_private(module):
    for name in imports(module):
        parts = name.split(".")
        private = any(part.startswith("_") for part in parts)
        if parts[0] == "sklearn" and private:
            assert module == "_validation", f"{module} imports {name}"


def test_every_public_name_is_importable_and_documented():
    for name in skimitate.__all__:
        assert getattr(skimitate, name).__doc__
