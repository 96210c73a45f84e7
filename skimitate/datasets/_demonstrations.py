"""Bundled demonstrations, as scikit-learn's ``load_*`` give data sets."""

from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import Bunch

from skimitate._public import public
from skimitate.data._bundled import bundled_card, bundled_files
from skimitate.environments._report import summarize
from skimitate.environments._rollouts import Rollouts


@public
def load_demonstrations(
    name: str, *, return_X_y: bool = False, as_frame: bool = False
) -> Any:
    """Load bundled demonstrations of an expert.

    Parameters
    ----------
    name : str
        Environment id: ``"HalfCheetah-v5"``, ``"Hopper-v5"`` or ``"Reacher-v5"``.
    return_X_y : bool, default=False
        Whether to return the observations and the actions alone.
    as_frame : bool, default=False
        Whether observations and actions are pandas DataFrames.

    Returns
    -------
    sklearn.utils.Bunch
        With ``data``, observations of shape (n_steps, n_features) in the units of the
        environment; ``target``, the expert's actions (n_steps, n_outputs), not clipped
        to the action space; ``rewards`` (n_steps,); ``episode_ids`` (n_steps,), the
        ``groups`` of a :class:`sklearn.model_selection.GroupKFold`;
        ``feature_names``, ``target_names``, ``env``, ``DESCR``; ``frame``, observations
        and actions in one DataFrame if ``as_frame``, else None; and ``filename`` and
        ``data_module``, where they lie.
    (data, target) : tuple
        If ``return_X_y``.

    Raises
    ------
    ValueError
        If there are no demonstrations of that name.
    ImportError
        If ``as_frame``, and pandas is not installed.

    Examples
    --------
    >>> from skimitate import load_demonstrations
    >>> demonstrations = load_demonstrations("Hopper-v5")
    >>> demonstrations.data.shape, demonstrations.target.shape
    ((10000, 11), (10000, 3))
    >>> X, y = load_demonstrations("Reacher-v5", return_X_y=True)
    """
    bundled = bundled_files("demonstrations")
    if name not in bundled:
        raise ValueError(
            f"name: expected one of {', '.join(sorted(bundled))}, got {name!r}; "
            "collect_rollouts collects demonstrations in other environments"
        )
    with resources.as_file(bundled[name]) as path:
        rollouts = Rollouts.load(path)
    card = bundled_card("demonstrations", name)
    data: Any = rollouts.observations.astype(np.float64)
    target: Any = rollouts.actions.astype(np.float64)
    frame = None
    if as_frame:
        frame = _as_frame(
            np.hstack([data, target]), card["feature_names"] + card["target_names"]
        )
        data, target = frame[card["feature_names"]], frame[card["target_names"]]
    if return_X_y:
        return data, target
    return Bunch(
        data=data,
        target=target,
        frame=frame,
        rewards=np.asarray(rollouts.rewards, dtype=np.float64),
        episode_ids=rollouts.episode_ids,
        feature_names=card["feature_names"],
        target_names=card["target_names"],
        env=name,
        filename=bundled[name].name,
        data_module="skimitate.data.demonstrations",
        DESCR=_describe(name, card, rollouts),
    )


def _as_frame(values: NDArray[np.float64], columns: list[str]) -> Any:
    try:
        import pandas
    except ImportError:
        raise ImportError(
            "as_frame: expected pandas to be installed: pip install pandas"
        ) from None
    return pandas.DataFrame(values, columns=columns)


def _describe(name: str, card: dict[str, Any], rollouts: Rollouts) -> str:
    """Return the description, with figures counted from the data."""
    title = f"Demonstrations in {name}"
    names = [
        "\n".join(f"    - {name}" for name in card[key])
        for key in ("feature_names", "target_names")
    ]
    return f"""{title}
{"-" * len(title)}

**Data Set Characteristics:**

:Number of steps: {len(rollouts)}
:Number of episodes: {rollouts.n_episodes}
:Return of an episode: {summarize(rollouts.returns)}, mean (standard deviation)
:Observations: {rollouts.observations.shape[1]}, in the units of the environment

{names[0]}

:Actions: {rollouts.actions.shape[1]}, the expert's own, not clipped to the action space

{names[1]}

:Missing values: none

**Origin:** {card["origin"]}

Collected by ``{card["command"]}``
with gymnasium {card["versions"]["gymnasium"]} and mujoco {card["versions"]["mujoco"]};
kept as float32.
"""
