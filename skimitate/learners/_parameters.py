"""The parameters of a learner, before anything is asked for it."""

from typing import Any


def check_parameters(learner: Any) -> None:
    """Raise if scikit-learn's own check refuses a parameter, here or further inside.

    Parameters
    ----------
    learner : estimator
        Not fitted. One that does not check its parameters is left alone.

    Raises
    ------
    InvalidParameterError
        A ValueError and a TypeError, with the name of the parameter.
    """
    inside = []
    if hasattr(learner, "get_params"):
        inside = list(learner.get_params(deep=True).values())
    for one in (learner, *inside):
        # Whoever has none of these checks nothing.
        if hasattr(one, "_parameter_constraints") and not isinstance(one, type):
            one._validate_params()
