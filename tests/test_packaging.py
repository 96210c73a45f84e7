"""The sdist and the wheel: they install and import in a clean environment."""

import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "skimitate" / "data"
SOURCES = ("skimitate", "pyproject.toml", "setup.py", "README.md", "LICENSE")


@pytest.fixture(scope="module")
def archives(tmp_path_factory):
    """Build from a copy, without what earlier builds left in the tree."""
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
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, source],
        check=True,
        capture_output=True,
    )
    (sdist,) = folder.glob("*.tar.gz")
    (wheel,) = folder.glob("*.whl")
    return sdist, wheel


def clean_environment(folder):
    """Make an environment with the dependencies, but without skimitate."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    packages = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    # A path in a .pth file brings packages, but not the .pth files beside them: an
    # editable installation of skimitate stays outside.
    (Path(packages) / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    # Python 3.11 puts an old setuptools into the environment, before the one to build
    # with.
    remove = [python, "-m", "pip", "uninstall", "--yes", "--quiet", "setuptools"]
    subprocess.run(remove, check=True, capture_output=True)
    missing = subprocess.run(
        [python, "-c", "import skimitate"], cwd=folder, capture_output=True
    )
    assert b"No module named 'skimitate'" in missing.stderr
    return python


SCRIPT = """
import numpy as np, skimitate, sys
from importlib import resources
assert sys.prefix in skimitate.__file__, skimitate.__file__
X = np.random.default_rng(0).normal(size=(20, 11))
expert = skimitate.load_expert("Hopper-v5")
cloner = skimitate.BehaviorCloner(max_iter=2).fit(X, expert(X))
assert cloner.predict(X).shape == (20, 3)
files = {entry.name for entry in resources.files("skimitate").iterdir()}
assert {"py.typed", "kernels"} <= files, files
"""


@pytest.mark.parametrize("kind", ["sdist", "wheel"])
def test_it_installs_and_imports_in_a_clean_environment(archives, kind, tmp_path):
    archive = archives[kind == "wheel"]
    python = clean_environment(tmp_path / "env")
    install = [python, "-m", "pip", "install", "--no-deps", "--no-build-isolation"]
    subprocess.run([*install, archive], check=True, capture_output=True)
    subprocess.run([python, "-W", "error", "-c", SCRIPT], cwd=tmp_path, check=True)


def test_the_archives_hold_what_belongs_in_them(archives):
    sdist, wheel = archives
    with tarfile.open(sdist) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    assert {"skimitate/kernels/running_stats.pyx", "LICENSE", "setup.py"} <= inside
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    data = {path.relative_to(ROOT).as_posix() for path in DATA.rglob("*.*")}
    assert len(data) >= 16
    assert data <= names
    assert any(
        name.startswith("skimitate/kernels/running_stats.cpython") for name in names
    )
    assert not any(name.endswith((".c", ".cpp", ".html")) for name in names | inside)
