"""Settings and data that several test modules share."""

import os

import hypothesis
import pytest

# Pictures are made without a window, whatever screen there is.
os.environ["MPLBACKEND"] = "agg"

# The same examples on every run, and no deadline: the machines are shared.
hypothesis.settings.register_profile("suite", deadline=None, derandomize=True)
hypothesis.settings.load_profile("suite")


@pytest.fixture
def no_figures():
    """Leaves no figures of pyplot open, and finds none."""
    from matplotlib import pyplot as plt

    plt.close("all")
    yield
    plt.close("all")
