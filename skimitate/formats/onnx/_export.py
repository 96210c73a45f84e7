"""Policies as ONNX files, which other languages and machines run."""

from functools import partial
from pathlib import Path
from typing import Any

from skimitate._public import public
from skimitate.files._durable import check_folder, write_durably
from skimitate.formats._bounds import bounds_of
from skimitate.formats._exportable import exportable
from skimitate.formats._standard_units import standardized_first
from skimitate.formats.onnx._check import check_same
from skimitate.formats.onnx._converters import register_onnx_converters
from skimitate.formats.onnx._graph import classes_of
from skimitate.formats.onnx._model import model_of
from skimitate.formats.onnx._nodes import needing_onnx


@public
def export_onnx(policy: Any, path: str | Path, *, action_space: Any = None) -> None:
    """Write a policy as an ONNX file, with all that it does inside.

    The graph takes ``observation``, raw and in the units of the environment, float32 of
    shape (batch, n_features), and gives ``action`` of shape (batch, n_outputs): float32
    in the units of the environment, or classes as they are (integers of 64 bits,
    strings, bools or float64). Normalizers, the transformers of a pipeline, the mean of
    several networks and bounds of actions are parts of it; the batch may have any size.

    With a memory, as a :class:`skimitate.RecurrentBehaviorCloner` or a
    :class:`skimitate.HistoryRegressor` has one, it also takes ``state``, float32 of
    shape (batch, state_size), and ``episode_start``, bools of shape (batch,), and gives
    ``next_state``. A row of the batch is an episode, and the state what its last step
    gave; where ``episode_start`` is true the state is not looked at.

    Its metadata has a description in JSON under ``skimitate_policy``: widths, classes,
    bounds, units and versions. Before the file is written the graph has passed ONNX's
    checker, and onnxruntime has run it beside the policy.

    Parameters
    ----------
    policy : estimator or policy
        A fitted cloner, a DAgger or history estimator or a
        :class:`~sklearn.pipeline.Pipeline` of one, a search for one, or what
        :func:`skimitate.load_policy`, :func:`skimitate.load_expert` and
        :func:`skimitate.as_policy` gave of these. A pipeline may have any transformers
        that skl2onnx converts.
    path : str or Path
        Where to; nothing is appended to the name. A file that is there is replaced in
        one step.
    action_space : gymnasium.spaces.Box, pair or None, default=None
        Between which ends actions are clipped: a Box, or its low and high, numbers or
        arrays of shape (n_outputs,). None for those of the environment that a DAgger
        estimator was given, and for no clipping of anything else.

    Raises
    ------
    TypeError
        If the policy is no network of skimitate's (skl2onnx converts scikit-learn's
        estimators), or the pipeline has a transformer that skl2onnx does not know.
    NotFittedError
        If it is an estimator that was not fitted.
    ValueError
        If there are numbers that float32 does not hold, or that it cannot compute with
        near enough; if classes are others than integers, floats, strings or bools, or
        of several kinds; if ``action_space`` is none of this policy's actions.
    OSError
        If the file cannot be written.
    ImportError
        If ONNX is not installed: ``pip install 'skimitate[onnx]'``.

    See Also
    --------
    skimitate.load_expert : Read it.
    skimitate.register_onnx_converters : Estimators inside of those of others.

    Notes
    -----
    All is computed in float32. Means of observations are subtracted in two parts, so
    that nothing is lost where they are large beside the spread; what a sensor has lost
    by being rounded to float32 is lost.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import onnxruntime
    >>> from skimitate import BehaviorCloner, export_onnx
    >>> X = np.linspace(-1.0, 1.0, 100).reshape(50, 2)
    >>> cloner = BehaviorCloner(max_iter=5).fit(X, -X)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     export_onnx(cloner, Path(folder) / "clone.onnx", action_space=(-1.0, 1.0))
    ...     session = onnxruntime.InferenceSession(Path(folder) / "clone.onnx")
    >>> (action,) = session.run(["action"], {"observation": X.astype(np.float32)})
    >>> bool(abs(action - cloner.predict(X)).max() < 1e-5)
    True
    """
    with needing_onnx("export_onnx"):
        import onnx
        import onnxruntime  # noqa: F401 - before any work is done
    check_folder(path)
    acting: Any = _known_parts(policy)
    bounds = None
    if classes_of(acting) is None:
        bounds = bounds_of(policy, action_space, acting.n_outputs)
    elif action_space is not None:
        raise ValueError(
            "action_space: expected None, since actions are classes, got "
            f"{action_space!r}"
        )
    try:
        model = model_of(standardized_first(acting), bounds)
    except ValueError as error:
        raise ValueError(f"policy: {error}") from None
    onnx.checker.check_model(model, full_check=True)
    content = model.SerializeToString(deterministic=True)
    check_same(content, acting, bounds)
    write_durably(Path(path), partial(_write, content))


def _known_parts(policy: Any) -> Any:
    """Return what acts, and say who converts what is no network of skimitate's."""
    try:
        return exportable(policy, "policy", _is_transformer)
    except TypeError as error:
        raise TypeError(
            f"{error}; skl2onnx.to_onnx converts scikit-learn's own, such as forests"
        ) from None


def _is_transformer(transformer: Any) -> bool:
    """Tell whether skl2onnx may know it; if it does not, it will say so."""
    if hasattr(transformer, "transform"):
        register_onnx_converters()  # those of skimitate's may be parts of it
        return True
    return False


def _write(content: bytes, path: Path) -> None:
    path.write_bytes(content)
