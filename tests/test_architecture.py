"""The house: a module imports only from what is below it."""

import ast
from functools import cache
from pathlib import Path

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
    "_attributes",
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
    "exchange",
    "environments",
    "experts",
    "reinforcement",
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
    "torch": {
        "cloning",
        "experts._torch_file",
        "formats.torch._modules",
        "formats.torch._history",
        "reinforcement",
    },
    "stable_baselines3": {"reinforcement"},
    "filelock": {"files"},
    "gymnasium": {"environments", "studies._camera"},
    "matplotlib": {"displays"},
    "imageio_ffmpeg": {"studies._film"},
    "PIL": {"studies._film"},
    "onnx": {"formats"},
    "onnxruntime": {"formats"},
    "pandas": {"datasets._demonstrations", "exchange"},
    "polars": {"exchange"},
    "pyarrow": {"exchange"},
    "h5py": {"exchange"},
    "minari": {"exchange"},
    "safetensors": {"formats"},
    "skl2onnx": {"formats"},
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
KNOWN = {*MODULES, *(p.stem for p in (PACKAGE / "kernels").glob("*.pyx"))}


def source(module):
    path = PACKAGE / module.replace(".", "/")
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


@cache
def imports(module):
    """The dotted names that a module imports, at the top or inside functions."""
    names = []
    for node in ast.walk(ast.parse(source(module).read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: imports are absolute"
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


def imported_by_all():
    """Yield each module with each name that it imports."""
    return ((module, name) for module in MODULES for name in imports(module))


def imports_of_ours(module):
    """Yield the modules of the package that a module imports."""
    for name in imports(module):
        package, _, rest = name.partition(".")
        if package == "skimitate" and rest:
            parent = rest.rpartition(".")[0]
            yield rest if rest in KNOWN or not parent else parent


def floor(module):
    return FLOORS.index(module.split(".")[0])


def test_every_module_has_a_floor():
    assert {name.split(".")[0] for name in MODULES} == set(FLOORS)


def test_no_module_imports_from_above():
    upward = [
        f"{module} imports {imported}"
        for module in MODULES
        for imported in imports_of_ours(module)
        if floor(imported) > floor(module)
    ]
    assert not upward


def test_no_module_imports_itself_on_a_round_about_way():
    above = {module: set(imports_of_ours(module)) - {module} for module in MODULES}
    while True:
        free = {module for module, needs in above.items() if not needs & above.keys()}
        if not free:
            break
        above = {m: needs for m, needs in above.items() if m not in free}
    assert not above, f"these import each other: {sorted(above)}"


def test_what_few_modules_import():
    others = [
        f"{module} imports {name}"
        for module, name in imported_by_all()
        if not {module, module.split(".")[0]}
        & IMPORTERS.get(name.split(".")[0], {module})
    ]
    assert not others


def test_one_module_imports_what_scikit_learn_keeps_private():
    importers = {
        module
        for module, name in imported_by_all()
        if name.split(".")[0] == "sklearn"
        and any(p.startswith("_") or p == "callback" for p in name.split("."))
    }
    assert importers == {"_sklearn"}


def test_every_public_name_is_importable_and_documented():
    for name in skimitate.__all__:
        assert getattr(skimitate, name).__doc__


def test_no_module_is_too_long_to_read():
    lengths = {name: len(source(name).read_text().splitlines()) for name in MODULES}
    assert not {name: n for name, n in lengths.items() if n > 350}
