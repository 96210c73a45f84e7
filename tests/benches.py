"""The modules in benchmarks/, imported for a test."""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).resolve().parents[1]
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@contextmanager
def benchmark_modules(*names: str) -> Iterator[SimpleNamespace]:
    """Import some of them by name, and leave path and threads of the process alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "benchmarks"))
        for variable in THREADS:
            patch.setenv(variable, "1")  # as the harness does: it is undone here
        found = {name: importlib.import_module(name) for name in names}
    yield SimpleNamespace(**found)
