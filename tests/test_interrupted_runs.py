"""Runs that were interrupted anywhere go on as if they had not been."""

from functools import partial
from itertools import count

import pytest
import runs
from runs import SilentCallback, curved, demonstrations, go_on, same_run
from test_interruption import interrupted_at_line

pytestmark = pytest.mark.usefixtures("empty_logs")


def dagger(**options):
    options = {"query": 3, "n_episodes_per_round": 2} | options
    return runs.dagger(expert=curved, **options)


class Quitter(SilentCallback):
    """A callback that raises when its n-th task of a name ends."""

    def __init__(self, name, n):
        self.name = name
        self.left = n

    def on_fit_task_end(self, estimator, context):
        if context.task_name == self.name:
            self.left -= 1
            if self.left == 0:
                raise KeyboardInterrupt


@pytest.mark.parametrize("name", ["train", "collection", "episode", "round"])
@pytest.mark.parametrize("n", [pytest.param(1, marks=pytest.mark.slow), 3])
def test_wherever_it_is_interrupted_it_goes_on_as_if_it_had_not_been(name, n):
    data = demonstrations()
    model = dagger(n_rounds=3).set_callbacks(Quitter(name, n))
    with pytest.raises(KeyboardInterrupt):
        model.fit(*data)
    same_run(go_on(model.set_callbacks()), dagger(n_rounds=3).fit(*data))


SOME_LINES = [307, pytest.param(3, marks=pytest.mark.slow)]


def short_run():
    options = {"n_rounds": 2, "n_eval_episodes": 1, "n_episodes_per_round": 1}
    return dagger(**options)


def is_whole(model, whole):
    """Tell whether a fit was over, and is then as it should be."""
    if hasattr(model, "best_round_") and "_run" not in vars(model):
        same_run(model, whole)
        return True
    return False


@pytest.mark.parametrize("step", SOME_LINES)
def test_fit_interrupted_at_any_line_goes_on_as_if_it_had_not_been(step):
    data = demonstrations()
    whole = short_run().fit(*data)
    for n in count(1, step):
        model = short_run()
        before = dict(vars(model))
        if not interrupted_at_line(n, model.fit, *data, package="dagger"):
            break
        if "_run" in vars(model):
            same_run(go_on(model), whole)
        elif not is_whole(model, whole):
            assert vars(model) == before
    assert n > 1000


@pytest.mark.parametrize("step", SOME_LINES)
@pytest.mark.parametrize("half", ["first ask", "tell", "ask", "last tell"])
def test_a_half_interrupted_at_any_line_can_be_done_again(half, step):
    data = demonstrations()
    whole = short_run().fit(*data)
    for n in count(1, step):
        model = short_run()
        if half == "first ask":
            call = partial(model.ask, *data)
        else:
            asked = model.ask(*data)
            if half != "tell":
                model.tell(asked.ids, curved(asked.observations))
                asked = None if half == "ask" else model.ask()
            call = model.ask
            if asked is not None:
                call = partial(model.tell, asked.ids, curved(asked.observations))
        before = dict(vars(model))
        if not interrupted_at_line(n, call, package="dagger"):
            break
        if is_whole(model, whole):
            continue
        if half == "first ask" and "_run" not in vars(model):
            assert vars(model) == before
            model.ask(*data)
        same_run(go_on(model), whole)
    assert n > 100
