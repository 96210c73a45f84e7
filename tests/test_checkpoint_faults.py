"""What goes wrong around a folder of a run: nothing is lost, mixed up, or run."""

import hashlib
import json
import multiprocessing
import os
import resource
import signal
import warnings
import zipfile
from functools import partial
from io import BytesIO

import numpy as np
import pytest
import runs
import skops.io
from joblib import parallel_config
from runs import SilentCallback, by_hand, curved, demonstrations, is_over, same_run
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, SplineTransformer
from toy import PointEnv

from skimitate import as_policy, load_labels, per_observation
from skimitate.files._lock import FolderInUse, FolderLock

pytestmark = pytest.mark.usefixtures("empty_logs")


def dagger(folder=None, expert=curved, learner=None, **options):
    options = {"query": 3, "n_episodes_per_round": 2, "n_rounds": 2} | options
    learner = Ridge() if learner is None else learner
    return runs.dagger(learner, expert=expert, checkpoint_dir=folder, **options)


def files_of(folder, pattern="*"):
    return sorted(p for p in folder.glob(pattern) if not p.name.startswith("."))


# Files that would run what they name.


def hostile(command):
    """A file of skops whose loading calls a function of scikit-learn's tests."""
    with zipfile.ZipFile(BytesIO(skops.io.dumps((command,)))) as archive:
        schema = json.loads(archive.read("schema.json"))
    called = schema | {
        "__class__": "check_output",
        "__module__": "sklearn.utils._testing",
        "__loader__": "ConstructorFromReduceNode",
        "content": schema,
    }
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("schema.json", json.dumps(called))
    return file.getvalue()


def test_a_learner_s_file_runs_nothing(tmp_path):
    folder, mark = tmp_path / "run", tmp_path / "mark"
    model = dagger(folder).fit()
    content = hostile(["touch", str(mark)])
    digest = hashlib.sha256(content).hexdigest()[:16]
    for path in files_of(folder, "learner-*"):
        path.unlink()
        stem = path.name.partition(".")[0]
        (folder / f"{stem}.{digest}.skops").write_bytes(content)
    with pytest.warns(UserWarning, match="types that are not trusted"):
        same_run(dagger(folder).fit(), model)
    assert not mark.exists()


def test_a_pickle_is_not_read_where_skops_would_do(tmp_path):
    model = dagger(tmp_path).fit()
    content = b"cos\nsystem\n(S'touch " + bytes(tmp_path / "mark") + b"'\ntR."
    digest = hashlib.sha256(content).hexdigest()[:16]
    for path in files_of(tmp_path, "learner-*"):
        path.unlink()
        stem = path.name.partition(".")[0]
        (tmp_path / f"{stem}.{digest}.joblib").write_bytes(content)
    with pytest.warns(UserWarning, match="is damaged"):
        same_run(dagger(tmp_path).fit(), model)
    assert not (tmp_path / "mark").exists()


def test_learners_that_cannot_be_kept_are_named(tmp_path):
    spline = make_pipeline(SplineTransformer(), Ridge())
    with pytest.raises(
        ValueError, match=r"^estimator: expected one that skops can keep"
    ):
        dagger(tmp_path / "a", learner=spline).fit()

    class Local(Ridge):
        """A class that no pickle finds."""

    with pytest.raises(ValueError, match=r"^estimator: expected one that joblib can "):
        dagger(tmp_path / "b", learner=Local()).fit()


# Folders that are not the run's.


def test_a_run_that_is_open_stays_where_it_is(tmp_path):
    data = demonstrations()
    model = dagger(None, expert=None)
    asked = model.ask(*data)
    model.set_params(checkpoint_dir=tmp_path / "new")
    message = "^checkpoint_dir: a run is open: expected None, as it began, got"
    with pytest.raises(ValueError, match=message):
        model.tell(asked.ids, curved(asked.observations))
    model.set_params(checkpoint_dir=None)
    model.tell(asked.ids, curved(asked.observations))
    assert len(model.history_) == 2


@pytest.mark.parametrize("elsewhere", ["empty", "another", "none"])
def test_a_folder_that_is_moved_loses_nothing(elsewhere, tmp_path):
    data = demonstrations()
    whole = by_hand(dagger(expert=None), *data)
    model = dagger(tmp_path / "here", expert=None)
    asked = model.ask(*data)
    (tmp_path / "here").rename(tmp_path / "there")
    if elsewhere == "another":
        dagger(tmp_path / "here", expert=None, n_rounds=3).ask(*data)
    if elsewhere == "none":
        model.set_params(checkpoint_dir=None)
    with pytest.raises(ValueError, match="expected the one that it began in, got"):
        model.tell(asked.ids, curved(asked.observations))
    model.set_params(checkpoint_dir=tmp_path / "there")
    model.tell(asked.ids, curved(asked.observations))
    while not is_over(model):
        asked = model.ask()
        model.tell(asked.ids, curved(asked.observations))
    same_run(model, whole)


def hold_with_a_child(folder, is_held):
    with FolderLock(folder, "checkpoint_dir"):
        child = multiprocessing.get_context("fork").Process(target=signal.pause)
        child.start()
        is_held.put(child.pid)
        signal.pause()


def test_a_child_that_lives_on_does_not_hold_the_folder(tmp_path):
    context = multiprocessing.get_context("fork")
    is_held = context.Queue()
    process = context.Process(target=hold_with_a_child, args=(tmp_path, is_held))
    process.start()
    child = is_held.get(timeout=60)
    try:
        with pytest.raises(FolderInUse):
            dagger(tmp_path).fit()
        process.kill()
        process.join()
        dagger(tmp_path).fit()
    finally:
        os.kill(child, signal.SIGKILL)


# Answers.


class Unseeded(PointEnv):
    """It begins anywhere, whatever the seed."""

    anywhere = np.random.default_rng(0)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.position[:] = self.anywhere.uniform(-2, 2, size=2)
        return self.position, {}


@pytest.mark.filterwarnings("ignore:env. two resets")
def test_answers_belong_to_what_was_shown(tmp_path):
    class Once:
        left = 13

        def __call__(self, observations):
            self.left -= 1
            if self.left < 0:
                raise RuntimeError("enough for today")
            return curved(observations)

    class Named:
        def __init__(self, answer):
            self.answer = answer

        def __call__(self, observations):
            return self.answer(observations)

    options = {"env": Unseeded, "incremental": False}
    with pytest.raises(ValueError, match="enough"):
        dagger(tmp_path, Named(Once()), **options).fit()
    for path in files_of(tmp_path, "*round-0002-visited*"):
        path.unlink()
    model = dagger(tmp_path, Named(curved), **options).fit()
    # A learner that knows the expert everywhere says that no label is another's.
    from skimitate.dagger._round_files import RoundFiles
    from skimitate.files._checked_folder import CheckedFolder

    for number in (1, 2):
        files = RoundFiles(CheckedFolder(tmp_path, "folder"), number)
        questions = files.visited().questions
        answers, is_known = files.known(questions, 2)
        assert is_known.all()
        assert np.allclose(answers, curved(questions.observations))
    assert model.history_[-1]["n_samples"] == 10 + 6 + 6


class Absent:
    """An expert that has no answers at first."""

    allow_missing = True
    is_here = False

    def __call__(self, observations):
        answers = curved(observations)
        return answers if self.is_here else np.full_like(answers, np.nan)


def test_who_had_no_answer_is_asked_again(tmp_path):
    data, expert = demonstrations(), Absent()
    message = "^expert: expected at least one action for the 6 states .* got none"
    for _ in range(2):
        with pytest.raises(ValueError, match=message):
            dagger(tmp_path, expert).fit(*data)
    expert.is_here = True
    same_run(dagger(tmp_path, expert).fit(*data), dagger().fit(*data))


def test_what_tell_refuses_is_asked_again(tmp_path):
    model = dagger(tmp_path, expert=None)
    asked = model.ask()
    with pytest.raises(ValueError, match=r"^actions: expected at least one action"):
        model.tell(asked.ids[:0], [])
    again = dagger(tmp_path, expert=None).ask()
    assert np.array_equal(asked.ids, again.ids)
    assert np.array_equal(asked.observations, again.observations)


class Picky(Ridge):
    """A learner that refuses to learn more than so much."""

    most = 12

    def fit(self, X, y):
        if len(X) > self.most:
            raise RuntimeError("too much to learn")
        return super().fit(X, y)


def test_what_cannot_be_learnt_from_is_asked_again(tmp_path):
    data = demonstrations()
    model = dagger(tmp_path, expert=None, learner=Picky())
    asked = model.ask(*data)
    with pytest.raises(ValueError, match="too much"):
        model.tell(asked.ids, curved(asked.observations))
    fresh = dagger(tmp_path, expert=None, learner=Picky())
    with pytest.warns(
        UserWarning, match=r"^tell: what was told in round 1, by another"
    ):
        again = fresh.ask(*data)
    assert np.array_equal(asked.ids, again.ids)


class StopAfter(SilentCallback):
    """A callback that asks to stop after a round."""

    def on_fit_task_end(self, estimator, context):
        if context.task_name == "round":
            return estimator.history_[-1]["round"] >= 1
        return False


def test_a_callback_stops_a_run_that_was_killed_before_it_could(tmp_path, monkeypatch):
    data = demonstrations()
    model = dagger(tmp_path, expert=None).set_callbacks(StopAfter())
    asked = model.ask(*data)
    with monkeypatch.context() as patch:  # a kill, once the answers are kept
        patch.setattr("skimitate.dagger._interactive.learn_told", interrupted)
        with pytest.raises(KeyboardInterrupt):
            model.tell(asked.ids, curved(asked.observations))
    fresh = dagger(tmp_path, expert=None).set_callbacks(StopAfter())
    with pytest.raises(
        ValueError, match=r"^ask: expected a run that is open.* is over"
    ):
        fresh.ask(*data)
    assert [record["round"] for record in fresh.history_] == [0, 1]
    assert fresh.predict(data[0]).shape == data[1].shape


def interrupted(*arguments):
    raise KeyboardInterrupt


# Files that pile up, and disks that are full.


@pytest.mark.slow
def test_workers_leave_no_files_behind(tmp_path):
    whole = dagger().fit()
    with parallel_config(backend="multiprocessing"):
        same_run(dagger(tmp_path, n_jobs=2).fit(), whole)
    assert not files_of(tmp_path, "*-episode-*")


@pytest.mark.parametrize("damage", [5, pytest.param(6, marks=pytest.mark.slow)])
def test_states_that_are_written_after_a_damage_stay(damage, tmp_path):
    whole = dagger(tmp_path, n_rounds=6).fit()
    for path in files_of(tmp_path, "learner-*"):
        if int(path.name[8:14]) >= damage - 1:
            path.write_bytes(path.read_bytes()[:-9])
    with pytest.warns(UserWarning, match="is damaged"):
        same_run(dagger(tmp_path, n_rounds=6).fit(), whole)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        same_run(dagger(tmp_path, n_rounds=6).fit(), whole)
    assert len(files_of(tmp_path, "state-*")) == 2


SIZES = np.geomspace(100, 20_000, 20).astype(int)


@pytest.mark.parametrize(
    "n_bytes",
    [
        pytest.param(size, marks=[] if i % 5 == 4 else pytest.mark.slow)
        for i, size in enumerate(SIZES)
    ],
)
def test_files_that_have_no_room_take_nothing_with_them(n_bytes, tmp_path):
    """The system itself refuses what is longer than so many bytes."""
    whole = dagger(n_rounds=1).fit()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(n_bytes), before[1]))
    try:
        dagger(tmp_path, n_rounds=1).fit()
        fits = True
    except OSError:
        fits = False
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert fits == (n_bytes == 20_000) or 2000 < n_bytes < 20_000
    same_run(dagger(tmp_path, n_rounds=1).fit(), whole)
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".skimitate-")]


# What makes a run the same.


def test_a_random_state_that_goes_on_is_no_other(tmp_path):
    generator = np.random.RandomState(0)
    model = dagger(tmp_path, random_state=generator).fit()
    same_run(dagger(tmp_path, random_state=generator).fit(), model)
    same_run(dagger(tmp_path, random_state=np.random.RandomState(0)).fit(), model)


def test_numbers_of_numpy_are_numbers(tmp_path):
    model = dagger(tmp_path, query=3).fit()
    same_run(dagger(tmp_path, query=np.int64(3)).fit(), model)


def test_methods_and_searches_are_known_by_what_was_learnt(tmp_path):
    X, y = demonstrations()
    one, other = Ridge().fit(X, y), Ridge().fit(X, -y)
    dagger(tmp_path / "a", one.predict).fit()
    with pytest.raises(
        ValueError, match=r"expert was sklearn.*predict with the checks"
    ):
        dagger(tmp_path / "a", other.predict).fit()
    make = partial(GridSearchCV, Ridge(), {"alpha": [1.0, 2.0]}, cv=2)
    model = dagger(tmp_path / "b", make().fit(X, y)).fit()
    same_run(dagger(tmp_path / "b", make().fit(X, y)).fit(), model)
    with pytest.raises(ValueError, match=r"expert was .*GridSearchCV\(.* with the"):
        dagger(tmp_path / "b", make().fit(X, 2 * y)).fit()


class Gain:
    """An expert with a parameter, and with what changes while it is asked."""

    def __init__(self, gain):
        self.gain = gain
        self.n_asked = 0

    def __call__(self, observations):
        self.n_asked += len(observations)
        return self.gain * curved(observations)


def scaled(gain):
    return lambda observations: gain * curved(observations)


def test_a_closure_over_nothing_yet_is_an_expert_too(tmp_path):
    def expert(observations):
        return curved(observations) if len(observations) else later

    same_run(dagger(tmp_path, expert).fit(), dagger(None, expert).fit())
    later = None


def one_by_one(observation):
    return curved(observation)


@pytest.mark.parametrize("make", [Gain, scaled])
def test_experts_are_known_by_what_they_were_made_with(make, tmp_path):
    model = dagger(tmp_path, make(1.0)).fit()
    same_run(dagger(tmp_path, make(1.0)).fit(), model)
    with pytest.raises(ValueError, match=r"expert was .*1\.0\) and is .*0\.5\)"):
        dagger(tmp_path, make(0.5)).fit()


def test_no_place_in_memory_makes_a_run_another(tmp_path):
    make = [
        lambda: {"expert": per_observation(one_by_one)},
        lambda: {"expert": as_policy(curved)},
        lambda: {"learner": make_pipeline(FunctionTransformer(np.tanh), Ridge())},
    ]
    for number, options in enumerate(make):
        folder = tmp_path / str(number)
        model = dagger(folder, **options()).fit()
        same_run(dagger(folder, **options()).fit(), model)
        content = next(folder.glob("run.*.json")).read_text()
        assert "0x" not in content


def test_what_is_damaged_is_mended(tmp_path):
    model = dagger(tmp_path).fit()
    for pattern in ("copy-of-round-0001-visited*", "round-0002-answers-*"):
        (path, *_) = files_of(tmp_path, pattern)
        good = path.read_bytes()
        path.write_bytes(good[:-7])
        with pytest.warns(UserWarning, match="is damaged") as caught:
            same_run(dagger(tmp_path).fit(), model)
        assert len(caught) == 1
        assert path.read_bytes() == good


def test_a_learner_s_parameters_are_checked_before_anybody_is_asked(tmp_path):
    def silent(observations):
        raise AssertionError("it was asked")

    for learner in (Ridge(alpha=-1), make_pipeline(Ridge(alpha=-1))):
        with pytest.raises(ValueError, match="'alpha' parameter of Ridge must be"):
            dagger(tmp_path, silent, learner=learner).fit()


def test_a_folder_has_a_name():
    with pytest.raises(ValueError, match=r"^checkpoint_dir: expected the path of a"):
        dagger("").fit()


@pytest.mark.parametrize("n_answers", [12, 13, 100])
def test_labels_are_read_whatever_becomes_of_the_run(n_answers, tmp_path):
    class Brief(Gain):
        def __call__(self, observations):
            if self.n_asked >= n_answers:
                raise RuntimeError("enough for today")
            return super().__call__(observations)

    expert = Brief(1.0)
    if n_answers < 100:
        with pytest.raises(ValueError, match="enough"):
            dagger(tmp_path, expert).fit()
    else:
        dagger(tmp_path, expert).fit()
    for path in [*tmp_path.glob("*run.*"), *tmp_path.glob("state-*")]:
        path.unlink()
    X, y, groups = load_labels(tmp_path)
    assert len(X) == expert.n_asked
    np.testing.assert_allclose(y, curved(X))
    assert (np.diff(groups) >= 0).all()
    again = dagger(tmp_path / "new").fit(X, y)
    assert again.history_[0]["n_samples"] == len(X)


def test_a_folder_without_labels_has_none(tmp_path):
    with pytest.raises(ValueError, match=r"^checkpoint_dir: expected a folder with"):
        load_labels(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"^checkpoint_dir: no such folder"):
        load_labels(tmp_path / "none")
