"""joblib's backends, Dask's and Ray's clusters: the same bits, and workers that die."""

import importlib.util
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from skimitate import WorkerError, collect_rollouts

ROOT = Path(__file__).resolve().parents[1]

pytestmark = [
    pytest.mark.slow,
    # Sockets and pipes that the clusters leave open.
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

_spec = importlib.util.spec_from_file_location(
    "backends", ROOT / "benchmarks/backends.py"
)
backends = importlib.util.module_from_spec(_spec)
sys.modules["backends"] = backends
_spec.loader.exec_module(backends)

NEEDS = {"dask": "distributed", "ray": "ray"}


@pytest.fixture(scope="module", params=backends.BACKENDS)
def backend(request):
    """A backend of two workers, which find what the tests define."""
    if request.param in NEEDS:
        pytest.importorskip(NEEDS[request.param])
    before = os.environ.get("PYTHONPATH")
    # Some start their workers with this process's path, some with its environment.
    sys.path.append(str(ROOT / "benchmarks"))
    paths = [str(Path(__file__).parent), *sys.path]
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    try:
        with backends.BACKENDS[request.param]():
            yield request.param
    finally:
        sys.path.remove(str(ROOT / "benchmarks"))
        del os.environ["PYTHONPATH"]
        if before is not None:
            os.environ["PYTHONPATH"] = before


@pytest.mark.parametrize("job", backends.JOBS)
def test_two_workers_give_the_bits_of_one_job(backend, job):
    assert backends.compare(backends.JOBS[job]) == "same bits"


@pytest.mark.parametrize("name", ["loky", "threading", "dask", "ray"])
def test_the_example_runs_on_a_cluster(name):
    if name in NEEDS:
        pytest.importorskip(NEEDS[name])
    script = ROOT / "examples" / "on_a_cluster.py"
    command = [sys.executable, script, "--backend", name]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    lines = [line for line in done.stdout.splitlines() if "RAY_AUTH" not in line]
    assert "the bits of one process: True" in lines[0]
    assert "160000 rows" in lines[2]
    assert float(lines[3].split()[-1]) < 1e-12


class Deadly:
    """An expert that takes a worker down with it, once; at home it only hesitates."""

    def __init__(self, path):
        self.path = path
        self.expert = backends.Hesitant()

    def __call__(self, observations):
        if os.getpid() != self.expert.home and not self.path.exists():
            self.path.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return self.expert(observations)


def test_a_killed_worker_is_an_error_or_no_matter(backend, tmp_path):
    if backend == "threading":
        pytest.skip("a thread cannot be killed")
    if backend == "multiprocessing":
        pytest.skip("joblib's multiprocessing waits for a killed worker for ever")
    options = {"n_episodes": 8, "random_state": 0}
    deadly = Deadly(tmp_path / "killed")
    if backend in ("loky", "ray"):
        with pytest.raises(WorkerError, match="n_jobs: the workers failed") as caught:
            collect_rollouts("Reacher-v5", deadly, n_jobs=2, **options)
        assert caught.value.episodes[-1] == 7
    else:
        found = collect_rollouts("Reacher-v5", deadly, n_jobs=2, **options)
        expected = collect_rollouts("Reacher-v5", deadly.expert, **options)
        np.testing.assert_array_equal(found.observations, expected.observations)
    assert deadly.path.exists()
