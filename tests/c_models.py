"""Fitted models of each kind that can be exported, and data in very different units."""

from functools import cache

import numpy as np
from sklearn.feature_selection import SelectKBest, f_regression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

import skimitate as sk
from skimitate.policies import HistoryPolicy, PipelinePolicy

N_EPISODES, N_STEPS = 20, 10
RNG = np.random.default_rng(0)
# float32 has room for all of an observation.
X = RNG.normal([0.0, 100.0, 0.0, 3.0, 1e4], [1.0, 2.0, 1e-6, 1e5, 5.0], (200, 5))
X = X.astype(np.float32).astype(np.float64)
Y = np.tanh(X[:, [0, 2]] * [1.0, 1e6]) * [3.0, 0.5] + [0.0, 5.0]
EPISODES = np.repeat(np.arange(N_EPISODES), N_STEPS)
SIDES = np.where(X[:, 0] > 0, "left", 'right "?/*')
WHOLE = np.stack([np.digitize(X[:, 0], [-0.3, 0.3]) - 7, np.digitize(Y[:, 1], [5])], 1)
FLOATS = np.where(X[:, 0] > 0, 1.0, -2.0)


def cloner(hidden=(6, 5), max_iter=3, **options):
    options = {"max_iter": max_iter, "random_state": 0, **options}
    return sk.BehaviorCloner(hidden, **options)


def classifier():
    return sk.BehaviorCloningClassifier((6,), max_iter=3, random_state=0)


def recurrent(cell):
    options = {"cell": cell, "max_iter": 2, "random_state": 0}
    return sk.RecurrentBehaviorCloner(5, hidden_layer_sizes=(3,), **options)


def in_episodes(model, y):
    return model.fit(X, y, groups=EPISODES)


def history_behind_scalers():
    inner = make_pipeline(MinMaxScaler(clip=True), cloner((4,)))
    outer = StandardScaler().fit(X)
    history = in_episodes(sk.HistoryRegressor(inner, 2, actions=True), Y)
    return PipelinePolicy(outer, sk.as_policy(history))


def recurrent_with_history():
    """No estimator makes one; the parts fit all the same."""
    shown = sk.HistoryRegressor(cloner(), 3).fit(X, Y, groups=EPISODES).stacking_
    rows = shown.stacked(X, EPISODES * N_STEPS)
    inner = recurrent("gru").fit(rows, Y, groups=EPISODES)
    return HistoryPolicy(sk.as_policy(inner), 3, 5, 2)


MODELS = {
    "relu": lambda: cloner(activation="relu").fit(X, Y),
    "tanh of three": lambda: cloner(activation="tanh", n_networks=3).fit(X, Y),
    "logistic": lambda: cloner((6,), 30, activation="logistic").fit(X, Y),
    "leaky": lambda: cloner((7,), activation="leaky_relu").fit(X, Y),
    "linear": lambda: cloner((), activation="identity").fit(X, Y[:, 0]),
    "gru": lambda: in_episodes(recurrent("gru"), Y),
    "lstm": lambda: in_episodes(recurrent("lstm"), Y),
    "names": lambda: classifier().fit(X, SIDES),
    "integers": lambda: classifier().fit(X, WHOLE),
    "floats": lambda: classifier().fit(X, FLOATS),
    "bools": lambda: classifier().fit(X, X[:, 0] > 0),
    "recurrent classes": lambda: in_episodes(
        sk.RecurrentBehaviorCloningClassifier(4, max_iter=2, random_state=0), WHOLE
    ),
    "history": lambda: in_episodes(sk.HistoryRegressor(cloner(), 3, actions=True), Y),
    "one step": lambda: in_episodes(sk.HistoryRegressor(cloner(), 1), Y),
    "history of names": lambda: in_episodes(
        sk.HistoryClassifier(classifier(), 3, actions=True), SIDES
    ),
    "history of integers": lambda: in_episodes(
        sk.HistoryClassifier(classifier(), 2, actions=True), WHOLE
    ),
    "pipeline": lambda: make_pipeline(sk.RunningNormalizer(clip=0.5), cloner()).fit(
        X, Y
    ),
    "selected": lambda: make_pipeline(SelectKBest(f_regression, k=2), cloner()).fit(
        X, Y[:, 0]
    ),
    "history behind scalers": history_behind_scalers,
    "recurrent with history": recurrent_with_history,
}
FITTED = {name: cache(make) for name, make in MODELS.items()}
# One of each kind of code; the others are slow tests.
FEW = ("tanh of three", "lstm", "names", "history of integers", "pipeline")


def side_by_side(policy):
    """The actions in all episodes, step by step, and the policy's own memory."""
    policy.reset()
    steps = X.reshape(N_EPISODES, N_STEPS, -1).swapaxes(0, 1)
    return np.stack([policy.act(step) for step in steps])


def off(found, expected, spread_of=None):
    """The largest deviation, in parts of the spread of each action."""
    expected = np.asarray(expected)
    actions = expected if spread_of is None else spread_of
    spread = actions.reshape(-1, expected.shape[-1]).std(axis=0)
    return (np.abs(found - expected) / spread).max()
