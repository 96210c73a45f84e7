"""The main job: an expert's roll-outs, a clone, a DAgger policy, and their returns."""

from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from skimitate._seeds import spawn_seeds
from skimitate.callbacks._progress import Progress
from skimitate.callbacks._validation_loss import ValidationLoss
from skimitate.callbacks._work import followed
from skimitate.cloning._base import BaseCloner
from skimitate.displays._axes import require_matplotlib
from skimitate.environments._drivers import PolicyDriver
from skimitate.environments._make import EnvLike
from skimitate.environments._outcome import return_of
from skimitate.environments._report import summarize
from skimitate.environments._rollouts import Rollouts
from skimitate.environments._run import run_episodes
from skimitate.environments._uniform_policy import UniformPolicy
from skimitate.experts._check import check_widths
from skimitate.studies._board import Board
from skimitate.studies._findings import keep_findings
from skimitate.studies._kind import kind_of
from skimitate.studies._machine import code_checksum, package_versions
from skimitate.studies._network import DEFAULT, Network
from skimitate.studies._round_losses import RoundLosses
from skimitate.studies._stages import StageFolder

# Episodes of the expert that the validation loss is measured on.
N_VALIDATION_EPISODES = 5

Losses = list[dict[str, float]]

POLICIES = ("Expert", "BC", "DAgger", "Random")


@dataclass
class Experiment:
    """Imitate an expert in an environment and compare everyone's returns.

    Parameters
    ----------
    env : str, EnvSpec or callable
        Environment.
    expert : callable or object with act or predict
        The expert.
    expert_id : str
        Tells experts apart, when the run goes on where an earlier one stopped.
    n_episodes : int
        Number of the expert's roll-outs.
    n_rounds : int
        Number of rounds of DAgger.
    n_eval_episodes : int
        Number of episodes in which everyone is evaluated.
    n_jobs : int
        Number of processes that run episodes, in joblib's terms.
    seed : int
        Determines everything but the evaluation.
    eval_seed : int
        Determines the episodes of the evaluation, the same for everyone.
    out : Path or None
        Folder for what is kept; None to keep nothing.
    baselines : StageFolder or None, default=None
        Where the evaluation of the expert and of the random policy is kept, for
        experiments that share them; None for ``out``.
    network : Network
        Whose network imitates, and how long; the default one by default.
    name : str, default=""
        What tells the environment apart from others; empty for its id.
    log_dir : Path or None, default=None
        Where the fits are written down for TensorBoard; None for nowhere.
    query : "all", int or float, default="all"
        What DAgger asks the expert about; the post's asked about every state.
    keep_rollouts : bool, default=True
        Whether the expert's roll-outs stay in ``out`` once all is done. Without them a
        later run that needs them collects them again: they depend on the seed alone.

    Attributes
    ----------
    returns : dict of str to ndarray of shape (n_eval_episodes,)
        Returns of each policy.
    kind : Kind
        What imitates: whether the environment's actions are numbers or classes.
    """

    env: EnvLike
    expert: Any
    expert_id: str
    n_episodes: int
    n_rounds: int
    n_eval_episodes: int
    n_jobs: int
    seed: int
    eval_seed: int
    out: Path | None
    baselines: StageFolder | None = None
    network: Network = DEFAULT
    name: str = ""
    log_dir: Path | None = None
    query: Literal["all"] | int | float = "all"
    keep_rollouts: bool = True
    returns: dict[str, NDArray[np.float64]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.name = self.name or str(self.env)
        check_widths(self.env, self.expert, "expert", self.name)
        self.kind = kind_of(self.env)
        if self.out is not None:
            require_matplotlib("--out")
        self._board = Board(self.log_dir)
        self._stages = StageFolder(self.out)
        self._baselines = self.baselines or self._stages
        stages = ("demonstrations", "validation", "BC", "DAgger")
        seeds = np.random.SeedSequence(self.seed).generate_state(len(stages))
        self._seeds = dict(zip(stages, map(int, seeds), strict=True))

    def run(self) -> None:
        """Do every stage that is not finished yet, and keep what comes of it."""
        for name in POLICIES:
            self.returns[name] = self._evaluated(name)
        self._board.draw_level("BC", self.returns["BC"], self.n_rounds)
        if self.out is not None:
            keep_findings(self, self.out)
        if not self.keep_rollouts:
            for stage in ("demonstrations", "validation"):
                self._stages.drop(stage, [f"{stage}.npz"])
        # Of a table's many experiments, none should hold hundreds of megabytes.
        for roll_outs in ("rollouts", "_held_out"):
            self.__dict__.pop(roll_outs, None)

    @property
    def _expert_setting(self) -> dict[str, Any]:
        return {
            "env": self.name,
            "expert": self.expert_id,
            "versions": package_versions() | {"skimitate's code": code_checksum()},
        }

    @property
    def _training_setting(self) -> dict[str, Any]:
        return self._expert_setting | {
            "seed": self.seed,
            "n_episodes": self.n_episodes,
            "network": self.network.name,
        }

    @property
    def _dagger_setting(self) -> dict[str, Any]:
        return self._training_setting | {
            "n_rounds": self.n_rounds,
            "query": self.query,
            "training": list(self.network),
        }

    @cached_property
    def rollouts(self) -> Rollouts:
        """The expert's roll-outs; collected now if they were not before."""
        return self._expert_episodes("demonstrations", self.n_episodes)

    @cached_property
    def _held_out(self) -> Rollouts:
        return self._expert_episodes("validation", N_VALIDATION_EPISODES)

    def _expert_episodes(self, stage: str, n_episodes: int) -> Rollouts:
        """Collect roll-outs of the expert."""

        def collect() -> tuple[Rollouts]:
            with followed(
                "episode", n_episodes, Progress(f"Expert, {stage}")
            ) as report:
                episodes = run_episodes(
                    self.env,
                    PolicyDriver(self.expert, "expert"),
                    spawn_seeds(self._seeds[stage], n_episodes),
                    n_jobs=self.n_jobs,
                    report=report,
                )
            return (Rollouts.from_trajectories(episodes),)

        setting = self._expert_setting | {"seed": self.seed, "n_episodes": n_episodes}
        (rollouts,) = self._stages.do(stage, [f"{stage}.npz"], setting, collect)
        print(f"Expert: {len(rollouts)} steps, returns {summarize(rollouts.returns)}")
        return rollouts

    @cached_property
    def _clone_stage(self) -> tuple[BaseCloner, Losses]:
        """The clone, and its losses by epoch."""

        def fit() -> tuple[BaseCloner, Losses]:
            cloner = self.network.cloner(self._seeds["BC"], self.kind)
            validation = ValidationLoss(*self._seen_held_out)
            return cloner, self._fit("BC", cloner, validation)

        names = ["clone.joblib", "clone_losses.json"]
        setting = self._training_setting
        clone, losses = self._stages.do("BC", names, setting, fit, self._collect_all)
        return clone, losses

    @property
    def clone(self) -> BaseCloner:
        """The clone of the roll-outs; fitted now if it was not before."""
        return self._clone_stage[0]

    @cached_property
    def _dagger_stage(self) -> tuple[BaseCloner, Losses, dict[str, Any]]:
        """The learner that DAgger kept, its losses by round, and the rounds' record.

        The estimator of DAgger itself holds the expert, which may be nothing to save.
        """

        def fit() -> tuple[BaseCloner, Losses, dict[str, Any]]:
            folder = self._stages.work_folder("DAgger", self._dagger_setting)
            dagger = self.kind.dagger(
                self.network.learner(self.kind),
                env=self.env,
                expert=self.expert,
                n_rounds=self.n_rounds,
                n_epochs_per_round=self.network.n_epochs_per_round,
                query=self.query,
                n_jobs=self.n_jobs,
                checkpoint_dir=folder and folder / "checkpoint",
                random_state=self._seeds["DAgger"],
            )
            validation = RoundLosses(*self._seen_held_out, folder)
            losses = self._fit("DAgger", dagger, validation)
            record = {"best_round": dagger.best_round_, "history": dagger.history_}
            return dagger.estimator_, losses, record

        names = ["dagger.joblib", "dagger_losses.json", "dagger_history.json"]
        setting = self._dagger_setting
        learner, losses, record = self._stages.do(
            "DAgger", names, setting, fit, self._collect_all
        )
        return learner, losses, record

    @property
    def losses(self) -> dict[str, Losses]:
        """Losses on held-out episodes: the clone's by epoch, DAgger's by round."""
        return {"BC": self._clone_stage[1], "DAgger": self._dagger_stage[1]}

    @property
    def dagger(self) -> BaseCloner:
        """The policy that DAgger kept; fitted now if it was not before."""
        return self._dagger_stage[0]

    @property
    def best_round(self) -> int:
        """The round of DAgger that was kept."""
        return self._dagger_stage[2]["best_round"]

    @property
    def history(self) -> list[dict[str, Any]]:
        """The record of DAgger's rounds."""
        return self._dagger_stage[2]["history"]

    def _collect_all(self) -> None:
        """Collect what learners need, whose time is not theirs."""
        _ = self.rollouts, self._held_out

    @property
    def _seen_held_out(self) -> tuple[NDArray, NDArray]:
        return self._held_out.observations, self._held_out.actions

    def _fit(
        self, label: str, estimator: Any, validation: ValidationLoss | RoundLosses
    ) -> Losses:
        """Fit to the roll-outs, and return the losses on those held out."""
        expert = self.returns.get("Expert")
        board = self._board.callbacks(label, expert, *self._seen_held_out)
        print(f"{label}: fitting ...", flush=True)
        estimator.set_callbacks(Progress(label), validation.callback, *board)
        estimator.fit(self.rollouts.observations, self.rollouts.actions)
        estimator.set_callbacks()
        return validation.history()

    def policy(self, name: str) -> Any:
        """Return the policy of a name."""
        if name == "Random":
            return UniformPolicy(self.env)
        policies = {"Expert": "expert", "BC": "clone", "DAgger": "dagger"}
        return getattr(self, policies[name])

    def _evaluated(self, name: str) -> NDArray[np.float64]:
        """Return what a policy earns in the episodes of the evaluation."""

        def evaluate() -> tuple[list[float]]:
            with followed(
                "episode", self.n_eval_episodes, Progress(f"Evaluating {name}")
            ) as report:
                returns = run_episodes(
                    self.env,
                    PolicyDriver(self.policy(name), name.lower()),
                    spawn_seeds(self.eval_seed, self.n_eval_episodes),
                    n_jobs=self.n_jobs,
                    report=report,
                    keep=return_of,
                )
            return (returns,)

        shared = name in ("Expert", "Random")
        stages = self._baselines if shared else self._stages
        setting = {
            "Expert": self._expert_setting,
            "Random": self._expert_setting,
            "BC": self._training_setting,
            "DAgger": self._dagger_setting,
        }[name] | {"evaluation": [self.eval_seed, self.n_eval_episodes]}
        stage = f"evaluation of {name}"
        file = f"returns_{name.lower()}.json"
        (returns,) = stages.do(
            stage, [file], setting, evaluate, partial(self.policy, name)
        )
        return np.array(returns)

    @property
    def seconds(self) -> dict[str, float]:
        """How long each stage took."""
        return self._baselines.seconds | self._stages.seconds

    @property
    def n_expert_queries(self) -> dict[str, int]:
        """How many actions of the expert each learner needed."""
        demonstrated = self.history[0]["n_samples"]
        asked = demonstrated + self.history[-1]["n_expert_queries"]
        return {"BC": demonstrated, "DAgger": asked}

    def normalized(self, name: str) -> float:
        """Return a policy's mean return between the random one's and the expert's."""
        low, high = self.returns["Random"].mean(), self.returns["Expert"].mean()
        return float((self.returns[name].mean() - low) / (high - low))
