"""One fitted model of each kind that is saved, and what it answers."""

from functools import cache

import numpy as np
from toy import PointEnv
from toy import expert as toward_zero

import skimitate as sk


def sample(n=60):
    """Observations, and actions that are numbers."""
    X = np.random.default_rng(0).normal(size=(n, 2))
    return X, X @ [[1.0], [2.0]]


def classes(n=60):
    """Observations, and actions that are classes."""
    X, y = sample(n)
    return X, np.where(y[:, 0] > 0, "left", "right")


def regressor():
    """A clone that is quickly trained."""
    return sk.BehaviorCloner((4,), max_iter=2, random_state=0)


def classifier():
    """The same of classes."""
    return sk.BehaviorCloningClassifier((4,), max_iter=2, random_state=0)


EPISODES = np.repeat(np.arange(6), 10)
OPTIONS = {"hidden_size": 3, "max_iter": 2, "random_state": 0}
ROUNDS = {"n_rounds": 1, "n_epochs_per_round": 1, "random_state": 0}

ESTIMATORS = {
    "RunningNormalizer": lambda: sk.RunningNormalizer().fit(sample()[0]),
    "BehaviorCloner": lambda: regressor().fit(*sample()),
    "BehaviorCloningClassifier": lambda: classifier().fit(*classes()),
    "RecurrentBehaviorCloner": lambda: sk.RecurrentBehaviorCloner(**OPTIONS).fit(
        *sample(), groups=EPISODES
    ),
    "RecurrentBehaviorCloningClassifier": lambda: sk.RecurrentBehaviorCloningClassifier(
        **OPTIONS
    ).fit(*classes(), groups=EPISODES),
    "HistoryRegressor": lambda: sk.HistoryRegressor(regressor(), 2).fit(
        *sample(), groups=EPISODES
    ),
    "HistoryClassifier": lambda: sk.HistoryClassifier(classifier(), 2).fit(
        *classes(), groups=EPISODES
    ),
    "DAggerRegressor": lambda: sk.DAggerRegressor(
        regressor(), "Pendulum-v1", sk.load_expert("Pendulum-v1"), **ROUNDS
    ).fit(),
    "DAggerClassifier": lambda: sk.DAggerClassifier(
        classifier(), "MountainCar-v0", sk.load_expert("MountainCar-v0"), **ROUNDS
    ).fit(),
}
POLICIES = {
    "NetworkPolicy": lambda: sk.as_policy(MODELS["BehaviorCloner"]()),
    "ClassPolicy": lambda: sk.as_policy(MODELS["BehaviorCloningClassifier"]()),
    "RecurrentPolicy": lambda: sk.as_policy(MODELS["RecurrentBehaviorCloner"]()),
    "NetworkExpert": lambda: sk.load_expert("Reacher-v5"),
}
# Each is fitted once: whoever changes one copies it first.
MODELS = {name: cache(make) for name, make in (ESTIMATORS | POLICIES).items()}


def acting(model):
    """Return what a model answers to a few observations."""
    width = getattr(model, "n_features_in_", None) or model.n_features
    X = np.linspace(-1.0, 1.0, 5 * width).reshape(5, width)
    if hasattr(model, "transform"):
        return model.transform(X)
    if hasattr(model, "predict_proba"):
        return np.concatenate(np.atleast_2d(model.predict_proba(X)))
    if hasattr(model, "act") and not hasattr(model, "fit"):
        model.reset()
        return model.act(X)
    return model.predict(X)


def with_callables():
    """A model that holds what is of no known type."""
    return sk.DAggerRegressor(regressor(), PointEnv, toward_zero, **ROUNDS).fit()
