"""Models of stable-baselines3: what acts of them."""

import importlib
import warnings
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skimitate.experts._vec_normalize import (
    Statistics,
    read_statistics,
    statistics_beside,
)

_INSTALL = "needs stable-baselines3: pip install 'skimitate[rl]'"


class StableBaselines3Expert:
    """What acts of a stable-baselines3 model.

    Parameters
    ----------
    policy : stable_baselines3.common.policies.BasePolicy
        The model's policy.
    statistics : ObservationStatistics, DictStatistics or None
        What observations are normalized by; None to show them as they are.
    statistics_path : Path or None
        The file that the statistics came from.

    Attributes
    ----------
    observation_space, action_space : gymnasium.Space
        What the model was trained for.
    """

    def __init__(
        self,
        policy: Any,
        statistics: Statistics | None,
        statistics_path: Path | None,
    ) -> None:
        self.policy = policy
        self.statistics = statistics
        self.statistics_path = statistics_path
        self.observation_space = policy.observation_space
        self.action_space = policy.action_space

    def predict(
        self,
        observation: NDArray | dict[str, NDArray],
        state: Any = None,
        episode_start: NDArray | None = None,
        deterministic: bool = True,
    ) -> tuple[NDArray, Any]:
        """Return the actions and the next state, as a stable-baselines3 model does.

        Parameters
        ----------
        observation : ndarray of shape (n, n_features), or dict of arrays
            Raw observations, in the form of the ``observation_space``.
        state : tuple of ndarray or None, default=None
            The last state of a recurrent policy.
        episode_start : ndarray of shape (n,) or None, default=None
            Where a recurrent policy begins anew.
        deterministic : bool, default=True
            Whether to give the action and not a draw around it.

        Returns
        -------
        actions : ndarray of shape (n, n_outputs)
        state : tuple of ndarray or None
        """
        shown: Any = observation
        if not isinstance(observation, dict):
            shown = np.asarray(observation)
        if self.statistics is not None:
            shown = self.statistics(shown)
        return self.policy.predict(shown, state, episode_start, deterministic)

    def __repr__(self) -> str:
        return (
            f"StableBaselines3Expert({type(self.policy).__name__}, "
            f"statistics={self.statistics_path and str(self.statistics_path)!r})"
        )


def read_stable_baselines3(path: Path) -> StableBaselines3Expert:
    """Read a model, and the statistics of a ``VecNormalize`` that lie beside it.

    It is the policy that acts, and the file tells its class: whichever algorithm
    trained it, of stable-baselines3 or of another package, it is made the same way.

    Parameters
    ----------
    path : Path
        The zip file. Reading it, or the statistics, runs what code they contain.

    Returns
    -------
    StableBaselines3Expert

    Raises
    ------
    ImportError
        If stable-baselines3, or what the model is made of, is not installed.
    ValueError
        If the file is no such model, or the statistics are not for it.

    Warns
    -----
    UserWarning
        If the model was trained on normalized observations, and no statistics lie
        beside it.
    """
    try:
        save_util = importlib.import_module("stable_baselines3.common.save_util")
    except ImportError:
        raise ImportError(f"{path} {_INSTALL}") from None
    with warnings.catch_warnings(record=True) as missed:
        warnings.simplefilter("always")
        try:
            data, parameters, _ = save_util.load_from_zip_file(path, device="cpu")
            policy = _policy_of(data, parameters)
        except Exception as error:  # whatever is in the file, or in its classes
            reasons = [str(warning.message).splitlines()[0] for warning in missed]
            because = f" ({'; '.join(reasons)})" if reasons else ""
            raise ValueError(
                f"{path}: expected a stable-baselines3 model, but it gave "
                f"{error!r}{because}"
            ) from error
    return StableBaselines3Expert(policy, *_statistics_for(path, data))


def _policy_of(data: dict[str, Any], parameters: dict[str, Any]) -> Any:
    """Make the policy that a file describes, on the CPU."""
    options = dict(data.get("policy_kwargs") or {})
    options.pop("device", None)
    if isinstance(options.get("net_arch"), list) and options["net_arch"]:
        first = options["net_arch"][0]
        if isinstance(first, dict):  # as stable-baselines3 had it before 1.8
            options["net_arch"] = first
    options |= {name: data[name] for name in ("observation_space", "action_space")}
    if data.get("use_sde"):
        options["use_sde"] = True
    made = data["policy_class"]
    taken = signature(made).parameters.values()
    if any(p.name == "lr_schedule" or p.kind is p.VAR_KEYWORD for p in taken):
        # What only acts has no use for the file's own, which is a closure and often
        # cannot be read by another Python than the one that wrote it.
        options["lr_schedule"] = _no_learning
    policy = made(**options)
    policy.load_state_dict(parameters["policy"])
    policy.set_training_mode(False)
    return policy


def _no_learning(progress_remaining: float) -> float:
    return 0.0


def _statistics_for(
    path: Path, data: dict[str, Any]
) -> tuple[Statistics | None, Path | None]:
    """Return the statistics for a model, and their file."""
    # Once it has learnt something, a model keeps what its last observation was before
    # it was normalized, and nothing where it was not.
    learnt = data.get("num_timesteps", 0) > 0 and "_last_original_obs" in data
    normalized = data.get("_last_original_obs") is not None
    # Those that learn from a buffer keep it in any case: it tells nothing of them.
    tells = "replay_buffer_class" not in data
    beside = statistics_beside(path)
    if beside is None:
        if learnt and normalized and tells:
            warnings.warn(
                f"{path}: this model was trained with VecNormalize, and no file of its "
                f"statistics lies beside it ({path.stem}_vecnormalize.pkl or "
                "vecnormalize.pkl): it is shown observations as they are",
                stacklevel=2,
            )
        return None, None
    if learnt and not normalized:
        return None, None
    statistics = read_statistics(beside)
    if statistics is None:
        return None, None
    try:
        statistics.check_space(data["observation_space"], path.name)
    except ValueError as error:
        raise ValueError(f"{beside}: {error}") from None
    return statistics, beside
