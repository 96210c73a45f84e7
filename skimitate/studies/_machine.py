"""What a result was measured on: the machine, and the versions of the packages."""

import hashlib
import importlib.metadata
import os
import platform
from functools import lru_cache
from pathlib import Path
from typing import Any

import skimitate

PACKAGES = ("skimitate", "scikit-learn", "torch", "numpy", "gymnasium", "mujoco")


def describe_machine(*more_packages: str) -> dict[str, Any]:
    """Say on what a result was measured.

    Parameters
    ----------
    *more_packages : str
        Distributions whose versions matter besides skimitate's and its own.

    Returns
    -------
    dict
        ``processor``, ``cores``, ``system``, ``python`` and ``versions``.
    """
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": package_versions(*more_packages),
    }


def package_versions(*more_packages: str) -> dict[str, str]:
    """Return the installed versions of what decides a result."""
    return {
        name: importlib.metadata.version(name) for name in (*PACKAGES, *more_packages)
    }


@lru_cache
def code_checksum(package: Path = Path(skimitate.__file__).parent) -> str:
    """Return a checksum of skimitate's own code, which versions tell too little of.

    Parameters
    ----------
    package : Path
        The folder that holds it, folders in it included.

    Returns
    -------
    str
    """
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*")):
        if path.suffix in (".py", ".pyx", ".h"):
            content = path.read_bytes()
            digest.update(f"{path.relative_to(package).as_posix()}, ".encode())
            digest.update(f"{len(content)} bytes:".encode() + content)
    return digest.hexdigest()[:16]


def _processor() -> str:
    """Return the processor's name; Linux tells it in a file only."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor()
