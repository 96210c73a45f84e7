"""What a result was measured on: the machine, and the versions of the packages."""

import hashlib
import importlib.metadata
import os
import platform
from functools import lru_cache
from pathlib import Path
from typing import Any

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
def code_checksum() -> str:
    """Return a checksum of skimitate's own code, which versions tell too little of."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.iterdir()):
        if path.suffix in (".py", ".pyx", ".h"):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _processor() -> str:
    """Return the processor's name; Linux tells it in a file only."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor()
