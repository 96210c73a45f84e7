"""Statistics that stable-baselines3 normalized observations by in training."""

import pickle
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


class ObservationStatistics:
    """What a ``VecNormalize`` does to observations before a model sees them.

    Parameters
    ----------
    mean, var : ndarrays of shape (n_features,)
        Running mean and variance.
    epsilon : float
        Added to the variance.
    clip : float
        Where normalized observations are cut, on both sides of zero.
    """

    def __init__(
        self, mean: NDArray, var: NDArray, epsilon: float, clip: float
    ) -> None:
        self.mean = np.asarray(mean, dtype=np.float64)
        self.std = np.sqrt(np.asarray(var, dtype=np.float64) + epsilon)
        self.clip = float(clip)

    def __call__(self, observations: NDArray) -> NDArray[np.float32]:
        """Normalize observations of shape (..., n_features)."""
        normalized = (observations - self.mean) / self.std
        return normalized.clip(-self.clip, self.clip).astype(np.float32)

    def check_space(self, space: Any, owner: str) -> None:
        """Raise a ValueError if they are not of what the owner, a model, sees."""
        if self.mean.shape != space.shape:
            seen = f"shape {space.shape}" if space.shape else str(space)
            raise ValueError(
                f"expected statistics of observations of {seen}, as {owner} sees them, "
                f"got {self.mean.shape}"
            )


class DictStatistics:
    """The same for observations that are dicts.

    Parameters
    ----------
    parts : dict of str to ObservationStatistics
        Those of the parts that are normalized; the others stay as they are.
    """

    def __init__(self, parts: dict[str, ObservationStatistics]) -> None:
        self.parts = parts

    def __call__(self, observations: dict[str, NDArray]) -> dict[str, NDArray]:
        """Normalize arrays of shape (..., n_features of the part)."""
        normalized = {key: part(observations[key]) for key, part in self.parts.items()}
        return observations | normalized

    def check_space(self, space: Any, owner: str) -> None:
        """Raise a ValueError if they are not of what the owner, a model, sees."""
        spaces = getattr(space, "spaces", None)
        if not isinstance(spaces, Mapping) or not set(self.parts) <= set(spaces):
            raise ValueError(
                f"expected statistics of {space}, as {owner} sees it, got those of a "
                f"Dict of {', '.join(self.parts)}"
            )
        for key, part in self.parts.items():
            part.check_space(spaces[key], f"{owner} (in {key})")


Statistics = ObservationStatistics | DictStatistics


def statistics_beside(path: Path) -> Path | None:
    """Return the file of the ``VecNormalize`` that goes with a model, if there is one.

    Parameters
    ----------
    path : Path
        The model. Looked for are, in this order, ``MODEL_vecnormalize.pkl``; what
        stable-baselines3's ``CheckpointCallback`` keeps beside its checkpoints; what
        rl-baselines3-zoo keeps in a folder named like the environment; and
        ``vecnormalize.pkl`` or ``vec_normalize.pkl`` in the same folder.

    Returns
    -------
    Path or None
    """
    folder, stem = path.parent, path.stem
    names = [f"{stem}_vecnormalize.pkl"]
    checkpoint = re.fullmatch(r"(.*)_(\d+_steps)", stem)
    if checkpoint:
        names.append(f"{checkpoint[1]}_vecnormalize_{checkpoint[2]}.pkl")
    # The zoo's runs are folders ENV_1, ENV_2, ..., each with a folder ENV inside.
    run = re.sub(r"_\d+$", "", folder.absolute().name)
    names += [f"{stem}/vecnormalize.pkl", f"{run}/vecnormalize.pkl"]
    names += ["vecnormalize.pkl", "vec_normalize.pkl"]
    return next((folder / name for name in names if (folder / name).is_file()), None)


def read_statistics(path: Path) -> Statistics | None:
    """Read the statistics of observations; None if it normalized rewards alone.

    Parameters
    ----------
    path : Path
        What ``VecNormalize.save`` wrote: a pickle, that runs what code it contains.

    Returns
    -------
    ObservationStatistics, DictStatistics or None

    Raises
    ------
    ValueError
        If the file is no such file.
    """
    try:
        with open(path, "rb") as file:
            vec_normalize = pickle.load(file)
        if not vec_normalize.norm_obs:
            return None
        running = vec_normalize.obs_rms
        limits = vec_normalize.epsilon, vec_normalize.clip_obs
        if not isinstance(running, Mapping):
            return ObservationStatistics(running.mean, running.var, *limits)
        return DictStatistics(
            {
                key: ObservationStatistics(part.mean, part.var, *limits)
                for key, part in running.items()
            }
        )
    except Exception as error:  # a file that is none makes anything of an unpickler
        raise ValueError(
            f"{path}: expected the statistics of a VecNormalize, but it gave {error!r}"
        ) from error
