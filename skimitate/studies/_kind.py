"""What imitates where actions are numbers, and where they are classes."""

from typing import Any, NamedTuple

from skimitate.cloning._classifier import BehaviorCloningClassifier
from skimitate.cloning._regressor import BehaviorCloner
from skimitate.dagger._classifier import DAggerClassifier
from skimitate.dagger._regressor import DAggerRegressor
from skimitate.environments._make import EnvLike, spaces_of


class Kind(NamedTuple):
    """What imitates actions of a kind, and what it is measured by.

    Parameters
    ----------
    cloner, dagger : type
        Estimators.
    loss : str or None
        What the loss of a cloner is, for the axis of a picture; None for the mean
        squared error, whose axis says nothing.
    score : str
        What ``score`` of a cloner is, in a line of text.
    """

    cloner: Any
    dagger: Any
    loss: str | None
    score: str


NUMBERS = Kind(BehaviorCloner, DAggerRegressor, None, "R²")
CLASSES = Kind(BehaviorCloningClassifier, DAggerClassifier, "cross-entropy", "accuracy")


def kind_of(env: EnvLike) -> Kind:
    """Return the kind of an environment's actions.

    Parameters
    ----------
    env : str, EnvSpec or callable
        Environment.

    Returns
    -------
    Kind
    """
    return NUMBERS if spaces_of(env).actions.classes is None else CLASSES
