"""Data larger than memory: mapped, or piece by piece."""

import os
import re
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from skimitate import BehaviorCloner, Rollouts


def some(n_steps=1000, n_features=3, dtype=np.float32):
    rng = np.random.default_rng(0)
    return Rollouts(
        observations=rng.normal(size=(n_steps, n_features)).astype(dtype),
        actions=rng.normal(size=(n_steps, 2)),
        rewards=rng.normal(size=n_steps),
        episode_ids=np.arange(n_steps) // 100,
        terminated=np.ones(n_steps // 100, bool),
        feature_names=[f"sensor {i}" for i in range(n_features)],
    )


def test_a_file_that_is_mapped_is_what_was_saved(tmp_path):
    rollouts = some()
    rollouts.save(tmp_path / "large.npz", compress=False)
    mapped = Rollouts.load(tmp_path / "large.npz", mmap_mode="r")
    assert mapped == rollouts == Rollouts.load(tmp_path / "large.npz")
    for name in ("observations", "actions", "rewards", "episode_ids"):
        array = getattr(mapped, name)
        assert isinstance(array, np.memmap)
        assert array.flags.aligned
        assert not array.flags.writeable
    with np.load(tmp_path / "large.npz") as arrays:
        np.testing.assert_array_equal(arrays["actions"], rollouts.actions)


def test_a_clone_learns_the_same_from_a_map(tmp_path):
    rollouts = some()
    rollouts.save(tmp_path / "large.npz", compress=False)
    mapped = Rollouts.load(tmp_path / "large.npz", mmap_mode="r")
    one, other = (
        BehaviorCloner(max_iter=2, random_state=0).fit(r.observations, r.actions)
        for r in (rollouts, mapped)
    )
    X = rollouts.observations
    np.testing.assert_array_equal(one.predict(X), other.predict(X))


def test_files_of_numpy_s_own_are_mapped_too(tmp_path):
    rollouts = some(dtype=np.float64)
    arrays = {"observations": np.asfortranarray(rollouts.observations)}
    names = "actions", "episode_ids", "feature_names"
    arrays |= {name: np.asarray(getattr(rollouts, name)) for name in names}
    np.savez(tmp_path / "numpy.npz", **arrays)
    mapped = Rollouts.load(tmp_path / "numpy.npz", mmap_mode="r")
    assert mapped == replace(rollouts, rewards=None, terminated=None)


def test_maps_of_one_s_own_are_not_copied(tmp_path):
    rollouts = some()
    for name in ("observations", "actions"):
        np.save(tmp_path / f"{name}.npy", getattr(rollouts, name))
    maps = {
        name: np.load(tmp_path / f"{name}.npy", mmap_mode="r")
        for name in ("observations", "actions")
    }
    mapped = replace(rollouts, **maps)
    assert mapped.observations is maps["observations"]
    assert np.shares_memory(mapped.episodes[3].actions, maps["actions"])


def test_a_compressed_file_is_not_mapped(tmp_path):
    some().save(tmp_path / "small.npz")
    with pytest.raises(
        ValueError, match=r"small\.npz: .*compressed, and only one that"
    ):
        Rollouts.load(tmp_path / "small.npz", mmap_mode="r")


@pytest.mark.parametrize("mmap_mode", ["r+", "w", "c", True])
def test_other_modes(tmp_path, mmap_mode):
    some().save(tmp_path / "large.npz", compress=False)
    with pytest.raises(ValueError, match="mmap_mode: expected 'r' or None, got"):
        Rollouts.load(tmp_path / "large.npz", mmap_mode=mmap_mode)


def test_damaged_files_are_not_mapped(tmp_path):
    path = tmp_path / "large.npz"
    some(100).save(path, compress=False)
    whole = path.read_bytes()
    path.write_bytes(whole[:-40])
    with pytest.raises(ValueError, match=re.escape(str(path))):
        Rollouts.load(path, mmap_mode="r")
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("observations", "actions", "episode_ids"):
            archive.writestr(f"{name}.npy", b"\x93NUMPY\1\0\4\0{}  ")
    with pytest.raises(ValueError, match="damaged or none"):
        Rollouts.load(path, mmap_mode="r")


def test_where_numbers_far_down_are_not_finite():
    rollouts = some(150_000)
    rollouts.observations[140_000, 1] = np.nan
    with pytest.raises(ValueError, match="got nan in row 140000, of episode 1400"):
        replace(rollouts)
    rollouts.observations[140_000, 1] = 0
    rollouts.rewards[70_000] = np.inf
    with pytest.raises(
        ValueError, match=r"rewards: .*got inf in row 70000, of episode"
    ):
        replace(rollouts)


# What has been at work in a process that prints how much it took.
MEASURE = """
import resource, sys
import numpy as np
import skimitate as sk

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

clone = sk.BehaviorCloner((16,), batch_size=512, random_state=0)
clone.partial_fit(np.zeros((512, 64), np.float32) + np.eye(512, 64), np.eye(512, 4))
before = peak()
"""

PIECES = """
n = 0
for piece in sk.Rollouts.iter_robomimic(sys.argv[1], n_steps=20_000):
    clone.partial_fit(piece.observations, piece.actions)
    n += len(piece)
"""

MAPPED = """
demos = sk.Rollouts.load(sys.argv[1], mmap_mode="r")
n = len(demos)
for start in range(0, n, 20_000):
    rows = slice(start, start + 20_000)
    clone.partial_fit(demos.observations[rows], demos.actions[rows])
"""

# Pages of a file may stay where there is room: the limit is on all the rest.
LIMITED = """
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
most = (int(status["VmData"].split()[0]) << 10) + (100 << 20)
resource.setrlimit(resource.RLIMIT_DATA, (most, most))
"""


def measured(code, path):
    """Run code in a new process; return the megabytes it took, and the steps."""
    end = "print(peak() - before, n)"
    done = subprocess.run(
        [sys.executable, "-c", f"{MEASURE}{code}{end}", path],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[1])},
        capture_output=True,
        text=True,
        check=True,
    )
    megabytes, n_steps = done.stdout.split()
    return float(megabytes), int(n_steps)


N_STEPS, N_FEATURES = 1_000_000, 64


@pytest.mark.slow
def test_a_file_of_robomimic_takes_as_much_memory_as_a_piece(tmp_path):
    path = tmp_path / "large.hdf5"
    rng = np.random.default_rng(0)
    block = rng.normal(size=(10_000, N_FEATURES)).astype(np.float32)
    with h5py.File(path, "w") as file:
        for number in range(N_STEPS // len(block)):
            demo = file.create_group(f"data/demo_{number}")
            demo["obs/state"] = block
            demo["actions"] = block[:, :4]
    assert path.stat().st_size > 250e6
    megabytes, n_steps = measured(PIECES, path)
    assert n_steps == N_STEPS
    assert megabytes < 100


@pytest.mark.slow
def test_a_file_that_is_mapped_takes_no_memory_of_a_process_s_own(tmp_path):
    path = tmp_path / "large.npz"
    rng = np.random.default_rng(0)
    block = rng.normal(size=(10_000, N_FEATURES)).astype(np.float32)
    observations = np.tile(block, (N_STEPS // len(block), 1))
    Rollouts(
        observations=observations,
        actions=observations[:, :4].copy(),
        rewards=None,
        episode_ids=np.arange(N_STEPS) // 1000,
    ).save(path, compress=False)
    _, n_steps = measured(LIMITED + MAPPED, path)
    assert n_steps == N_STEPS
