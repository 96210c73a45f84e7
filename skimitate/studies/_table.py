"""The table of the blog post: six environments, an expert, its clone and DAgger."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skimitate.environments._make import EnvLike
from skimitate.environments._spec import folder_of
from skimitate.files._durable import write_durably
from skimitate.files._json import read_json
from skimitate.files._reading import reading
from skimitate.studies._experiment import Experiment
from skimitate.studies._machine import describe_machine
from skimitate.studies._network import network_of_the_table
from skimitate.studies._post import POST
from skimitate.studies._stages import StageFolder
from skimitate.studies._table_text import LEARNERS, as_markdown

N_EVAL_EPISODES = 50
# All rows are evaluated in the same episodes; the seeds of training count from 0.
EVAL_SEED = 1_000_000


class Table:
    """Rows of the table, one for each environment.

    Parameters
    ----------
    experts : dict of str to tuple of (expert, str)
        For each environment's name, the expert and what tells it apart from others.
    n_episodes : int or None
        Number of the expert's roll-outs; None for the post's, or 10 where it has none.
    n_seeds : int
        Number of times that everything is learnt, with other roll-outs.
    n_rounds : int
        Number of rounds of DAgger.
    n_eval_episodes : int
        Number of episodes that everyone is evaluated in; at least 2.
    n_jobs : int
        Number of processes that run episodes, in joblib's terms.
    out : Path
        Folder for what is kept; finished stages that are there are not done again.
    envs : dict of str to (str, EnvSpec or callable), or None, default=None
        The environments by name; None if their names are their ids.
    networks : sequence of {"default", "post"}, default=("post",)
        Whose networks imitate: a row for each of them.

    Raises
    ------
    ValueError
        If an expert does not fit its environment.
    OSError
        If nothing can be written to the folder.
    """

    def __init__(
        self,
        experts: Mapping[str, tuple[Any, str]],
        *,
        n_episodes: int | None,
        n_seeds: int,
        n_rounds: int,
        n_eval_episodes: int,
        n_jobs: int,
        out: Path,
        envs: Mapping[str, EnvLike] | None = None,
        networks: Sequence[str] = ("post",),
    ) -> None:
        self.out = out
        self.experiments: dict[tuple[str, str], list[Experiment]] = {}
        self.rows: list[dict[str, Any]] = []
        # All experiments before any work, since they fail if they cannot be run.
        for env, (expert, expert_id) in experts.items():
            folder = out / folder_of(env)
            baselines = StageFolder(folder)
            n = n_episodes or _n_episodes_of(env)
            for network in networks:
                suffix = "" if network == "post" else f"-{network}"
                self.experiments[env, network] = [
                    Experiment(
                        env=env if envs is None else envs[env],
                        name=env,
                        expert=expert,
                        expert_id=expert_id,
                        n_episodes=n,
                        n_rounds=n_rounds,
                        n_eval_episodes=n_eval_episodes,
                        n_jobs=n_jobs,
                        seed=seed,
                        eval_seed=EVAL_SEED,
                        out=folder / f"seed-{seed}{suffix}",
                        baselines=baselines,
                        network=network_of_the_table(network, n),
                        # Humanoid's are 700 MB, for each seed and network.
                        keep_rollouts=False,
                    )
                    for seed in range(n_seeds)
                ]

    def run(self) -> None:
        """Do what is not finished yet, row by row, and keep the table so far."""
        for (env, network), experiments in self.experiments.items():
            for experiment in experiments:
                about = f"{env}, network: {network}, seed {experiment.seed}"
                print(f"\n{about}", flush=True)
                experiment.run()
            self._keep(row_of(experiments))
            write_durably(self.out / "table.json", self._write_json)
            write_durably(self.out / "table.md", self._write_markdown)

    def _keep(self, row: dict[str, Any]) -> None:
        """Put a row among those that were kept before and are of the same kind."""
        alike = [
            other
            for other in self.rows or self._rows_from_before()
            if _place_of(other) != _place_of(row) and _kind_of(other) == _kind_of(row)
        ]
        self.rows = sorted([*alike, row], key=_place_of)

    def _rows_from_before(self) -> list[dict[str, Any]]:
        path = self.out / "table.json"
        if not path.is_file():
            return []
        try:
            return _read_rows(path)
        except ValueError as error:
            print(f"{error}: rows of before are left out", flush=True)
            return []

    def _write_json(self, path: Path) -> None:
        content = {"machine": describe_machine(), "rows": self.rows}
        path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")

    def _write_markdown(self, path: Path) -> None:
        path.write_text(as_markdown(self.rows) + "\n", encoding="utf-8")


def _read_rows(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a table's file; raise ValueError if one cannot be shown."""
    content = read_json(path, "a table")
    with reading(path, "a table"):
        for row in content["rows"]:
            _kind_of(row)
            as_markdown([row])
        return sorted(content["rows"], key=_place_of)


def _n_episodes_of(env: str) -> int:
    return POST[env].n_episodes if env in POST else 10


def _place_of(row: dict[str, Any]) -> tuple[str, bool]:
    """Return what tells the rows of one table apart, and sorts them."""
    return row["env"], row["network"] != "post"


def _kind_of(row: dict[str, Any]) -> tuple[Any, ...]:
    """Return what the rows of one table have in common."""
    bundled = row["expert"].startswith("bundled ")
    n_eval_episodes = len(row["returns"]["Expert"])
    return bundled, row["seeds"], row["n_rounds"], row["eval_seed"], n_eval_episodes


def row_of(experiments: Sequence[Experiment]) -> dict[str, Any]:
    """Return a row of the table in JSON's types, from one experiment for each seed."""
    first = experiments[0]
    expert, random = first.returns["Expert"], first.returns["Random"]
    row: dict[str, Any] = {
        "env": first.name,
        "network": first.network.name,
        "expert": first.expert_id,
        "n_episodes": first.n_episodes,
        "n_rounds": first.n_rounds,
        "seeds": [experiment.seed for experiment in experiments],
        "eval_seed": first.eval_seed,
        "returns": {
            "Expert": _rounded(expert),
            "Random": _rounded(random),
        },
        "policies": {},
        "best_rounds": [experiment.best_round for experiment in experiments],
        "seconds": [
            {stage: round(s, 2) for stage, s in experiment.seconds.items()}
            for experiment in experiments
        ],
    }
    for name in LEARNERS:
        returns = np.array([experiment.returns[name] for experiment in experiments])
        row["returns"][name] = _rounded(returns)
        row["policies"][name] = compare(returns, expert, random) | {
            "n_expert_queries": [e.n_expert_queries[name] for e in experiments]
        }
    return row


def _rounded(returns: NDArray[np.float64]) -> Any:
    return np.round(returns, 3).tolist()


def compare(
    returns: NDArray[np.float64],
    expert: NDArray[np.float64],
    random: NDArray[np.float64],
) -> dict[str, Any]:
    """Compare a learner with the expert in the same episodes.

    Parameters
    ----------
    returns : ndarray of shape (n_seeds, n_episodes)
        Of the learner.
    expert, random : ndarrays of shape (n_episodes,)
        Of the expert and of the random policy.

    Returns
    -------
    dict
        ``mean`` and ``std`` of all returns; ``normalized_return``, None if the expert
        is no better than the random policy; ``difference`` to the expert, and
        ``difference_interval``, two standard errors of the paired difference to both
        sides, over the episodes; both as parts of the expert's mean, ``ratio`` and
        ``ratio_interval``, None if that is not positive; and ``mean_by_seed``.
    """
    level, low = float(expert.mean()), float(random.mean())
    mean = float(returns.mean())
    paired = returns.mean(axis=0) - expert
    difference = float(paired.mean())
    error = float(paired.std(ddof=1) / np.sqrt(len(paired)))
    interval = [difference - 2 * error, difference + 2 * error]
    positive = level > 0
    return {
        "mean": mean,
        "std": float(returns.std()),
        "normalized_return": (mean - low) / (level - low) if level > low else None,
        "difference": difference,
        "difference_interval": interval,
        "ratio": mean / level if positive else None,
        "ratio_interval": [1 + end / level for end in interval] if positive else None,
        "mean_by_seed": returns.mean(axis=1).tolist(),
    }
