"""Runs of DAgger that are kept in a folder: they go on, and no label is asked twice."""

import multiprocessing
import pickle
import warnings
from collections import Counter
from functools import partial
from itertools import count

import numpy as np
import pytest
import runs
from cases import quick_first
from numpy.testing import assert_array_equal
from runs import by_hand, curved, demonstrations, is_over, same_run, steps_dagger
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from test_interruption import interrupted_at_line
from toy import STEPS, PointEnv, StepsExpert

from skimitate import (
    BehaviorCloner,
    DAggerRegressor,
    HistoryRegressor,
    RecurrentBehaviorCloner,
)
from skimitate.dagger._round_files import RoundFiles
from skimitate.files._checked_folder import CheckedFolder
from skimitate.files._lock import FolderInUse, FolderLock

pytestmark = pytest.mark.usefixtures("empty_logs")


class Asked:
    """An expert that counts how often it is asked about each state."""

    def __init__(self):
        self.states = Counter()

    def __call__(self, observations):
        self.states.update(map(np.ndarray.tobytes, observations))
        return curved(observations)


class AskedWhileItRuns(Asked):
    """One that may remember: it is asked during the episodes."""

    def reset(self):
        """Begin an episode."""


def silent(observations):
    """An expert that is not there any more."""
    raise AssertionError("it was asked")


def dagger(folder=None, expert=curved, **options):
    options = {"query": 3, "n_episodes_per_round": 2, "n_rounds": 2} | options
    options = {"learner": Ridge()} | options
    return runs.dagger(expert=expert, checkpoint_dir=folder, **options)


LEARNERS = {
    "ridge": Ridge,
    "pipeline": lambda: make_pipeline(StandardScaler(), Ridge()),
    "cloner": lambda: BehaviorCloner((8,), max_iter=2),
    "trees": lambda: MultiOutputRegressor(HistGradientBoostingRegressor(max_iter=3)),
    "one's own": lambda: Nearest(),
    "history": lambda: HistoryRegressor(BehaviorCloner((8,), max_iter=2), 2),
    "recurrent": lambda: RecurrentBehaviorCloner(hidden_size=4, max_iter=2),
}


class Nearest(RegressorMixin, BaseEstimator):
    """A learner that nobody else knows: it does what is known of the nearest state."""

    def fit(self, X, y):
        self.X_, self.y_ = X, y
        return self

    def predict(self, X):
        distances = ((X[:, np.newaxis] - self.X_) ** 2).sum(axis=2)
        return self.y_[distances.argmin(axis=1)]


# Of the quick ones some begin anew and one goes on; one is not kept by skops.
@pytest.mark.parametrize(
    "learner", quick_first(LEARNERS, "ridge", "cloner", "one's own")
)
def test_a_run_goes_on_as_if_it_had_not_been_stopped(learner, tmp_path):
    make = partial(dagger, learner=LEARNERS[learner]())
    if learner == "trees":
        make = partial(make, env=partial(PointEnv, 40), query="all")
    whole = make().fit()
    for n in (2, 12, 1):
        stopping = Stopping(n)
        with pytest.raises(ValueError, match="enough for today"):
            make(tmp_path, Named(stopping)).fit()
    same_run(make(tmp_path, Named(curved)).fit(), whole)
    # It is over: nobody is asked, and nothing is run.
    PointEnv.log.clear()
    same_run(make(tmp_path, Named(silent)).fit(), whole)
    assert not [entry for entry in PointEnv.log if entry[0] == "step"]


class Named:
    """An expert by one name, whatever answers."""

    def __init__(self, answer):
        self.answer = answer

    def __call__(self, observations):
        return self.answer(observations)


class Stopping:
    """An expert that answers but so many times."""

    def __init__(self, n, answer=curved):
        self.left = n
        self.answer = answer

    def __call__(self, observations):
        self.left -= 1
        if self.left < 0:
            raise RuntimeError("enough for today")
        return self.answer(observations)


@pytest.mark.parametrize(
    ("expert", "step"),
    [
        (Asked, 2503),
        (AskedWhileItRuns, 2503),
        pytest.param(Asked, 31, marks=pytest.mark.slow),
        pytest.param(AskedWhileItRuns, 31, marks=pytest.mark.slow),
    ],
)
def test_wherever_it_stops_no_label_is_asked_for_twice(expert, step, tmp_path):
    whole = dagger(expert=expert()).fit()
    for n in count(1, step):
        folder, who = tmp_path / str(n), expert()
        ended = not interrupted_at_line(n, dagger(folder, who).fit, package="dagger")
        in_flight = who.states.copy()
        model = dagger(folder, who).fit()
        same_run(model, whole)
        again = {state: k for state, k in who.states.items() if k > 1}
        # What was being answered, or the episode that was being run.
        assert len(again) <= 5
        assert set(again) <= set(in_flight)
        if ended:
            assert not again
            break
    assert n > 1000


def test_files_hold_what_they_say(tmp_path):
    dagger(tmp_path, learner=Ridge()).fit()
    names = {path.name.partition(".")[0] for path in tmp_path.iterdir()}
    assert {"run", "state-000002", "learner-000002", "round-0001-visited"} <= names
    kinds = {path.suffix for path in tmp_path.iterdir()}
    assert kinds == {".lock", ".json", ".npz", ".skops"}
    assert not any("episode" in name for name in names)


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def files_of(folder):
    return sorted(p for p in folder.iterdir() if not p.name.startswith("."))


@pytest.mark.parametrize(
    ("damage", "begun", "every"),
    [
        (flip, 13, 3),
        *(
            pytest.param(damage, begun, 1, marks=pytest.mark.slow)
            for damage in (flip, cut, lambda path: path.unlink())
            for begun in (13, 100)
        ),
    ],
)
def test_a_damaged_file_is_found_and_nothing_is_lost(damage, begun, every, tmp_path):
    whole = dagger().fit()
    folder = tmp_path / "first"
    if begun < 100:
        with pytest.raises(ValueError, match="enough"):
            dagger(folder, Named(Stopping(begun))).fit()
    else:
        dagger(folder, Named(curved)).fit()
    n_files = len(files_of(folder))
    assert n_files > 8
    n_damaged = 0
    for i in range(0, n_files, every):
        copied = tmp_path / str(i)
        copied.mkdir()
        for file in files_of(folder):
            (copied / file.name).write_bytes(file.read_bytes())
        damaged = files_of(copied)[i]
        damage(damaged)
        who = Asked()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            same_run(dagger(copied, Named(who)).fit(), whole)
        told = [str(warning.message) for warning in caught]
        assert all(f"{damaged} is damaged" in message for message in told)
        # Who removes a file is trusted.
        is_seen = damage in (flip, cut)
        n_damaged += is_seen and bool(told)
        assert is_seen or not told
        assert not states_labelled(folder) & set(who.states)
    assert n_damaged > 5 // every or damage not in (flip, cut)


def states_labelled(folder):
    """The states whose labels a folder holds."""
    opened, known = CheckedFolder(folder, "folder"), set()
    for name in opened.names("round-"):
        files = RoundFiles(opened, int(name.split("-")[1]))
        visited = files.visited()
        if visited is not None:
            has_label = ~np.isnan(visited.labels).any(axis=1)
            known |= set(map(np.ndarray.tobytes, visited.observations[has_label]))
            questions = visited.questions
            _, is_known = files.known(questions, 2)
            rows = questions.observations[is_known]
            known |= set(map(np.ndarray.tobytes, rows))
    return known


OTHERS = [
    ({"n_rounds": 5}, "n_rounds was 2 and is 5"),
    ({"random_state": 1}, "random_state was 0 and is 1"),
    ({"beta": 0.5}, "beta was None and is 0.5"),
    ({"learner": Ridge(2.0)}, "estimator__alpha was 1.0 and is 2.0"),
    ({"expert": np.sin}, "expert was runs.curved and is numpy.sin"),
    ({"env": partial(PointEnv, 6)}, r"env was toy.PointEnv and is partial\("),
    ({"learner": BehaviorCloner()}, "estimator was sklearn.*Ridge and is skimi"),
    ({"query": lambda X, learner: [0]}, r"query was 3 and is .*<lambda>"),
]


@pytest.mark.filterwarnings("ignore:beta never")
def test_another_run_is_refused(tmp_path):
    dagger(tmp_path).fit()
    for changes, message in OTHERS:
        with pytest.raises(ValueError, match=f"^checkpoint_dir: expected .*{message}"):
            dagger(tmp_path, **changes).fit()
    same_run(dagger(tmp_path).fit(), dagger().fit())


def test_other_data_versions_and_ways_are_refused(tmp_path, monkeypatch):
    X, y = demonstrations()
    dagger(tmp_path).fit(X, y)
    with pytest.raises(ValueError, match=r"where y was an array of shape \(12, 2\) "):
        dagger(tmp_path).fit(X, y + 1)
    with pytest.raises(ValueError, match="sample_weight was None and is an array"):
        dagger(tmp_path, learner=Ridge()).fit(X, y, np.ones(len(X)))
    with pytest.raises(ValueError, match="begun by was fit and is ask"):
        dagger(tmp_path).ask(X, y)
    monkeypatch.setattr("skimitate.dagger._identity.version", lambda name: "0.0")
    with pytest.raises(ValueError, match=r"version of numpy was .* and is 0.0"):
        dagger(tmp_path).fit(X, y)


def test_experts_are_told_by_what_they_learnt(tmp_path):
    X, y = demonstrations()
    experts = [Ridge().fit(X, y), Ridge().fit(X, -y)]
    dagger(tmp_path, experts[0]).fit()
    dagger(tmp_path, clone_fitted(experts[0])).fit()
    with pytest.raises(
        ValueError, match=r"expert was sklearn.*Ridge.* with the checksum .* and"
    ):
        dagger(tmp_path, experts[1]).fit()


def clone_fitted(model):
    return pickle.loads(pickle.dumps(model))


def test_where_it_runs_may_change(tmp_path):
    whole = dagger().fit()
    with pytest.raises(ValueError, match="enough"):
        dagger(tmp_path, Named(Stopping(13))).fit()
    (tmp_path / "elsewhere").mkdir()
    for file in files_of(tmp_path):
        if file.is_file():
            file.rename(tmp_path / "elsewhere" / file.name)
    options = {"n_jobs": 2, "verbose": True, "query_timeout": 60.0}
    same_run(dagger(tmp_path / "elsewhere", Named(curved), **options).fit(), whole)


def test_a_run_without_a_seed_goes_on_with_its_own(tmp_path):
    model = dagger(tmp_path, Named(curved), random_state=None).fit()
    for path in [*tmp_path.glob("state-*"), *tmp_path.glob("learner-*")]:
        path.unlink()
    same_run(dagger(tmp_path, Named(silent), random_state=None).fit(), model)


def test_a_folder_is_one_run_s_at_a_time(tmp_path):
    with FolderLock(tmp_path, "checkpoint_dir"):
        for method in ("fit", "ask"):
            with pytest.raises(FolderInUse, match=r"^checkpoint_dir: .*each run its"):
                getattr(dagger(tmp_path), method)()
    dagger(tmp_path).fit()


def test_clones_in_a_search_are_told_to_have_their_own(tmp_path):
    X, y = demonstrations(30)
    search = GridSearchCV(
        dagger(tmp_path), {"n_rounds": [1, 2]}, cv=2, error_score="raise"
    )
    with pytest.raises(ValueError, match="give each run a folder of its own"):
        search.fit(X, y)


def by_processes(folder, **options):
    """A run in two halves, each of which is another process's, as far as it sees."""
    data = demonstrations()
    while True:
        model = dagger(folder, expert=None, **options)
        asked = model.ask(*data)
        again = dagger(folder, expert=None, **options).ask(*data)
        assert_array_equal(asked.observations, again.observations)
        assert_array_equal(asked.ids, again.ids)
        model.tell(asked.ids, curved(asked.observations))
        if is_over(model):
            return model


def test_halves_go_on_in_other_processes(tmp_path):
    data = demonstrations()
    whole = by_hand(dagger(expert=None), *data)
    same_run(by_processes(tmp_path), whole)
    fresh = dagger(tmp_path, expert=None)
    with pytest.raises(ValueError, match=r"^ask: .* got one that is over: round"):
        fresh.ask(*data)
    same_run(fresh, whole)  # what came of it is there all the same


@pytest.mark.parametrize("step", [797, pytest.param(13, marks=pytest.mark.slow)])
def test_what_was_told_is_not_asked_again(step, tmp_path):
    data = demonstrations()
    whole = by_hand(dagger(expert=None), *data)
    for n in count(1, step):
        folder = tmp_path / str(n)
        model = dagger(folder, expert=None)
        asked = model.ask(*data)
        answers = curved(asked.observations)
        ended = not interrupted_at_line(
            n, model.tell, asked.ids, answers, package="dagger"
        )
        told = CheckedFolder(folder, "folder").names("round-0001-answers")
        fresh = dagger(folder, expert=None)
        after = fresh.ask(*data)
        assert bool(told) == (not np.isin(after.ids, asked.ids).any())
        fresh.tell(after.ids, curved(after.observations))
        if not is_over(fresh):
            fresh = runs.go_on(fresh)
        same_run(fresh, whole)
        if ended:
            break
    assert n > 400


def test_two_processes_take_turns(tmp_path):
    one, other = (dagger(tmp_path, expert=None) for _ in range(2))
    data = demonstrations()
    asked = one.ask(*data)
    other.ask(*data)
    one.tell(asked.ids, curved(asked.observations))
    # The other knows by the folder what has been told meanwhile.
    with pytest.raises(ValueError, match=r"^tell: expected a call of ask before"):
        other.tell(asked.ids, curved(asked.observations))
    asked = other.ask()
    other.tell(asked.ids, curved(asked.observations))
    assert is_over(other)
    same_run(other, by_hand(dagger(expert=None), *data))


@pytest.mark.parametrize("space", ["discrete", "several"])
def test_classes_are_kept_as_well(space, tmp_path):
    answer = StepsExpert(STEPS[space])
    make = partial(steps_dagger, space=space)
    whole = make().fit()
    for n in (5, 9):
        stopped = make(checkpoint_dir=tmp_path, expert=Named(Stopping(n, answer)))
        with pytest.raises(ValueError, match="enough for today"):
            stopped.fit()
    same_run(make(checkpoint_dir=tmp_path, expert=Named(answer)).fit(), whole)


class FullDisk:
    """A disk on which so many files have room."""

    def __init__(self, monkeypatch, n):
        self.left, self.monkeypatch = n, monkeypatch
        self.write = CheckedFolder.write

    def __enter__(self):
        def write(folder, name, kind, content, **options):
            self.left -= 1
            if self.left < 0:
                raise OSError(28, "No space left on device", str(folder.path / name))
            self.write(folder, name, kind, content, **options)

        self.monkeypatch.setattr(CheckedFolder, "write", write)
        return self

    def __exit__(self, *error):
        self.monkeypatch.setattr(CheckedFolder, "write", self.write)


@pytest.mark.parametrize("step", [11, pytest.param(4, marks=pytest.mark.slow)])
def test_a_full_disk_takes_nothing_that_was_there(step, tmp_path, monkeypatch):
    whole = dagger().fit()
    for n in range(0, 60, step):
        folder = tmp_path / str(n)
        try:
            with FullDisk(monkeypatch, n):
                dagger(folder, Named(curved)).fit()
            break
        except OSError as error:
            told = str(error)
        assert str(folder) in told
        known, who = states_labelled(folder), Asked()
        same_run(dagger(folder, Named(who)).fit(), whole)
        assert not known & set(who.states)
    assert n > 10


def test_an_interruption_leaves_what_was_best(tmp_path):
    whole = dagger(n_rounds=5).fit()

    class Interrupting(Stopping):
        def __call__(self, observations):
            if self.left == 0:
                raise KeyboardInterrupt
            return super().__call__(observations)

    model = dagger(tmp_path, Named(Interrupting(16)), n_rounds=5)
    with pytest.raises(KeyboardInterrupt):
        model.fit()
    measured = [r for r in model.history_ if r["n_eval_episodes"]]
    assert len(measured) >= 2
    best = max(measured, key=lambda record: (record["mean_return"], record["round"]))
    assert model.best_round_ == best["round"]
    assert model.predict(np.zeros((3, 2))).shape == (3, 2)
    assert "checkpoint" not in str(vars(clone(model)).keys() - {"checkpoint_dir"})
    same_run(dagger(tmp_path, Named(curved), n_rounds=5).fit(), whole)


def hold(folder, is_held, may_go):
    with FolderLock(folder, "checkpoint_dir"):
        is_held.set()
        may_go.wait()


@pytest.mark.parametrize(
    "method", ["fork", pytest.param("spawn", marks=pytest.mark.slow)]
)
def test_a_kill_lets_go_of_the_folder(method, tmp_path):
    context = multiprocessing.get_context(method)
    is_held, may_go = context.Event(), context.Event()
    process = context.Process(target=hold, args=(tmp_path, is_held, may_go))
    process.start()
    assert is_held.wait(60)
    with pytest.raises(FolderInUse):
        dagger(tmp_path).fit()
    process.kill()
    process.join()
    dagger(tmp_path).fit()


def test_without_an_environment_it_is_kept_too(tmp_path):
    X, y = demonstrations()
    make = partial(DAggerRegressor, Ridge(), checkpoint_dir=tmp_path)
    model = make().fit(X, y)
    assert_array_equal(make().fit(X, y).predict(X), model.predict(X))


@pytest.mark.parametrize("wrong", [3, b"folder"])
def test_a_folder_is_a_path(wrong):
    with pytest.raises(ValueError, match="checkpoint_dir"):
        dagger(wrong).fit()


def test_a_folder_that_is_none_is_refused(tmp_path):
    path = tmp_path / "file"
    path.touch()
    with pytest.raises(OSError, match=r"^checkpoint_dir: expected a folder"):
        dagger(path).fit()


def test_a_folder_without_its_description_is_refused(tmp_path):
    dagger(tmp_path).fit()
    for path in [*tmp_path.glob("run.*"), *tmp_path.glob("copy-of-run.*")]:
        flip(path)
    with (
        pytest.warns(UserWarning, match="is damaged"),
        pytest.raises(ValueError, match=r"^checkpoint_dir: .* damaged or missing"),
    ):
        dagger(tmp_path).fit()
