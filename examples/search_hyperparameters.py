"""Search hyperparameters of a pipeline with GridSearchCV, episode by episode.

Demonstrations of Hopper-v5 come with the package. The pipeline clips what the
normalizer makes of rare observations; the search varies the clipping and the size of
the network, and tests each candidate on episodes that it was not trained on.

What it shows: skimitate's estimators go where any of scikit-learn's goes. And R² hardly
tells how a clone walks: 0.997 falls over, 0.999 does not. Where an environment is at
hand, let the best few candidates walk before you choose.
"""

import joblib
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import Pipeline

from skimitate import (
    BehaviorCloner,
    RunningNormalizer,
    evaluate_policy,
    load_demonstrations,
)

GRID = {
    "normalize__clip": [3.0, None],
    "clone__hidden_layer_sizes": [(5,), (20, 20), (50, 50)],
}


def main():
    """Print what each candidate scores, and what it earns."""
    demos = load_demonstrations("Hopper-v5")
    pipeline = Pipeline(
        [
            ("normalize", RunningNormalizer()),
            ("clone", BehaviorCloner(normalize=False, max_iter=20, random_state=0)),
        ]
    )
    search = GridSearchCV(pipeline, GRID, cv=GroupKFold(3))
    # Training holds no lock of Python's: threads share the data and use every core.
    with joblib.parallel_config(backend="threading", n_jobs=-1):
        search.fit(demos.data, demos.target, groups=demos.episode_ids)

    print("hidden layers    clip   R² on new episodes   return of 5 episodes")
    for parameters, score in zip(
        search.cv_results_["params"],
        search.cv_results_["mean_test_score"],
        strict=True,
    ):
        candidate = clone(pipeline).set_params(**parameters)
        candidate.fit(demos.data, demos.target)
        returns = evaluate_policy("Hopper-v5", candidate, n_episodes=5, random_state=1)
        clip = parameters["normalize__clip"]
        sizes = parameters["clone__hidden_layer_sizes"]
        print(f"{sizes!s:14s} {clip!s:>6s} {score:20.3f} {returns.mean():22.0f}")
    print(f"best by R²: {search.best_params_}")


if __name__ == "__main__":
    main()
