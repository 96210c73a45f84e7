"""Bundled demonstrations, by scikit-learn's conventions."""

import re

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skimitate import BehaviorCloner, Rollouts, load_demonstrations, load_expert
from skimitate.data._bundled import bundled_files
from skimitate.environments._make import env_widths

NAMES = sorted(bundled_files("demonstrations"))


def test_there_are_some_and_they_are_small():
    assert {"Hopper-v5", "Reacher-v5"} <= set(NAMES)
    assert (
        sum(len(f.read_bytes()) for f in bundled_files("demonstrations").values()) < 2e6
    )


@pytest.mark.parametrize("name", NAMES)
def test_they_are_the_expert_s(name):
    bunch = load_demonstrations(name)
    n_features, n_outputs = env_widths(name)
    assert bunch.data.shape == (len(bunch.rewards), n_features)
    assert bunch.target.shape == (len(bunch.rewards), n_outputs)
    assert len(bunch.feature_names) == n_features
    assert len(bunch.target_names) == n_outputs
    assert bunch.data.dtype == bunch.target.dtype == np.float64
    labels = load_expert(name)(bunch.data)
    assert_allclose(labels, bunch.target, rtol=1e-4, atol=1e-4)
    rollouts = Rollouts(bunch.data, bunch.target, bunch.episode_ids, bunch.rewards)
    assert f":Number of episodes: {rollouts.n_episodes}" in bunch.DESCR
    (mean,) = re.findall(r":Return of an episode: (-?[\d.]+) \(", bunch.DESCR)
    assert_allclose(float(mean), rollouts.returns.mean(), rtol=0.02)
    assert "CS294-112" in bunch.DESCR


def test_they_come_as_arrays_alone_and_as_frames():
    bunch = load_demonstrations("Reacher-v5")
    X, y = load_demonstrations("Reacher-v5", return_X_y=True)
    assert_array_equal(X, bunch.data)
    assert_array_equal(y, bunch.target)
    assert bunch.frame is None
    framed = load_demonstrations("Reacher-v5", as_frame=True)
    assert_array_equal(framed.frame, np.hstack([X, y]))
    assert list(framed.data.columns) == bunch.feature_names
    X, y = load_demonstrations("Reacher-v5", return_X_y=True, as_frame=True)
    assert isinstance(X, pd.DataFrame)
    cloner = BehaviorCloner(max_iter=1).fit(X, y)
    assert list(cloner.feature_names_in_) == bunch.feature_names


def test_one_that_is_not_there():
    with pytest.raises(ValueError, match=r"expected one of .*Hopper-v5.*, got 'Hoper'"):
        load_demonstrations("Hoper")
