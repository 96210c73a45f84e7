"""Files of robots, for the fuzzer: valid ones, forged ones, and who reads them."""

import codecs
import io
import json
import random
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyarrow as pa
from pyarrow import parquet

from skimitate import Rollouts
from skimitate.files._reading import reading

_LENGTHS = (3, 2)

_DTYPES = ("f8", "f4", "i8", "u1", "?", "S3", h5py.string_dtype(), "c16", "f2")
_SHAPES = ((), (0,), (3,), (3, 0), (3, 2), (2, 3), (3, 2, 2), (3, 4, 4, 3), (7, 2))
_ENDLESS = (2**40,), (2**20, 2**20), (3, 2**40)

_NAMES = ("data/demo_0", "data/demo_0/obs", "data/demo_0/obs/a", "data/demo_0/actions")


def robomimic_files(path: Path) -> list[bytes]:
    """Return files of robomimic's."""
    codecs.lookup("ascii")  # which h5py comes to with texts that are damaged
    whole = _hdf5({f"data/demo_{i}": n for i, n in enumerate(_LENGTHS)})
    return [whole, _hdf5({"data/demo_10": 4})]


def use_robomimic(path: Path) -> None:
    """Read a file of robomimic's."""
    rollouts = Rollouts.from_robomimic(path)
    assert rollouts.lengths.sum() == len(rollouts)


def forged_hdf5(rng: random.Random, valid: list[bytes]) -> bytes:
    """Return a file with something else in the place of a group or an array."""
    file = io.BytesIO(rng.choice(valid))
    with h5py.File(file, "r+") as opened:
        names = [name for name in _NAMES if name in opened] or ["data"]
        name = rng.choice(names)
        del opened[name]
        _forge(rng, opened, name)
    return file.getvalue()


def _forge(rng: random.Random, opened: Any, name: str) -> None:
    way = rng.randrange(5)
    if way == 0:
        opened[name] = h5py.SoftLink(rng.choice(("/data", "/", "/none", name)))
    elif way == 1:
        opened[name] = h5py.ExternalLink("/etc/passwd", "/")
    elif way == 2:
        opened.create_group(name).attrs["num_samples"] = rng.choice((-1, 3, "x", [1]))
    elif way == 3:
        shape = rng.choice(_ENDLESS)
        opened.create_dataset(name, shape, "f8", chunks=True, compression="gzip")
    else:
        opened.create_dataset(name, rng.choice(_SHAPES), rng.choice(_DTYPES))


def _hdf5(lengths: dict[str, int]) -> bytes:
    rng = np.random.default_rng(0)
    file = io.BytesIO()
    with h5py.File(file, "w") as opened:
        for name, n in lengths.items():
            demonstration = opened.create_group(name)
            demonstration.attrs["num_samples"] = n
            for part, width in (("obs/a", 2), ("obs/b", 1), ("actions", 2)):
                demonstration[part] = rng.normal(size=(n, width))
            demonstration["rewards"] = np.ones(n)
    return file.getvalue()


def lerobot_files(path: Path) -> list[bytes]:
    """Return the steps of a data set of LeRobot's, the rest of which is made here."""
    root = _set_around(path)
    for part in ("meta/episodes/chunk-000", "data/chunk-000"):
        (root / part).mkdir(parents=True, exist_ok=True)
    features = {name: {"dtype": "float32"} for name in _columns()}
    about = {"codebase_version": "v3.0", "features": features}
    (root / "meta" / "info.json").write_text(json.dumps(about))
    episodes = {
        "episode_index": [0, 1],
        "length": list(_LENGTHS),
        "data/chunk_index": [0, 0],
        "data/file_index": [0, 0],
    }
    place = root / "meta" / "episodes" / "chunk-000" / "file-000.parquet"
    place.write_bytes(_parquet(episodes))
    steps = root / "data" / "chunk-000" / "file-000.parquet"
    steps.unlink(missing_ok=True)
    steps.symlink_to(path)
    return [_parquet(_columns()), _parquet(_columns(np.float64))]


def use_lerobot(path: Path) -> None:
    """Read the data set that has these steps."""
    with reading(path, "steps"):
        assert len(Rollouts.from_lerobot(_set_around(path))) == sum(_LENGTHS)


def _set_around(path: Path) -> Path:
    return path.parent / "set"


def forged_parquet(rng: random.Random, valid: list[bytes]) -> bytes:
    """Return steps that have something else in a column, or are others."""
    columns: dict[str, Any] = dict(_columns())
    name = rng.choice(list(columns))
    n = sum(_LENGTHS)
    columns[name] = rng.choice(
        (
            ["a"] * n,
            [None] * n,
            [[1.0]] * (n - 1) + [[1.0, 2.0]],
            [[[1.0]]] * n,
            [{"x": 1.0}] * n,
            [np.nan] * n,
            [2**62] * n,
            [True] * n,
            pa.nulls(n),
            pa.array([0.5] * n).dictionary_encode(),
        )
    )
    return _parquet(columns)


def _columns(dtype: type = np.float32) -> dict[str, Any]:
    rng = np.random.default_rng(1)
    n = sum(_LENGTHS)
    return {
        "observation.state": list(rng.normal(size=(n, 3)).astype(dtype)),
        "action": list(rng.normal(size=(n, 2)).astype(dtype)),
        "next.reward": np.ones(n, dtype),
        "episode_index": np.repeat(np.arange(len(_LENGTHS)), _LENGTHS),
    }


def _parquet(columns: dict[str, Any]) -> bytes:
    file = io.BytesIO()
    parquet.write_table(pa.table(columns), file)
    return file.getvalue()
