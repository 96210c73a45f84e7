"""The table: what it compares, and that it goes on where it stopped."""

import json
import shutil
import time
from collections import Counter
from itertools import groupby

import gymnasium
import joblib
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from toy import PointEnv, expert, logged

from skimitate import BehaviorCloner, evaluate_policy, load_expert
from skimitate.experts._identity import identify_expert
from skimitate.studies._post import POST
from skimitate.studies._stages import StageFolder
from skimitate.studies._table import EVAL_SEED, Table, compare
from skimitate.studies._table_text import as_markdown

ENV = "Reacher-v5"


def small_table(out, n_rounds=2, n_episodes=2, n_seeds=2, n_jobs=1):
    return Table(
        {ENV: (load_expert(ENV), identify_expert(ENV))},
        n_episodes=n_episodes,
        n_seeds=n_seeds,
        n_rounds=n_rounds,
        n_eval_episodes=4,
        n_jobs=n_jobs,
        out=out,
    )


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    out = tmp_path_factory.mktemp("table")
    table = small_table(out)
    table.run()
    return table, out


# The least that has all parts of a table.
LEAST = {"n_rounds": 1, "n_episodes": 1, "n_seeds": 1}


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    out = tmp_path_factory.mktemp("quick")
    table = small_table(out, **LEAST)
    table.run()
    return table, out


@pytest.fixture(params=["quick", pytest.param("finished", marks=pytest.mark.slow)])
def any_table(request):
    """A finished table, its folder, and how many of each thing it has."""
    table, out = request.getfixturevalue(request.param)
    n = 1 if request.param == "quick" else 2
    return table, out, n


def without_seconds(rows):
    return [{**row, "seconds": None} for row in rows]


def test_a_row_holds_what_its_policies_earn(any_table):
    _, out, n = any_table
    (row,) = json.loads((out / "table.json").read_text())["rows"]
    assert row["n_episodes"] == n
    assert row["seeds"] == [*range(n)]
    evaluation = {"n_episodes": 4, "random_state": EVAL_SEED}
    expert = evaluate_policy(ENV, load_expert(ENV), **evaluation)
    assert_allclose(row["returns"]["Expert"], expert, atol=1e-3)
    for name, file in (("BC", "clone.joblib"), ("DAgger", "dagger.joblib")):
        for seed in range(n):
            policy = joblib.load(out / ENV / f"seed-{seed}" / file)
            returns = evaluate_policy(ENV, policy, **evaluation)
            assert_allclose(row["returns"][name][seed], returns, atol=1e-3)
    # An episode has 50 steps; there are as many rounds as roll-outs.
    assert row["policies"]["BC"]["n_expert_queries"] == [50 * n] * n
    assert row["policies"]["DAgger"]["n_expert_queries"] == [100 * n] * n
    dagger = joblib.load(out / ENV / "seed-0" / "dagger.joblib")
    assert isinstance(dagger, BehaviorCloner)


@pytest.mark.slow
def test_the_seconds_of_a_stage_are_its_own(tmp_path, monkeypatch):
    """No stage is done, or its roll-outs read, while another one's clock runs."""
    running = []
    do = StageFolder.do

    def alone(self, stage, names, setting, make, prepare=lambda: None):
        assert not running, f"{stage} within {running}"

        def timed():
            running.append(stage)
            try:
                return make()
            finally:
                running.remove(stage)

        return do(self, stage, names, setting, timed, prepare)

    monkeypatch.setattr(StageFolder, "do", alone)
    began = time.perf_counter()
    table = small_table(tmp_path, n_seeds=1)
    table.run()
    elapsed = time.perf_counter() - began
    (seconds,) = table.rows[0]["seconds"]
    assert len(seconds) == 8
    assert sum(seconds.values()) < elapsed


@pytest.mark.slow
def test_rows_of_the_same_kind_come_together(finished, tmp_path):
    out = tmp_path / "copy"
    shutil.copytree(finished[1], out)
    kept = json.loads((out / "table.json").read_text())
    other = {**kept["rows"][0], "env": "Ant-v5"}
    odd = [
        {**other, "env": "Hopper-v5", "seeds": [0]},
        {**other, "env": "Walker2d-v5", "expert": "Walker2d-v1.pkl (sha256 0)"},
    ]
    (out / "table.json").write_text(json.dumps({**kept, "rows": [*odd, other]}))
    small_table(out).run()
    rows = json.loads((out / "table.json").read_text())["rows"]
    assert [row["env"] for row in rows] == ["Ant-v5", ENV]
    assert (out / "table.md").read_text().count("Ant-v5") == 2
    (out / "table.json").write_text("{")
    small_table(out).run()
    (row,) = json.loads((out / "table.json").read_text())["rows"]
    assert row["env"] == ENV


@pytest.mark.slow
def test_two_jobs_give_the_same_rows(finished, tmp_path):
    table, _ = finished
    other = small_table(tmp_path, n_jobs=2)
    other.run()
    assert without_seconds(other.rows) == without_seconds(table.rows)


@pytest.mark.slow
def test_an_interrupted_table_goes_on_where_it_stopped(
    finished, tmp_path, monkeypatch, capsys
):
    table, _ = finished
    do = StageFolder.do

    def interrupted(self, stage, *rest):
        if stage == "DAgger" and self.path.name == "seed-1":
            raise KeyboardInterrupt
        return do(self, stage, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(StageFolder, "do", interrupted)
        with pytest.raises(KeyboardInterrupt):
            small_table(tmp_path).run()
    half = tmp_path / ENV / "seed-1" / "clone.joblib"
    half.write_bytes(half.read_bytes()[:1000])
    capsys.readouterr()
    again = small_table(tmp_path)
    again.run()
    lines = capsys.readouterr().out.splitlines()
    assert without_seconds(again.rows) == without_seconds(table.rows)
    kept = [line.split(": kept")[0] for line in lines if ": kept from before" in line]
    assert kept.count("DAgger") == 1
    assert kept.count("demonstrations") == 1  # that the other seed needs not
    (redone,) = [line for line in lines if "is damaged" in line]
    assert str(half) in redone


@pytest.mark.slow
def test_another_choice_does_again_what_depends_on_it(finished, tmp_path, capsys):
    out = tmp_path / "copy"
    shutil.copytree(finished[1], out)
    small_table(out, n_rounds=3).run()
    printed = capsys.readouterr().out
    assert printed.count("\nBC: kept from before") == 2
    assert printed.count("\nevaluation of BC: kept from before") == 2
    assert printed.count("DAgger: kept from before") == 0
    assert printed.count("evaluation of DAgger: kept from before") == 0


def test_the_expert_s_roll_outs_are_not_kept(any_table):
    _, out, _ = any_table
    seed = out / ENV / "seed-0"
    assert (seed / "dagger.joblib").is_file()
    assert not [*out.rglob("*.npz")]
    index = json.loads((seed / "stages.json").read_text())
    assert index["demonstrations"]["seconds"] > 0


@pytest.mark.slow
def test_what_needs_the_roll_outs_again_has_the_same_bits(finished, tmp_path, capsys):
    out = tmp_path / "copy"
    shutil.copytree(finished[1], out)
    lost = out / ENV / "seed-1" / "clone.joblib"
    before = joblib.load(lost)
    lost.unlink()
    again = small_table(out)
    again.run()
    assert "demonstrations: done again, since its files" in capsys.readouterr().out
    X = np.random.default_rng(0).normal(size=(20, before.n_features_in_))
    assert_array_equal(joblib.load(lost).predict(X), before.predict(X))
    assert without_seconds(again.rows) == without_seconds(finished[0].rows)
    assert not [*out.rglob("*.npz")]


def test_a_finished_table_is_only_read(any_table, tmp_path):
    table, folder, n = any_table
    out = tmp_path / "copy"
    shutil.copytree(folder, out)
    again = small_table(out, n, n, n)
    again.run()
    assert again.rows == table.rows


@pytest.mark.slow
def test_evaluation_shares_no_seed_with_anything_else(tmp_path):
    if "Point-v0" not in gymnasium.registry:
        gymnasium.register("Point-v0", PointEnv)
    PointEnv.log.clear()
    Table(
        {"Point-v0": (expert, "expert")},
        n_episodes=2,
        n_seeds=3,
        n_rounds=2,
        n_eval_episodes=4,
        n_jobs=1,
        out=tmp_path,
    ).run()
    seeds = [seed for (seed,) in logged("reset")]
    # A new environment is reset twice, to see whether it does as its seed says.
    times = Counter(seed for seed, _ in groupby(seeds))
    # The expert and the random policy once, clones and DAgger policies of three seeds.
    evaluation = {seed for seed, n in times.items() if n == 1 + 1 + 3 + 3}
    assert len(evaluation) == 4
    # Of each of three seeds: 2 roll-outs and 5 to validate, 2 rounds, 10 to decide.
    assert len(times.keys() - evaluation) == 3 * (2 + 5 + 2 + 10)


def test_the_interval_is_that_of_the_paired_difference():
    rng = np.random.default_rng(0)
    expert = rng.normal(100, 10, size=50)
    returns = expert - 3 + rng.normal(0, 1, size=(2, 50))
    found = compare(returns, expert, random=np.full(50, 20.0))
    paired = returns.mean(axis=0) - expert
    error = np.sqrt(np.sum((paired - paired.mean()) ** 2) / 49 / 50)
    assert_allclose(found["difference"], returns.mean() - expert.mean())
    assert_allclose(
        found["difference_interval"],
        [found["difference"] - 2 * error, found["difference"] + 2 * error],
    )
    assert_allclose(found["ratio"], returns.mean() / expert.mean())
    assert_allclose(
        found["ratio_interval"],
        1 + np.array(found["difference_interval"]) / expert.mean(),
    )
    normalized = (returns.mean() - 20) / (expert.mean() - 20)
    assert_allclose(found["normalized_return"], normalized)
    # Far narrower than without pairs, whose standard error is that of the returns.
    assert error < 0.2 * expert.std() / np.sqrt(50)


def test_there_is_no_ratio_to_what_is_not_positive():
    returns, expert = np.array([[-8.0, -6.0]]), np.array([-4.0, -3.0])
    found = compare(returns, expert, random=np.array([-40.0, -40.0]))
    assert found["ratio"] is found["ratio_interval"] is None
    assert found["difference"] == -3.5
    assert 0.8 < found["normalized_return"] < 1
    none = compare(returns, expert, random=expert)
    assert none["normalized_return"] is None
    json.dumps([found, none], allow_nan=False)


def test_the_markdown_has_the_post_s_figures_beside_ours(any_table):
    table, out, n = any_table
    text = (out / "table.md").read_text()
    assert text == as_markdown(table.rows) + "\n"
    lines = text.splitlines()
    columns = [c.strip() for c in lines[0].split("|")[1:-1]]
    cells = [c.strip() for c in lines[2].split("|")[1:-1]]
    row = dict(zip(columns, cells, strict=False))
    assert row["Environment"] == ENV
    assert cells[columns.index("BC") + 1] == "-14.0 (5.0)"
    assert cells[columns.index("DAgger") + 1] == "-12.0 (3.0)"
    seeds = "one seed" if n == 1 else "2 seeds"
    assert f"over {seeds} and the same 4 episodes" in text


def test_the_post_has_six_rows():
    assert len(POST) == 6
    assert {env: row.n_episodes for env, row in POST.items()} == {
        "Ant-v5": 250,
        "HalfCheetah-v5": 10,
        "Hopper-v5": 10,
        "Humanoid-v5": 250,
        "Reacher-v5": 10,
        "Walker2d-v5": 250,
    }


@pytest.mark.slow
def test_an_environment_that_the_post_does_not_have(tmp_path):
    env = "InvertedDoublePendulum-v5"

    def balance(observations):
        return 0.1 * observations[:, 1:2]

    table = Table(
        {env: (balance, "balance")},
        n_episodes=None,
        n_seeds=1,
        n_rounds=1,
        n_eval_episodes=2,
        n_jobs=1,
        out=tmp_path,
    )
    table.run()
    (row,) = table.rows
    assert row["n_episodes"] == 10
    assert f"| {env} | 10 " in as_markdown(table.rows)


def test_every_environment_is_checked_before_any_work(tmp_path):
    expert = load_expert(ENV), "expert"
    with pytest.raises(ValueError, match="expert: Hopper-v5 has 11 observation"):
        Table(
            {ENV: expert, "Hopper-v5": expert},
            n_episodes=1,
            n_seeds=1,
            n_rounds=1,
            n_eval_episodes=1,
            n_jobs=1,
            out=tmp_path,
        )
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        small_table(tmp_path / "file")
