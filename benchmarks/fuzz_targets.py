"""What reads files, each with valid files and a way to forge others: one entry each."""

import json
import random
from argparse import ArgumentParser
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import skops.io
from fuzz_archives import forged as forged_archive
from fuzz_archives import packed
from fuzz_checkpoints import kept_files, use_kept, use_learner, use_visited
from fuzz_mutations import mutated
from fuzz_onnx import forged as forged_onnx
from fuzz_pickles import cs294_expert
from fuzz_pickles import forged as forged_pickle
from fuzz_robots import (
    forged_hdf5,
    forged_parquet,
    lerobot_files,
    robomimic_files,
    use_lerobot,
    use_robomimic,
)
from fuzz_texts import (
    forged_arguments,
    forged_csv,
    forged_json,
    forged_safetensors,
)
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skimitate import (
    BehaviorCloner,
    Rollouts,
    export_onnx,
    load_expert,
    load_policy,
    save_policy,
)
from skimitate.cli._main import build_parser
from skimitate.cloning._recurrent_architecture import RecurrentArchitecture
from skimitate.cloning._units import Units
from skimitate.dagger._run_state import RunState
from skimitate.data._bundled import bundled_files, read_card
from skimitate.datasets._files import read_steps
from skimitate.policies import (
    ClassPolicy,
    Columns,
    HistoryPolicy,
    NetworkPolicy,
    PipelinePolicy,
    RecurrentPolicy,
)
from skimitate.studies._stages import StageFolder
from skimitate.studies._table import _read_rows

_ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Target:
    """Something that reads files.

    Parameters
    ----------
    name : str
        What it is called.
    suffix : str
        How its files end.
    seeds : callable
        Given a path that it may use, returns the contents of valid files.
    read : callable
        Reads the file of a path and uses what it was given; raises ValueError with the
        path to refuse one.
    forged : callable
        Given a generator and the valid files, returns the content of one that is not.
    exits : bool, default=False
        Whether it refuses as the command line does: by ending, or without a path.
    """

    name: str
    suffix: str
    seeds: Callable[[Path], list[bytes]]
    read: Callable[[Path], Any]
    forged: Callable[[random.Random, list[bytes]], bytes]
    exits: bool = False

    def make(self, rng: random.Random, valid: list[bytes]) -> bytes:
        """Return a file that is damaged, forged, or both."""
        data = rng.choice(valid)
        way = rng.random()
        if way < 0.5:
            data = self.forged(rng, valid)
        return data if 0.1 < way < 0.5 else mutated(rng, data, valid)


def _written(path: Path, *writers: Callable[[Path], Any]) -> list[bytes]:
    """Return what some functions write to a path."""
    found = []
    for write in writers:
        write(path)
        found.append(path.read_bytes())
    return found


def _cs294_files(path: Path) -> list[bytes]:
    return [cs294_expert(protocol) for protocol in range(6)]


def _act(policy: Any) -> None:
    """Use a policy: a row of numbers, or of classes, for each of three."""
    for _ in range(2):  # the second time with a memory, if it has one
        actions = policy.act(np.zeros((3, policy.n_features)))
        assert actions.shape == (3, policy.n_outputs)


def _use_expert(path: Path) -> None:
    _act(load_expert(path))


def _estimators(path: Path) -> list[bytes]:
    X = np.random.default_rng(0).normal(size=(20, 4))
    cloner = BehaviorCloner((3,), max_iter=1, random_state=0)
    fitted = (cloner.fit(X, X[:, :2]), make_pipeline(StandardScaler(), Ridge()))
    fitted[1].fit(X, X[:, :2])
    return _written(path, *(partial(skops.io.dump, one) for one in fitted))


def _use_policy(path: Path) -> None:
    _act(load_policy(path))


def _networks(n_outputs: int) -> NetworkPolicy:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(2, 5 * 6 + 7 * n_outputs)).astype(np.float32)
    return NetworkPolicy(
        [4, 6, n_outputs], "tanh", vectors, Units.plain(4, n_outputs), mean_return=1.5
    )


def _policies(path: Path) -> list[bytes]:
    classes = [np.array([0, 1]), np.array([3, 4, 5])]
    letters = [np.array(["a", "b", "c", "ü"])]
    shown = Columns(3, [2, 0], np.zeros(2), np.ones(2), -np.ones(2), np.ones(2))
    architecture = RecurrentArchitecture("gru", (4, 2, 3, 2), "relu")
    weights = np.zeros((1, architecture.layout.n_parameters), np.float32)
    policies = (
        _networks(2),
        ClassPolicy(_networks(5), classes, mean_return=2.0),
        ClassPolicy(_networks(4), letters),
        PipelinePolicy(shown, HistoryPolicy(_networks(2), 1, 2, 2, 2)),
        RecurrentPolicy(architecture, weights, Units.plain(4, 2)),
    )
    return _written(
        path, *(lambda path, one=one: save_policy(one, path) for one in policies)
    )


def _onnx_files(path: Path) -> list[bytes]:
    rng = np.random.default_rng(0)
    cells = RecurrentArchitecture("gru", (4, 3, 2), "tanh")
    vectors = rng.normal(size=(1, cells.layout.n_parameters))
    policies = (
        _networks(2),
        ClassPolicy(_networks(4), [np.array(["a", "b", "c", "ü"])]),
        RecurrentPolicy(cells, vectors, Units.plain(4, 2)),
    )
    return _written(
        path, *(lambda path, one=one: export_onnx(one, path) for one in policies)
    )


def _experts(path: Path) -> list[bytes]:
    rng = np.random.default_rng(0)
    arrays = {
        "activation": np.array("tanh"),
        "mean": np.zeros(4),
        "scale": np.ones(4),
        "weight_0": rng.normal(size=(4, 6)).astype("f4"),
        "bias_0": np.zeros(6, "f4"),
        "weight_1": rng.normal(size=(6, 2)).astype("f4"),
        "bias_1": np.zeros(2, "f4"),
    }
    return [packed(arrays), packed(arrays, compress=False)]


def _rollouts() -> list[Rollouts]:
    rng = np.random.default_rng(0)
    ids = np.repeat(np.arange(3), 4)
    X = rng.normal(size=(12, 3))
    whole = Rollouts(
        X,
        X[:, :2],
        X[:, 0],
        ids,
        terminated=np.array([True, False, True]),
        truncated=np.array([False, True, False]),
        last_observations=X[:3],
        is_success=np.array([True, False, False]),
        action_noise=np.zeros((3, 2)),
        feature_names=("a", "b", "ü"),
    )
    return [whole, Rollouts(X.astype("f4"), np.arange(12) % 3, None, ids)]


def _rollouts_files(path: Path) -> list[bytes]:
    whole, short = _rollouts()
    return _written(
        path, whole.save, lambda p: whole.save(p, compress=False), short.save
    )


def _use_rollouts(path: Path) -> None:
    rollouts = Rollouts.load(path)
    assert rollouts.lengths.sum() == len(rollouts)
    if rollouts.rewards is not None:
        assert len(rollouts.returns) == rollouts.n_episodes
    assert rollouts.episodes[0].observations.ndim == 2
    assert repr(rollouts)


def _steps_files(path: Path) -> list[bytes]:
    rng = np.random.default_rng(0)
    X, flags = rng.normal(size=(12, 3)), np.arange(12) % 4 == 3
    return [
        packed({"obs": X, "acts": X[:, :1], "dones": flags}),
        packed(
            {"states": X, "actions": np.arange(12) % 3, "episode": np.arange(12) // 4}
        ),
        packed({"obs": X.reshape(3, 4, 3), "acts": X[:, :1].reshape(3, 4, 1)}),
        packed({"X": X, "y": np.array(["a", "b"] * 6)}, compress=False),
    ]


def _tables(path: Path) -> list[bytes]:
    rng = np.random.default_rng(0)
    rows = [
        ",".join([str(i // 4), *map(str, rng.normal(size=3).round(3)), str(i / 8)])
        for i in range(12)
    ]
    head = "episode,obs_0,obs_1,obs_2,action_0"
    return ["\n".join([head, *rows]).encode(), "\n".join(["x,y,act", "1,2,l"]).encode()]


def _use_steps(path: Path) -> None:
    observations = ["x", "y"] if path.read_bytes().startswith(b"x,y,act") else []
    steps = read_steps(path, observations=observations)
    assert len(steps.observations) == len(steps.actions) > 0


def _cards(path: Path) -> list[bytes]:
    return [
        entry.with_suffix(".json").read_bytes()
        for kind in ("experts", "demonstrations")
        for entry in map(Path, map(str, bundled_files(kind).values()))
    ]


def _indices(path: Path) -> list[bytes]:
    entry = {
        "setting": {"seed": 0, "versions": {"numpy": "2"}},
        "seconds": 1.5,
        "sha256": {"a.json": "0" * 64},
    }
    return [json.dumps({"BC": entry, "demonstrations": entry}).encode()]


def _use_index(path: Path) -> None:
    """Open a folder of stages; a damaged index counts as refused."""
    stages = StageFolder._read_index(path)
    if not stages:
        raise ValueError(f"{path}: no stages")
    for entry in stages.values():
        assert f"{entry['seconds']:.1f}"


def _row_files(path: Path) -> list[bytes]:
    folder = _ROOT / "benchmarks" / "results"
    return [
        (folder / f"table-{name}.json").read_bytes() for name in ("bundled", "cs294")
    ]


def _commands(path: Path) -> list[bytes]:
    commands = (
        "run Hopper-v5 --seed 3 --out runs/hopper --rounds 5",
        "evaluate Hopper-v5 --policy clone.joblib --episodes 5 --jobs 2",
        "collect Hopper-v5 --out demos.npz --episodes 3",
        "clone demos.npz --out clone.safetensors --epochs 3",
        "table Hopper-v5 --out runs/table",
        "film Hopper-v5 --out film.mp4",
    )
    return [command.replace(" ", "\n").encode() for command in commands]


def _parse(path: Path) -> None:
    words = path.read_bytes().decode("utf-8", "surrogateescape").split("\n")
    # Argparse takes ten seconds for thirty thousand, which only their user types.
    _parser().parse_args(words[:1_000])


@cache
def _parser() -> ArgumentParser:
    return build_parser()


TARGETS = {
    target.name: target
    for target in (
        Target(
            "cs294",
            ".pkl",
            _cs294_files,
            _use_expert,
            forged_pickle,
        ),
        Target("rollouts", ".npz", _rollouts_files, _use_rollouts, forged_archive),
        Target(
            "expert",
            ".npz",
            _experts,
            _use_expert,
            forged_archive,
        ),
        Target(
            "policy",
            ".safetensors",
            _policies,
            _use_policy,
            forged_safetensors,
        ),
        Target("estimator", ".skops", _estimators, load_expert, forged_archive),
        Target("onnx", ".onnx", _onnx_files, _use_expert, forged_onnx),
        Target("steps", ".npz", _steps_files, _use_steps, forged_archive),
        Target("robomimic", ".hdf5", robomimic_files, use_robomimic, forged_hdf5),
        Target("lerobot", ".parquet", lerobot_files, use_lerobot, forged_parquet),
        Target("csv", ".csv", _tables, _use_steps, forged_csv),
        Target("card", ".json", _cards, read_card, forged_json),
        Target("stages", ".json", _indices, _use_index, forged_json),
        Target("rows", ".json", _row_files, _read_rows, forged_json),
        Target(
            "visited",
            ".npz",
            partial(kept_files, "round-000?-visited"),
            partial(use_kept, use_visited),
            forged_archive,
        ),
        Target(
            "state",
            ".json",
            partial(kept_files, "state-"),
            partial(use_kept, RunState.from_json),
            forged_json,
        ),
        Target(
            "learner",
            ".skops",
            partial(kept_files, "learner-"),
            partial(use_kept, use_learner),
            forged_archive,
        ),
        Target("arguments", ".txt", _commands, _parse, forged_arguments, exits=True),
    )
}
