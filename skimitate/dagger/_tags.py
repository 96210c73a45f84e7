"""What a learner says of itself."""

from typing import Any

from sklearn.utils import Tags, get_tags


def follow_learner(tags: Tags, learner: Any) -> Tags:
    """Let a learner say what it takes and gives.

    Parameters
    ----------
    tags : Tags
        Of the meta-estimator; changed.
    learner : regressor
        Its learner.

    Returns
    -------
    Tags
        The same.
    """
    tags.input_tags.sparse = False  # what an environment shows never is
    tags.input_tags.allow_nan = allows_nan(learner)
    own = _tags_of(learner)
    if own is not None:
        tags.input_tags.positive_only = own.input_tags.positive_only
        tags.target_tags.multi_output = own.target_tags.multi_output
        tags.target_tags.single_output = own.target_tags.single_output
        tags.target_tags.positive_only = own.target_tags.positive_only
        tags.non_deterministic = own.non_deterministic
        if tags.regressor_tags and own.regressor_tags:
            tags.regressor_tags.poor_score = own.regressor_tags.poor_score
    return tags


def _tags_of(learner: Any) -> Tags | None:
    return get_tags(learner) if hasattr(learner, "__sklearn_tags__") else None


def allows_nan(learner: Any) -> bool:
    """Tell whether NaN in X may be a learner's business.

    scikit-learn's wrappers look at no X themselves, and do not say what is inside of
    them takes: a pipeline takes what its first step takes. Where that puts out NaN for
    one that does not take it, the learner itself complains.

    Parameters
    ----------
    learner : regressor
        Whatever is wrapped around what learns.

    Returns
    -------
    bool
    """
    tags = _tags_of(learner)
    if tags is not None and tags.input_tags.allow_nan:
        return True
    steps = [step for _, step in getattr(learner, "steps", None) or []]
    for step in steps:
        if step is not None and step != "passthrough":
            return allows_nan(step)
    inner = getattr(learner, "regressor", None) or getattr(learner, "estimator", None)
    return hasattr(inner, "fit") and allows_nan(inner)
