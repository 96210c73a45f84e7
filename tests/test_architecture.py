"""The house: a module imports only from what is below it."""

import ast
from pathlib import Path

import pytest

import skimitate

PACKAGE = Path(skimitate.__file__).parent

# From the ground up. Inside a package, modules must not import in circles.
FLOORS = [
    "kernels",
    "_callers",
    "_public",
    "_errors",
    "_versions",
    "_sklearn",
    "_features",
    "_validation",
    "_seeds",
    "_threads",
    "files",
    "data",
    "preprocessing",
    "learners",
    "cloning",
    "policies",
    "formats",
    "environments",
    "experts",
    "datasets",
    "dagger",
    "callbacks",
    "displays",
    "studies",
    "cli",
    "__main__",
]

# Libraries that few modules import, so that all that depends on them is there.
IMPORTERS = {
    "torch": {"cloning"},
    "filelock": {"files"},
    "gymnasium": {"environments", "studies._camera"},
    "matplotlib": {"displays"},
    "imageio_ffmpeg": {"studies._film"},
    "PIL": {"studies._film"},
    "pandas": {"datasets._demonstrations"},
    "safetensors": {"formats"},
    "skops": {"formats"},
    "tensorboard": {"callbacks"},
    "threadpoolctl": {"_threads"},
}


def modules():
    """The modules by dotted name without the package's own; packages by theirs."""
    paths = PACKAGE.rglob("*.py")
    names = [path.relative_to(PACKAGE).with_suffix("").parts for path in paths]
    return sorted(".".join(p for p in n if p != "__init__") for n in names)


MODULES = [name for name in modules() if name]


def source(module):
    path = PACKAGE / module.replace(".", "/")
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def imports(module):
    """Yield the dotted names that a module imports, at the top or inside functions."""
    for node in ast.walk(ast.parse(source(module).read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imports_of_ours(module):
    """Yield the modules of the package that a module imports."""
    known = {*MODULES, *(p.stem for p in (PACKAGE / "kernels").glob("*.pyx"))}
    for name in imports(module):
        package, _, rest = name.partition(".")
        if package == "skimitate" and rest:
            parent = rest.rpartition(".")[0]
            yield rest if rest in known or not parent else parent


def floor(module):
    return FLOORS.index(module.split(".")[0])


def test_every_module_has_a_floor():
    assert {name.split(".")[0] for name in MODULES} == set(FLOORS)


@pytest.mark.parametrize("module", MODULES)
def test_no_module_imports_from_above(module):
    for imported in imports_of_ours(module):
        assert floor(imported) <= floor(module), f"{module} imports {imported}"


def test_no_module_imports_itself_on_a_round_about_way():
    above = {module: set(imports_of_ours(module)) - {module} for module in MODULES}
    while True:
        free = {module for module, needs in above.items() if not needs & above.keys()}
        if not free:
            break
        above = {m: needs for m, needs in above.items() if m not in free}
    assert not above, f"these import each other: {sorted(above)}"


@pytest.mark.parametrize("module", MODULES)
def test_what_few_modules_import(module):
    for name in imports(module):
        importers = IMPORTERS.get(name.split(".")[0], {module})
        allowed = {module, module.split(".")[0]}
        assert allowed & importers, f"{module} imports {name}"


@pytest.mark.parametrize("module", MODULES)
def test_one_module_imports_what_scikit_learn_keeps_private(module):
    for name in imports(module):
        parts = name.split(".")
        private = any(part.startswith("_") or part == "callback" for part in parts)
        if parts[0] == "sklearn" and private:
            assert module == "_sklearn", f"{module} imports {name}"


def test_every_public_name_is_importable_and_documented():
    for name in skimitate.__all__:
        assert getattr(skimitate, name).__doc__


@pytest.mark.parametrize("module", MODULES)
def test_no_module_is_too_long_to_read(module):
    assert len(source(module).read_text().splitlines()) <= 350
