"""What the benchmark of labels keeps, and what it never writes over."""

import json

import pytest
from benches import benchmark_modules
from label_rows import finished

from skimitate import BehaviorCloner, DAggerRegressor


@pytest.fixture(scope="module")
def bench():
    with benchmark_modules("label_results", "label_settings") as modules:
        yield modules


@pytest.fixture
def run(bench):
    return bench.label_results.Run("Hopper-v5", "random 25", 0)


@pytest.fixture
def folders(bench, tmp_path):
    """Make folders of runs, as processes do that share them."""

    def make(experts="CS294", name="runs"):
        results = tmp_path / "labels.json"
        return bench.label_results.RunFolder(tmp_path / name, results, experts)

    return make


def test_what_is_finished_is_not_done_again(folders, run):
    done = []
    for _ in range(2):
        kept = folders()
        kept.do(run, lambda run: done.append(run) or finished())
        kept.do(run._replace(seed=1), lambda run: done.append(run) or finished())
    assert done == [run, run._replace(seed=1)]
    assert [row["seed"] for row in folders().rows()] == [0, 1]


def test_a_run_that_is_killed_loses_itself_alone(folders, run):
    def killed(run):
        raise KeyboardInterrupt

    folders().do(run, lambda run: finished())
    with pytest.raises(KeyboardInterrupt):
        folders().do(run._replace(seed=1), killed)
    assert [row["seed"] for row in folders().rows()] == [0]
    assert not folders().has(run._replace(seed=1))


def test_processes_that_work_on_different_parts_lose_nothing(folders, run, tmp_path):
    one, other = folders(), folders()
    one.do(run, lambda run: finished())
    other.do(run._replace(env="Ant-v5"), lambda run: finished())
    one.summarize()
    other.do(run._replace(seed=5), lambda run: finished(None))
    assert other.summarize() == one.summarize() == folders().rows()
    rows = json.loads((tmp_path / "labels.json").read_text())["rows"]
    found = [(row["env"], row["seed"], row["reached"]) for row in rows]
    assert found == [("Hopper-v5", 0, 300), ("Hopper-v5", 5, None), ("Ant-v5", 0, 300)]


def test_a_new_folder_goes_on_from_what_was_summarized(folders, run):
    folders().do(run, lambda run: finished())
    before = folders().summarize()
    elsewhere = folders(name="elsewhere")
    assert elsewhere.has(run)
    elsewhere.do(run._replace(seed=1), lambda run: finished())
    assert elsewhere.summarize()[:1] == before
    assert len(elsewhere.rows()) == 2


def test_runs_of_another_protocol_count_as_none(folders, run, bench, monkeypatch):
    folders().do(run, lambda run: finished())
    assert not folders("bundled").has(run)
    assert folders("bundled").rows() == []
    settings = bench.label_settings.SETTINGS
    monkeypatch.setitem(
        settings, run.setting, settings[run.setting]._replace(start=(3,))
    )
    assert not folders().has(run)
    folders().do(run, lambda run: finished(250))
    assert [row["reached"] for row in folders().rows()] == [250]


@pytest.mark.parametrize(
    ("of", "name"), [(BehaviorCloner, "max_iter"), (DAggerRegressor, "beta")]
)
def test_runs_of_other_defaults_of_the_library_count_as_none(
    folders, run, monkeypatch, of, name
):
    folders().do(run, lambda run: finished())
    assert folders().has(run)
    change_default(monkeypatch, of, name, 3)
    assert not folders().has(run)


def change_default(monkeypatch, of, name, value):
    monkeypatch.setitem(of.__init__.__kwdefaults__, name, value)


def test_seeds_environments_and_messages_decide_nothing(bench):
    parameters_of = bench.label_settings.parameters_of
    one = parameters_of(DAggerRegressor(random_state=1, env="a", verbose=True))
    assert one == parameters_of(DAggerRegressor(random_state=2, env="b"))
    assert one != parameters_of(DAggerRegressor(query=3))


def test_a_summary_of_other_experts_is_refused(folders, run, tmp_path):
    folders().do(run, lambda run: finished())
    folders().summarize()
    before = (tmp_path / "labels.json").read_bytes()
    with pytest.raises(ValueError, match=r"^experts: expected CS294, .* got bundled"):
        folders("bundled")
    assert (tmp_path / "labels.json").read_bytes() == before


def test_nothing_is_not_written_over_something(
    folders, run, tmp_path, monkeypatch, capsys
):
    folders().do(run, lambda run: finished())
    folders().do(run._replace(setting="random 10"), lambda run: finished())
    folders().summarize()
    before = (tmp_path / "labels.json").read_bytes()
    change_default(monkeypatch, BehaviorCloner, "max_iter", 3)
    with pytest.raises(ValueError, match="beside its 2 of others, got none"):
        folders().summarize()
    assert (tmp_path / "labels.json").read_bytes() == before
    folders().do(run, lambda run: finished(250))
    assert [row["reached"] for row in folders().summarize()] == [250]
    assert "2 runs made in another way are left out" in capsys.readouterr().out


def test_a_damaged_file_is_said_and_done_again(folders, run, tmp_path, capsys):
    folders().do(run, lambda run: finished())
    (path,) = (tmp_path / "runs").glob("*.json")
    path.write_text("{")
    assert not folders().has(run)
    assert f"{path} is damaged" in capsys.readouterr().out
    folders().do(run, lambda run: finished())
    assert folders().has(run)
