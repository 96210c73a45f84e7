"""The main job: an expert's roll-outs, a clone, a DAgger policy, and their returns."""

import copy
import importlib.metadata
import importlib.util
import json
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from numpy.typing import NDArray

from skimitate._cloner import BehaviorCloner
from skimitate._dagger import DAggerRegressor
from skimitate._episodes import env_widths
from skimitate._plotting import ReturnCurveDisplay
from skimitate._progress import ProgressLine
from skimitate._rollouts import (
    Rollouts,
    UniformPolicy,
    collect_rollouts,
    evaluate_policy,
)

N_EVAL_EPISODES = 20


@dataclass
class Experiment:
    """Imitate an expert in an environment and compare everyone's returns.

    Parameters
    ----------
    env : str
        Environment id.
    expert : callable or object with act or predict
        The expert.
    n_episodes : int
        Number of the expert's roll-outs.
    n_rounds : int
        Number of rounds of DAgger.
    n_jobs : int
        Number of processes that run episodes, in joblib's terms.
    seed : int
        Determines everything.
    out : Path or None
        Folder for what is kept; None to keep nothing.
    """

    env: str
    expert: Any
    n_episodes: int
    n_rounds: int
    n_jobs: int
    seed: int
    out: Path | None
    seconds: dict[str, float] = field(default_factory=dict)
    returns: dict[str, NDArray[np.float64]] = field(default_factory=dict)

    def run(self) -> None:
        """Run every stage, and keep what comes of it as it comes."""
        check_expert(self.env, self.expert)
        self._prepare_out()
        seeds = np.random.SeedSequence(self.seed).generate_state(4)
        demonstrations, cloning, dagger, evaluation = map(int, seeds)
        rollouts = self._timed("Expert", self._collect, demonstrations)
        self._keep("demonstrations.npz", rollouts.save)
        clone = self._timed("BC", self._clone, rollouts, cloning)
        self._keep("clone.joblib", lambda path: joblib.dump(clone, path))
        learner = self._timed("DAgger", self._dagger, rollouts, dagger)
        portable = without_expert(learner)
        self._keep("dagger.joblib", lambda path: joblib.dump(portable, path))
        policies = {
            "Expert": self.expert,
            "BC": clone,
            "DAgger": learner,
            "Random": UniformPolicy(self.env),
        }
        for name, policy in policies.items():
            print(f"Evaluating {name} in {N_EVAL_EPISODES} episodes ...", flush=True)
            self.returns[name] = evaluate_policy(
                self.env,
                policy,
                n_episodes=N_EVAL_EPISODES,
                n_jobs=self.n_jobs,
                random_state=evaluation,
            )
        self._keep("results.json", lambda path: self._write_results(path, learner))
        self._keep("learning_curve.png", lambda path: self._draw(path, learner))
        print(f"\n{self.table()}")
        if self.out is not None:
            print(f"\nKept in {self.out}: {', '.join(sorted(self._kept))}")

    def _prepare_out(self) -> None:
        """Fail before any work if its result could not be kept."""
        self._kept: list[str] = []
        if self.out is None:
            return
        if importlib.util.find_spec("matplotlib") is None:
            raise ImportError(
                "--out: drawing needs matplotlib; pip install skimitate[plot]"
            )
        self.out.mkdir(parents=True, exist_ok=True)
        probe = self.out / ".writable"
        probe.touch()
        probe.unlink()

    def _keep(self, name: str, write: Callable[[Path], Any]) -> None:
        if self.out is not None:
            write(self.out / name)
            self._kept.append(name)

    def _timed(self, name: str, stage: Callable, *args: Any) -> Any:
        began = time.perf_counter()
        result = stage(*args)
        self.seconds[name] = time.perf_counter() - began
        return result

    def _collect(self, seed: int) -> Rollouts:
        print(f"Expert: {self.n_episodes} roll-outs in {self.env} ...", flush=True)
        rollouts = collect_rollouts(
            self.env,
            self.expert,
            n_episodes=self.n_episodes,
            n_jobs=self.n_jobs,
            random_state=seed,
        )
        print(f"Expert: {len(rollouts)} steps, returns {summarize(rollouts.returns)}")
        return rollouts

    def _clone(self, rollouts: Rollouts, seed: int) -> BehaviorCloner:
        cloner = BehaviorCloner(random_state=seed).set_callbacks(ProgressLine("BC"))
        cloner.fit(rollouts.observations, rollouts.actions)
        return cloner.set_callbacks()

    def _dagger(self, rollouts: Rollouts, seed: int) -> DAggerRegressor:
        dagger = DAggerRegressor(
            env=self.env,
            expert=self.expert,
            n_rounds=self.n_rounds,
            # As many steps on few demonstrations as on many: a pass over an aggregate
            # that starts with 10 roll-outs takes ten times as long as with one.
            n_epochs_per_round=max(1, 20 // self.n_episodes),
            n_jobs=self.n_jobs,
            random_state=seed,
        ).set_callbacks(ProgressLine("DAgger"))
        dagger.fit(rollouts.observations, rollouts.actions)
        return dagger.set_callbacks()

    def normalized(self, name: str) -> float:
        """Return a policy's mean return between the random one's and the expert's."""
        low, high = self.returns["Random"].mean(), self.returns["Expert"].mean()
        return float((self.returns[name].mean() - low) / (high - low))

    def table(self) -> str:
        """Return the table of the results."""
        names = ("Expert", "BC", "DAgger")
        rows = [
            ["Environment", "Roll-outs", *(f"{name} Rewards" for name in names)],
            [self.env, str(self.n_episodes)]
            + [summarize(self.returns[name]) for name in names],
            ["normalized return", ""] + [f"{self.normalized(n):.3f}" for n in names],
            ["seconds", ""] + [f"{self.seconds[name]:.1f}" for name in names],
        ]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [
            "| "
            + " | ".join(c.ljust(w) for c, w in zip(row, widths, strict=True))
            + " |"
            for row in rows
        ]
        rule = "| " + " | ".join("-" * width for width in widths) + " |"
        return "\n".join(
            [
                lines[0],
                rule,
                *lines[1:],
                "",
                f"Mean (standard deviation) of {N_EVAL_EPISODES} episodes on the same "
                "seeds. Normalized: 0 is the random",
                f"policy's {summarize(self.returns['Random'])}, 1 the expert's mean. "
                "Seconds: collecting, cloning, all of DAgger.",
            ]
        )

    def _write_results(self, path: Path, dagger: DAggerRegressor) -> None:
        packages = (
            "skimitate",
            "scikit-learn",
            "torch",
            "numpy",
            "gymnasium",
            "mujoco",
        )
        results = {
            "env": self.env,
            "n_episodes": self.n_episodes,
            "n_rounds": self.n_rounds,
            "seed": self.seed,
            "returns": {name: r.tolist() for name, r in self.returns.items()},
            "normalized_return": {n: self.normalized(n) for n in ("BC", "DAgger")},
            "seconds": self.seconds,
            "best_round": dagger.best_round_,
            "history": dagger.history_,
            "machine": platform.platform(),
            "versions": {p: importlib.metadata.version(p) for p in packages},
        }
        path.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")

    def _draw(self, path: Path, dagger: DAggerRegressor) -> None:
        levels = {f"{n} (mean)": self.returns[n].mean() for n in ("Expert", "BC")}
        display = ReturnCurveDisplay.from_estimator(dagger, levels=levels)
        display.ax_.set_title(self.env)
        display.figure_.savefig(path, dpi=120)


def check_expert(env: str, expert: Any) -> None:
    """Raise if an expert that knows its shapes does not fit an environment."""
    found = env_widths(env)
    expected = getattr(expert, "n_features", None), getattr(expert, "n_outputs", None)
    if None not in expected and found != expected:
        raise ValueError(
            f"expert: {env} has {found[0]} observation and {found[1]} action "
            f"dimensions, and the expert is for {expected[0]} and {expected[1]}; give "
            f"one for {env}"
        )


def without_expert(dagger: DAggerRegressor) -> DAggerRegressor:
    """Return a fitted copy that can be saved, whatever the expert was."""
    return copy.copy(dagger).set_params(env=None, expert=None)


def summarize(returns: NDArray[np.float64]) -> str:
    """Return returns in the form mean (standard deviation)."""
    mean, std = float(returns.mean()), float(returns.std())
    digits = 0 if abs(mean) >= 100 else 1
    return f"{mean:.{digits}f} ({std:.{digits}f})"
