"""The table of the blog post: six environments, an expert, its clone and DAgger."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skimitate.environments._make import EnvLike
from skimitate.environments._report import mean_and_std, summarize
from skimitate.environments._spec import folder_of
from skimitate.formats._files import replace_file
from skimitate.studies._experiment import Experiment
from skimitate.studies._machine import describe_machine
from skimitate.studies._markdown import markdown_table
from skimitate.studies._post import POST
from skimitate.studies._schedule import schedule_of_the_post
from skimitate.studies._stages import StageFolder

N_EVAL_EPISODES = 50
# All rows are evaluated in the same episodes; the seeds of training count from 0.
EVAL_SEED = 1_000_000

LEARNERS = ("BC", "DAgger")


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
    ) -> None:
        self.out = out
        self.experiments: dict[str, list[Experiment]] = {}
        self.rows: list[dict[str, Any]] = []
        # All experiments before any work, since they fail if they cannot be run.
        for env, (expert, expert_id) in experts.items():
            folder = out / folder_of(env)
            baselines = StageFolder(folder)
            self.experiments[env] = [
                Experiment(
                    env=env if envs is None else envs[env],
                    name=env,
                    expert=expert,
                    expert_id=expert_id,
                    n_episodes=n_episodes or _n_episodes_of(env),
                    n_rounds=n_rounds,
                    n_eval_episodes=n_eval_episodes,
                    n_jobs=n_jobs,
                    seed=seed,
                    eval_seed=EVAL_SEED,
                    out=folder / f"seed-{seed}",
                    baselines=baselines,
                    schedule=schedule_of_the_post(n_episodes or _n_episodes_of(env)),
                )
                for seed in range(n_seeds)
            ]

    def run(self) -> None:
        """Do what is not finished yet, row by row, and keep the table so far."""
        for env, experiments in self.experiments.items():
            for experiment in experiments:
                print(f"\n{env}, seed {experiment.seed}", flush=True)
                experiment.run()
            self._keep(row_of(experiments))
            replace_file(self.out / "table.json", self._write_json)
            replace_file(self.out / "table.md", self._write_markdown)

    def _keep(self, row: dict[str, Any]) -> None:
        """Put a row among those that were kept before and are of the same kind."""
        alike = [
            other
            for other in self.rows or self._rows_from_before()
            if other["env"] != row["env"] and _kind_of(other) == _kind_of(row)
        ]
        self.rows = sorted([*alike, row], key=lambda row: row["env"])

    def _rows_from_before(self) -> list[dict[str, Any]]:
        try:
            return json.loads((self.out / "table.json").read_text("utf-8"))["rows"]
        except (OSError, ValueError, KeyError, TypeError):
            return []

    def _write_json(self, path: Path) -> None:
        content = {"machine": describe_machine(), "rows": self.rows}
        path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")

    def _write_markdown(self, path: Path) -> None:
        path.write_text(as_markdown(self.rows) + "\n", encoding="utf-8")


def _n_episodes_of(env: str) -> int:
    return POST[env].n_episodes if env in POST else 10


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


def as_markdown(rows: Sequence[dict[str, Any]]) -> str:
    """Return the table in Markdown: returns beside the post's, then how they compare.

    Parameters
    ----------
    rows : sequence of dict
        From :func:`row_of`, or read from the file that holds them.

    Returns
    -------
    str
    """
    returns = [_returns_head(), *map(_returns_line, rows)]
    comparison = [_comparison_head(), *map(_comparison_line, rows)]
    n_eval_episodes = len(rows[0]["returns"]["Expert"])
    n_seeds = len(rows[0]["seeds"])
    seeds = "one seed" if n_seeds == 1 else f"{n_seeds} seeds"
    return (
        f"{markdown_table(returns)}\n\n{markdown_table(comparison)}\n\n"
        f"Mean (standard deviation) over {seeds} and the same {n_eval_episodes} "
        "episodes for everyone.\nNormalized: 0 is the random policy, 1 the expert. Of "
        "the expert: the part of its mean return, with\ntwo standard errors of the "
        "paired difference to both sides, for the policies as they came out of\n"
        "training; the difference itself where returns are negative. Queries: actions "
        "that the expert was\nasked for. Seconds: everything, for one seed."
    )


def _returns_head() -> list[str]:
    names = ("Expert", *LEARNERS)
    columns = [column for name in names for column in (name, "(post)")]
    return ["Environment", "Roll-outs", *columns]


def _returns_line(row: dict[str, Any]) -> list[str]:
    post = POST[row["env"]].returns if row["env"] in POST else {}
    line = [row["env"], str(row["n_episodes"])]
    for name in ("Expert", *LEARNERS):
        line.append(summarize(row["returns"][name]))
        line.append(mean_and_std(*post[name]) if name in post else "")
    return line


def _comparison_head() -> list[str]:
    heads = ("{}, normalized", "{}, of the expert", "{}, queries")
    columns = [head.format(name) for head in heads for name in LEARNERS]
    return ["Environment", *columns, "Seconds"]


def _comparison_line(row: dict[str, Any]) -> list[str]:
    policies = [row["policies"][name] for name in LEARNERS]
    seconds = np.mean([sum(stages.values()) for stages in row["seconds"]])
    return [
        row["env"],
        *(_or_nothing(policy["normalized_return"]) for policy in policies),
        *(_of_the_expert(policy) for policy in policies),
        *(f"{np.mean(policy['n_expert_queries']):,.0f}" for policy in policies),
        f"{seconds:.0f}",
    ]


def _or_nothing(number: float | None) -> str:
    return "" if number is None else f"{number:.3f}"


def _of_the_expert(policy: dict[str, Any]) -> str:
    """Return the ratio to the expert's mean, or the difference if that is negative."""
    if policy["ratio"] is not None:
        low, high = policy["ratio_interval"]
        return f"{policy['ratio']:.3f} ({low:.3f} to {high:.3f})"
    low, high = policy["difference_interval"]
    return f"{policy['difference']:+.2f} ({low:+.2f} to {high:+.2f})"
