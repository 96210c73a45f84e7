"""Search by return: each candidate of a GridSearchCV walks, and the best walker wins.

``make_return_scorer`` makes a ``scoring`` that runs an estimator in an environment.
Every candidate walks in the same eight episodes, and R² stands beside what it earned.

What it shows: four candidates that R² hardly tells apart, on episodes that they were
not trained on; one of them walks as the expert does, and another falls.
"""

from sklearn.model_selection import GridSearchCV, GroupKFold

from skimitate import (
    BehaviorCloner,
    evaluate_policy,
    load_demonstrations,
    load_expert,
    make_return_scorer,
)

ENV = "Hopper-v5"
GRID = {"activation": ["relu", "tanh"], "hidden_layer_sizes": [(50, 50), (100,)]}


def main():
    """Print both scores of each candidate, and what the chosen one earns."""
    demos = load_demonstrations(ENV)
    few = demos.episode_ids < 4
    scorer = make_return_scorer(ENV, n_episodes=8, random_state=0)
    search = GridSearchCV(
        BehaviorCloner(max_iter=120, random_state=0),
        GRID,
        scoring={"r2": "r2", "return": scorer},
        refit="return",
        cv=GroupKFold(2),
        error_score="raise",
    )
    search.fit(demos.data[few], demos.target[few], groups=demos.episode_ids[few])

    results = search.cv_results_
    print("activation  hidden layers       R²  return")
    for parameters, r2, mean in zip(
        results["params"],
        results["mean_test_r2"],
        results["mean_test_return"],
        strict=True,
    ):
        sizes = parameters["hidden_layer_sizes"]
        print(f"{parameters['activation']:10s}  {sizes!s:13s}  {r2:.5f}  {mean:6.0f}")
    print(f"best by return: {search.best_params_}")
    # Other episodes than those that it was chosen by.
    fresh = {"n_episodes": 5, "random_state": 1}
    chosen = evaluate_policy(ENV, search, **fresh).mean()
    expert = evaluate_policy(ENV, load_expert(ENV), **fresh).mean()
    print(f"it earns {chosen:.0f} in new episodes, the expert {expert:.0f}")


if __name__ == "__main__":
    main()
