"""What DAgger is given, whatever kind of actions."""

import copy
import os
from collections.abc import Callable
from numbers import Integral, Real
from typing import Any, Literal, Self

import numpy as np
from sklearn.base import MetaEstimatorMixin
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping

from skimitate._sklearn import (
    HasMethods,
    Interval,
    RealNotInt,
    StrOptions,
    clone_parametrized,
)
from skimitate._versions import VersionedEstimator
from skimitate.dagger._queries import Query
from skimitate.environments._make import EnvLike
from skimitate.learners._metadata import routing_of


class DAggerParameters(MetaEstimatorMixin, VersionedEstimator):
    """Has the parameters of :class:`skimitate.DAggerRegressor`, and those of a learner.

    A class that derives from it says what learns where nobody else does
    (``_default_learner``).
    """

    _default_learner: Callable[[], Any]

    _parameter_constraints: dict = {
        "estimator": [HasMethods(["fit", "predict"]), None],
        "env": "no_validation",
        "expert": "no_validation",
        "n_rounds": [Interval(Integral, 1, None, closed="left")],
        "n_episodes_per_round": [Interval(Integral, 1, None, closed="left")],
        "n_epochs_per_round": [
            Interval(Integral, 1, None, closed="left"),
            StrOptions({"auto"}),
        ],
        "query": [
            StrOptions({"all"}),
            Interval(Integral, 0, None, closed="left"),
            Interval(RealNotInt, 0, 1, closed="right"),
            callable,
        ],
        "beta": [Interval(Real, 0, 1, closed="both"), callable, None],
        "round_weight": [StrOptions({"uniform"}), callable],
        "incremental": ["boolean"],
        "n_eval_episodes": [Interval(Integral, 1, None, closed="left")],
        "keep": [StrOptions({"best", "last"})],
        "n_jobs": [Integral, None],
        "max_steps": [Interval(Integral, 1, None, closed="left"), None],
        "query_timeout": [Interval(Real, 0, None, closed="neither"), None],
        "checkpoint_dir": [str, os.PathLike, None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        estimator: Any = None,
        env: EnvLike | None = None,
        expert: Any = None,
        *,
        n_rounds: int = 40,
        n_episodes_per_round: int = 1,
        n_epochs_per_round: int | Literal["auto"] = "auto",
        query: Query = "all",
        beta: float | Callable[[int], float] | None = None,
        round_weight: Literal["uniform"] | Callable[[int], float] = "uniform",
        incremental: bool = True,
        n_eval_episodes: int = 10,
        keep: Literal["best", "last"] = "best",
        n_jobs: int | None = None,
        max_steps: int | None = None,
        query_timeout: float | None = None,
        checkpoint_dir: str | os.PathLike | None = None,
        random_state: int | np.random.RandomState | None = None,
        verbose: bool = False,
    ) -> None:
        self.estimator = estimator
        self.env = env
        self.expert = expert
        self.n_rounds = n_rounds
        self.n_episodes_per_round = n_episodes_per_round
        self.n_epochs_per_round = n_epochs_per_round
        self.query = query
        self.beta = beta
        self.round_weight = round_weight
        self.incremental = incremental
        self.n_eval_episodes = n_eval_episodes
        self.keep = keep
        self.n_jobs = n_jobs
        self.max_steps = max_steps
        self.query_timeout = query_timeout
        self.checkpoint_dir = checkpoint_dir
        self.random_state = random_state
        self.verbose = verbose

    @property
    def _prototype(self) -> Any:
        return self._default_learner() if self.estimator is None else self.estimator

    def get_metadata_routing(self) -> MetadataRouter:
        """Return what of ``fit``'s metadata is for the learner.

        Returns
        -------
        sklearn.utils.metadata_routing.MetadataRouter
            ``sample_weight`` and ``groups`` are this object's own requests.
        """
        mapping = MethodMapping().add(caller="fit", callee="fit")
        return routing_of(self, self._prototype, mapping)

    def set_params(self, **params: Any) -> Self:
        """Set parameters, those of the learner included (``estimator__max_iter``).

        Parameters
        ----------
        **params : dict
            Those of the learner that None stands for can be set as well: it becomes one
            of its own.

        Returns
        -------
        DAggerRegressor
            The object itself.

        Raises
        ------
        ValueError
            If there is no such parameter.
        """
        prefix = "estimator__"
        nested = {n.removeprefix(prefix) for n in params if n.startswith(prefix)}
        if nested and params.get("estimator", self.estimator) is None:
            own = {name: params.pop(prefix + name) for name in nested}
            params["estimator"] = self._default_learner().set_params(**own)
        return super().set_params(**params)

    def __sklearn_clone__(self) -> Self:
        """Clone all parameters but the expert, which is shared.

        scikit-learn would unfit an expert that is an estimator, and copy any other
        one, however large it is or whatever connection it holds.
        """
        bare = copy.copy(self)
        bare.expert = None
        cloned = clone_parametrized(bare)
        cloned.expert = self.expert
        return cloned
