"""What a learner says of itself."""

import copy
from typing import Any

from sklearn.utils import Tags, get_tags

from skimitate.learners._metadata import innermost


def follow_learner(tags: Tags, learner: Any) -> Tags:
    """Let a learner say what it takes and gives.

    Parameters
    ----------
    tags : Tags
        Of the meta-estimator; changed.
    learner : estimator
        Its learner.

    Returns
    -------
    Tags
        The same.
    """
    tags.input_tags.sparse = False  # what an environment shows never is
    tags.input_tags.allow_nan = _allows_nan(learner, slice(None))
    own = _tags_of(learner)
    if own is not None:
        tags.input_tags.positive_only = own.input_tags.positive_only
        tags.target_tags.multi_output = own.target_tags.multi_output
        tags.target_tags.single_output = own.target_tags.single_output
        tags.target_tags.positive_only = own.target_tags.positive_only
        tags.non_deterministic = own.non_deterministic
        if tags.regressor_tags and own.regressor_tags:
            tags.regressor_tags.poor_score = own.regressor_tags.poor_score
        if tags.classifier_tags and own.classifier_tags:
            tags.classifier_tags = copy.copy(own.classifier_tags)
    return tags


def _tags_of(learner: Any) -> Tags | None:
    return get_tags(learner) if hasattr(learner, "__sklearn_tags__") else None


def takes_single_output(learner: Any) -> bool:
    """Tell whether a learner takes the labels of one action in one dimension."""
    tags = _tags_of(learner)
    return tags is None or tags.target_tags.single_output


def learns_sequences(learner: Any) -> bool:
    """Tell whether a learner wants whole episodes, with steps that have no label."""
    return bool(getattr(innermost(learner), "learns_sequences", False))


def may_take_nan(learner: Any) -> bool:
    """Tell whether NaN in X are the learner's own business.

    A pipeline begins with its first step. If that leaves NaN to one that does not take
    them, the learner complains itself.

    Parameters
    ----------
    learner : estimator
        Whatever is wrapped around what learns.

    Returns
    -------
    bool
    """
    return _allows_nan(learner, slice(1))


def _allows_nan(learner: Any, which_steps: slice) -> bool:
    """Look into wrappers: scikit-learn's do not tell what is inside of them takes."""
    tags = _tags_of(learner)
    if tags is not None and tags.input_tags.allow_nan:
        return True
    steps = [step for _, step in getattr(learner, "steps", None) or []]
    steps = [step for step in steps if step is not None and step != "passthrough"]
    if steps:
        return all(_allows_nan(step, which_steps) for step in steps[which_steps])
    inner = getattr(learner, "regressor", None)
    if inner is None:  # not: if it is false, for an ensemble is asked how long it is
        inner = getattr(learner, "estimator", None)
    return hasattr(inner, "fit") and _allows_nan(inner, which_steps)
