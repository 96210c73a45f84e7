"""Make a file of each format that must load for ever, and what is in it as numbers.

Run once for a version, ``python tests/data/make.py``: it writes a folder of that
version beside itself. Folders of older versions stay as they are: what their files say
is what later versions must read in them.
"""

import json
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED

import numpy as np
import skops.io
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

import skimitate as sk
from skimitate.experts import NetworkExpert

OUT = Path(__file__).parent / sk.__version__

# Of no machine: the files are looked at on all of them.
OBSERVATIONS = np.linspace(-2.0, 2.0, 12).reshape(6, 2).round(3)
X = np.random.default_rng(0).normal(size=(80, 2))
Y = np.column_stack([X[:, 0] - X[:, 1], np.tanh(X[:, 0])])
SIDE = np.where(X[:, 0] > X[:, 1], "right", "left")
LABELS = {"classes": SIDE, "several": np.column_stack([X[:, 0] > 0, X[:, 1] > 0])}
OPTIONS = {"hidden_layer_sizes": (5,), "max_iter": 20, "random_state": 0}


def main() -> None:
    """Write the files, and beside them what they answer."""
    OUT.mkdir()
    regressor = sk.BehaviorCloner(n_networks=2, **OPTIONS).fit(X, Y)
    sk.save_policy(regressor, OUT / "regressor.safetensors", mean_return=-1.5)
    answers = {"regressor.safetensors": regressor.predict(OBSERVATIONS)}
    for name, labels in LABELS.items():
        classifier = sk.BehaviorCloningClassifier(**OPTIONS).fit(X, labels)
        sk.save_policy(classifier, OUT / f"{name}.safetensors")
        answers[f"{name}.safetensors"] = sk.as_policy(classifier).act(OBSERVATIONS)
    for name, model in _of_several_parts().items():
        sk.save_policy(model, OUT / f"{name}.safetensors")
        # The first step of an episode for each row.
        answers[f"{name}.safetensors"] = sk.as_policy(model).act(OBSERVATIONS)
    expert = _expert()
    expert.save(OUT / "expert.npz")
    answers["expert.npz"] = expert(OBSERVATIONS)
    learner = sk.BehaviorCloner(**OPTIONS).fit(X, Y)
    skops.io.dump(learner, OUT / "learner.skops", compression=ZIP_DEFLATED)
    answers["learner.skops"] = learner.predict(OBSERVATIONS)
    rollouts = sk.collect_rollouts(
        "MountainCar-v0",
        sk.load_expert("MountainCar-v0"),
        n_episodes=2,
        max_steps=5,
        random_state=0,
    )
    rollouts.save(OUT / "rollouts.npz")
    known = {
        "version": sk.__version__,
        "observations": OBSERVATIONS.tolist(),
        "actions": {name: answer.tolist() for name, answer in answers.items()},
        "rollouts": {
            name: np.asarray(getattr(rollouts, name)).tolist()
            for name in ("observations", "actions", "rewards", "episode_ids", "returns")
        },
    }
    (OUT / "known.json").write_text(json.dumps(known) + "\n")


def _of_several_parts() -> dict[str, Any]:
    """Return a pipeline, and what has a memory."""
    episodes = np.repeat(np.arange(8), 10)
    cloner = sk.BehaviorCloner(**OPTIONS)
    scaled = make_pipeline(MinMaxScaler(), sk.RunningNormalizer(clip=1.0), cloner)
    history = sk.HistoryClassifier(sk.BehaviorCloningClassifier(**OPTIONS), 3)
    recurrent = sk.RecurrentBehaviorCloner(4, cell="lstm", max_iter=5, random_state=0)
    return {
        "pipeline": scaled.fit(X, Y),
        "history": history.set_params(actions=True).fit(X, SIDE, groups=episodes),
        "recurrent": recurrent.fit(X, Y, groups=episodes),
    }


def _expert() -> NetworkExpert:
    rng = np.random.default_rng(1)
    weights = [rng.normal(size=shape) for shape in ((2, 3), (3, 1))]
    biases = [rng.normal(size=3), rng.normal(size=1)]
    return NetworkExpert([0.5, -0.5], [2.0, 3.0], weights, biases, "tanh")


if __name__ == "__main__":
    main()
