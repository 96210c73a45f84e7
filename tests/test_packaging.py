"""The sdist and the wheel: what is in them, and that they install and import clean."""

import os
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "skimitate"
SOURCES = ("skimitate", "pyproject.toml", "setup.py", "README.md", "LICENSE")

# The kernels take a compiler some ten seconds.
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def archives(tmp_path_factory):
    """Build from a copy, without what earlier builds left in the tree.

    The wheel is built from the unpacked sdist, as an installation of the sdist does.
    """
    folder = tmp_path_factory.mktemp("build")
    source = folder / "source"
    source.mkdir()
    tracked = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *SOURCES],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    for name in tracked:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes((ROOT / name).read_bytes())
    (folder / "parallel.cfg").write_text("[build_ext]\nparallel = 2\n")
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, source],
        check=True,
        capture_output=True,
        env={**os.environ, "DIST_EXTRA_CONFIG": str(folder / "parallel.cfg")},
    )
    (sdist,) = folder.glob("*.tar.gz")
    (wheel,) = folder.glob("*.whl")
    return sdist, wheel


@pytest.fixture
def clean_environment(tmp_path):
    """Make an environment with the dependencies, but without skimitate."""
    venv.create(tmp_path / "env", with_pip=False)
    (packages,) = (tmp_path / "env" / "lib").glob("python*/site-packages")
    # A path in a .pth file brings packages, but not the .pth files beside them: an
    # editable installation of skimitate stays outside.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return tmp_path / "env" / "bin"


SCRIPT = """
import numpy as np, sys
import skimitate
from importlib import resources
assert sys.prefix in skimitate.__file__, skimitate.__file__
X = np.random.default_rng(0).normal(size=(20, 11))
expert = skimitate.load_expert("Hopper-v5")
cloner = skimitate.BehaviorCloner(max_iter=2).fit(X, expert(X))
assert cloner.predict(X).shape == (20, 3)
files = {entry.name for entry in resources.files("skimitate").iterdir()}
assert {"py.typed", "kernels"} <= files, files
"""


def test_it_installs_and_imports_in_a_clean_environment(archives, clean_environment):
    _, wheel = archives
    # Isolated: no path from the environment may bring a skimitate either.
    python = [clean_environment / "python", "-I", "-W", "error", "-c"]
    missing = subprocess.run([*python, "import skimitate"], capture_output=True)
    assert b"No module named 'skimitate'" in missing.stderr
    pip = [sys.executable, "-m", "pip", "--python", clean_environment / "python"]
    subprocess.run([*pip, "install", "-q", "--no-deps", wheel], check=True)
    subprocess.run([*python, SCRIPT], check=True)
    shown = subprocess.run(
        [clean_environment / "skimitate", "--help"], check=True, capture_output=True
    )
    assert b"usage: skimitate" in shown.stdout


def test_the_archives_hold_what_belongs_in_them(archives):
    sdist, wheel = archives
    with tarfile.open(sdist) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    kinds = ("*.py", "*.pyi", "*.pyx", "*.h", "py.typed", "*.npz", "*.json")
    paths = [path for kind in kinds for path in PACKAGE.rglob(kind)]
    files = {path.relative_to(ROOT).as_posix() for path in paths}
    assert len(files) > 60
    assert files <= names
    assert files <= inside
    assert {"LICENSE", "README.md", "pyproject.toml", "setup.py"} <= inside
    assert {name.split("/")[0].split("-")[0] for name in names} == {"skimitate"}
    for kernel in ("mlp", "running_stats"):
        assert any(n.startswith(f"skimitate/kernels/{kernel}.cpython") for n in names)
    assert not any(name.endswith((".c", ".cpp", ".html")) for name in names | inside)
