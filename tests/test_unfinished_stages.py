"""How far DAgger has come in a run of the command is kept until its stage is done."""

import pytest
from runs import SilentCallback, curved, dagger, demonstrations, same_run
from sklearn.linear_model import Ridge

from skimitate.studies._round_losses import RoundLosses
from skimitate.studies._stages import StageFolder

pytestmark = pytest.mark.usefixtures("empty_logs")


def test_each_setting_has_a_folder_that_goes_when_the_stage_is_done(tmp_path):
    stages = StageFolder(tmp_path)
    one, other = (stages.work_folder("DAgger", {"rounds": n}) for n in (1, 2))
    assert one != other
    (one / "file").touch()
    (other / "file").touch()
    assert StageFolder(tmp_path).work_folder("DAgger", {"rounds": 1}) == one
    assert (one / "file").exists()
    stages.do("DAgger", ["a.json"], {"rounds": 1}, lambda: ([1],))
    assert not one.exists()
    assert (other / "file").exists()
    assert StageFolder(None).work_folder("DAgger", {"rounds": 1}) is None


class Quitting(SilentCallback):
    """A callback that raises when a round has ended."""

    def __init__(self, number):
        self.number = number

    def on_fit_task_end(self, estimator, context):
        is_round = context.task_name == "round"
        if is_round and estimator.history_[-1]["round"] == self.number:
            raise KeyboardInterrupt


def losses_of(folder, *callbacks):
    """Run DAgger in a folder, and return its losses by round."""
    X, y = demonstrations(20)
    losses = RoundLosses(X, y, folder)
    model = dagger(
        Ridge(), expert=curved, n_rounds=4, checkpoint_dir=folder and folder / "run"
    )
    model.set_callbacks(*callbacks, losses).fit(*demonstrations())
    return losses.history(), model


@pytest.mark.parametrize(
    ("number", "first"),
    [
        (1, True),
        (3, False),
        pytest.param(1, False, marks=pytest.mark.slow),
        pytest.param(3, True, marks=pytest.mark.slow),
        pytest.param(4, False, marks=pytest.mark.slow),
        pytest.param(4, True, marks=pytest.mark.slow),
    ],
)
def test_losses_of_all_rounds_are_there_wherever_it_stopped(number, first, tmp_path):
    whole, model = losses_of(None)
    assert len(whole) == 4
    X, y = demonstrations(20)
    losses = RoundLosses(X, y, tmp_path)
    callbacks = [Quitting(number), losses]
    stopped = dagger(
        Ridge(), expert=curved, n_rounds=4, checkpoint_dir=tmp_path / "run"
    ).set_callbacks(*(callbacks if first else callbacks[::-1]))
    with pytest.raises(KeyboardInterrupt):
        stopped.fit(*demonstrations())
    found, again = losses_of(tmp_path)
    assert found == whole
    same_run(again, model)


def test_damaged_losses_are_told_and_no_end_of_the_run(tmp_path):
    whole, model = losses_of(None)
    with pytest.raises(KeyboardInterrupt):
        losses_of(tmp_path, Quitting(3))
    for path in tmp_path.glob("*losses*"):
        path.write_bytes(b"\0" * 9)
    with pytest.warns(UserWarning, match="is damaged"):
        found, again = losses_of(tmp_path)
    # Those that nobody knows any more are missing.
    assert [row["loss"] for row in found] == [row["loss"] for row in whole[2:]]
    same_run(again, model)
