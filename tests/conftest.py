"""Settings and data that several test modules share."""

import gc
import os
import signal

import hypothesis
import pytest

# Pictures are made without a window, whatever screen there is.
os.environ["MPLBACKEND"] = "agg"

# The same examples on every run, and no deadline: the machines are shared.
hypothesis.settings.register_profile(
    "suite", deadline=None, derandomize=True, max_examples=40
)
hypothesis.settings.load_profile("suite")


# Modules and tests stay to the end: to look for garbage among them, while they are
# loaded and again during the tests, takes seconds and finds none.
gc.disable()


def pytest_collection_finish():
    """Look for garbage again, but among what tests make alone."""
    gc.freeze()
    gc.enable()


@pytest.fixture
def empty_logs():
    """Lets the toys begin with empty logs, and sees that environments are closed."""
    from toy import PointEnv, Recorder, logged

    PointEnv.log.clear()
    Recorder.log.clear()
    yield
    assert len(logged("made")) == len(logged("closed"))


@pytest.fixture
def no_figures():
    """Leaves no figures of pyplot open, and finds none."""
    from matplotlib import pyplot as plt

    plt.close("all")
    yield
    plt.close("all")


# A job in the background may have been started deaf to Ctrl-C, which tests send.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
