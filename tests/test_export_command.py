"""Policies written as other files from the command line."""

import joblib
import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.ensemble import RandomForestRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skimitate import (
    BehaviorCloner,
    BehaviorCloningClassifier,
    DAggerRegressor,
    load_expert,
)
from skimitate.cli._main import main

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 11))
Y = 2 * np.tanh(X[:, :3])  # beyond what Hopper takes


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def model(here):
    cloner = BehaviorCloner((5,), max_iter=20, random_state=0)
    pipeline = make_pipeline(StandardScaler(), cloner).fit(X, Y)
    joblib.dump(pipeline, "model.joblib")
    return pipeline


def failing(capsys, *arguments):
    assert main(["export", *arguments]) == 2
    return capsys.readouterr().err.strip().splitlines()[-1]


@pytest.mark.parametrize("suffix", ["h", "onnx", "safetensors"])
def test_what_is_written_acts_the_same(model, capsys, suffix):
    file = f"policy.{suffix}"
    assert main(["export", "model.joblib", "--to", file]) == 0
    assert f"wrote {file}: " in capsys.readouterr().out
    policy = load_expert(file)
    assert_allclose(policy.act(X), model.predict(X), atol=1e-5)
    assert_allclose(policy.act(X[0]), model.predict(X)[0], atol=1e-5)


@pytest.mark.parametrize("suffix", ["h", "onnx"])
def test_actions_are_clipped_to_those_of_an_environment(model, suffix):
    file = f"policy.{suffix}"
    main(["export", "model.joblib", "--to", file, "--env", "Hopper-v5"])
    assert np.abs(model.predict(X)).max() > 1.1
    assert_allclose(
        load_expert(file).act(X), np.clip(model.predict(X), -1, 1), atol=1e-5
    )


@pytest.mark.parametrize("suffix", ["h", "onnx"])
def test_a_line_says_if_actions_are_not_clipped(here, capsys, suffix):
    cloner = BehaviorCloner((4,), max_iter=1, random_state=0)
    expert = load_expert("Pendulum-v1")
    dagger = DAggerRegressor(cloner, "Pendulum-v1", expert, n_rounds=1, random_state=0)
    joblib.dump(dagger.fit(), "dagger.joblib")
    file, said = f"policy.{suffix}", "actions are not clipped (--env"
    main(["export", "dagger.joblib", "--to", file])
    assert said not in capsys.readouterr().out
    main(["export", "dagger.joblib", "--to", "dagger.safetensors"])
    assert said not in capsys.readouterr().out
    # Now this is read in the place of the joblib file, and knows no environment.
    main(["export", "dagger.joblib", "--to", file])
    assert said in capsys.readouterr().out
    main(["export", "dagger.joblib", "--to", file, "--env", "Pendulum-v1"])
    assert said not in capsys.readouterr().out


def test_names_in_c(model, here):
    main(["export", "model.joblib", "--to", "2 legs.h", "--weights", "int8"])
    assert "policy_act(" in (here / "2 legs.h").read_text()
    main(["export", "model.joblib", "--to", "2 legs.h", "--name", "walk"])
    assert "walk_act(" in (here / "2 legs.h").read_text()


@pytest.mark.parametrize("suffix", ["h", "onnx", "safetensors"])
def test_an_expert_that_was_exported_is_evaluated_to_the_same(here, capsys, suffix):
    file = f"reacher.{suffix}"
    main(["export", "Reacher-v5", "--to", file])
    options = ["--episodes", "2", "--jobs", "1"]
    told = []
    for policy in ("Reacher-v5", file):
        assert main(["evaluate", "Reacher-v5", "--policy", policy, *options]) == 0
        told.append(capsys.readouterr().out.splitlines()[-1])
    assert told[0] == told[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none.joblib", "--to", "a.onnx"], "MODEL: no such file: none.joblib"),
        (["Hopper-v5", "--to", "a.pt"], "--to: expected a file that ends in .h or"),
        (["Hopper-v5", "--to", "no/a.h"], "--to: no such folder: no"),
        (["Hopper-v5", "--to", "folder.h"], "--to: expected a file to write, got"),
        (
            ["Hopper-v5", "--to", "a.onnx", "--name", "x"],
            "--name: expected a file in C, --to FILE.h, got a.onnx",
        ),
        (
            ["Hopper-v5", "--to", "a.safetensors", "--weights", "int8"],
            "--weights: expected a file in C",
        ),
        (
            ["Hopper-v5", "--to", "a.safetensors", "--env", "Hopper-v5"],
            "--env: expected a file that clips, .h or .onnx, got a.safetensors",
        ),
        (["Hopper-v5", "--to", "a.h", "--env-arg", "a=1"], "--env-arg: expected --env"),
        (["Hopper-v5", "--to", "a.h", "--env", "Hoper"], "--env: cannot make 'Hoper'"),
        (["Hopper-v5", "--to", "a.h", "--name", "2x"], "--name: expected"),
        (["Hopper-v5", "--to", "a.h", "--env", "Reacher-v5"], "MODEL: Reacher-v5 has"),
        (["forest.joblib", "--to", "a.h"], "MODEL: expected a network of skimitate's"),
        (["forest.joblib", "--to", "a.onnx"], "MODEL: expected"),
        (["forest.joblib", "--to", "a.safetensors"], "MODEL: expected a network"),
        (["CartPole-v1", "--to", "a.h"], "MODEL: expected a network of skimitate's"),
    ],
)
def test_bad_input_is_told_by_its_option(here, capsys, arguments, message):
    (here / "folder.h").mkdir()
    if arguments[0] == "forest.joblib":
        joblib.dump(RandomForestRegressor(1).fit(X, Y), "forest.joblib")
    before = sorted(here.iterdir())
    assert message in failing(capsys, *arguments)
    assert sorted(here.iterdir()) == sorted({*before, *here.glob("forest.joblib")})


def test_classes_that_were_exported_are_evaluated(here, capsys):
    observations = RNG.normal(size=(40, 4))
    pushes = (observations.sum(axis=1) > 0).astype(int)
    cloner = BehaviorCloningClassifier((4,), max_iter=20).fit(observations, pushes)
    joblib.dump(cloner, "pushes.joblib")
    for suffix in ("h", "onnx", "safetensors"):
        assert main(["export", "pushes.joblib", "--to", f"pushes.{suffix}"]) == 0
        assert "clipped" not in capsys.readouterr().out
        actions = load_expert(f"pushes.{suffix}").act(observations)
        assert np.array_equal(actions.ravel(), cloner.predict(observations))
