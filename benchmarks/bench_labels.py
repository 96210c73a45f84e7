"""How many labels of the expert DAgger needs, by which states it asks about.

Counted from the first demonstration on, until the mean of 20 fresh episodes is at least
95 % of the expert's in this round and the two after it (Reacher: at most 0.5 below the
expert in the same episodes). Seeds 0 to 4, and beside them 5 to 9; nothing was tuned to
either. Takes hours: each run is kept in a folder as soon as it is finished, a process
that is started again goes on from there, and several may work on different parts.

    python benchmarks/bench_labels.py [--experts FOLDER_OF_CS294_FILES] [--jobs 2]
        [--envs Hopper-v5 ...] [--settings "random 25" ...] [--seeds 0 1 ...]
    python benchmarks/bench_labels.py [--experts FOLDER_OF_CS294_FILES] --only list
    python benchmarks/bench_labels.py [--experts FOLDER_OF_CS294_FILES] --only report

"list" tells what is finished and "rules" how the rules do against chance; "report"
writes what is finished. All of that is without running anything. It writes
results/labels.json and a picture for each environment, and the tables into
docs/labels.md. The runs in one labels.json are of the same experts: with the bundled
ones, name another folder than that of the CS294 experts' by --results.
"""

import argparse
import json
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import gymnasium
from harness import RESULTS  # first of ours: it limits the threads
from imitation_peer import ImitationPeer
from joblib import Parallel, delayed
from label_peer import ImitationDagger
from label_pictures import draw
from label_report import against_chance, as_markdown
from label_results import Run, RunFolder
from label_run import EXPERT_SEED, N_EXPERT_EPISODES, Level, OurDagger, follow
from label_settings import (
    OTHER_SEEDS,
    RULES,
    SEEDS,
    SETTINGS,
    TASKS,
    PeerSetting,
    budget_of,
)
from make_table import ROOT, find_place, write_into
from search_by_return import expert_of

from skimitate import evaluate_policy
from skimitate.files._durable import write_durably

PAGE = ROOT / "docs" / "labels.md"


def level_of(env: Any, expert: Any, path: Path) -> Level:
    """Return what the expert earns; measured once for all runs, and kept."""
    if not path.exists():
        returns = evaluate_policy(
            env, expert, n_episodes=N_EXPERT_EPISODES, random_state=EXPERT_SEED
        )
        text = json.dumps(Level.of(returns.tolist())._asdict())
        path.parent.mkdir(exist_ok=True)
        write_durably(path, lambda part: part.write_text(text))
    return Level(**json.loads(path.read_text()))


def run_ours(run: Run, expert: Any, levels: Path) -> dict[str, Any]:
    """Follow one run of ours, and say what its expert earns."""
    task, setting = TASKS[run.env], SETTINGS[run.setting]
    with gymnasium.make(run.env) as env:
        level = level_of(env, expert, levels / f"{run.env}.json")
        subject = OurDagger(env, expert, level, task, setting, run.seed)
        found = follow(subject, task, budget_of(task, setting), run.seed)
    return found | {"expert": level.mean}


def run_peer(run: Run, expert: Any) -> dict[str, Any]:
    """Follow one run of imitation's, and say what its expert earns there."""
    task, setting = TASKS[run.env], SETTINGS[run.setting]
    with tempfile.TemporaryDirectory() as folder, ImitationPeer() as peer:
        path = Path(folder) / "expert.npz"
        expert.save(path)
        subject = ImitationDagger(peer, path, setting, run.seed)
        found = follow(subject, task, budget_of(task, setting), run.seed)
        return found | {"expert": subject.level.mean}


def make(run: Run, levels: Path, experts: Path | None) -> dict[str, Any]:
    """Follow a run of either side."""
    expert = expert_of(run.env, experts)
    if isinstance(SETTINGS[run.setting], PeerSetting):
        return run_peer(run, expert)
    return run_ours(run, expert, levels)


def asked_for(args: argparse.Namespace) -> list[Run]:
    """Return the runs that the command line names, those of the first seeds first."""
    return [
        Run(env, name, seed)
        for seeds in (SEEDS, OTHER_SEEDS)
        for name in args.settings
        for env in args.envs
        if SETTINGS[name].envs is None or env in SETTINGS[name].envs
        for seed in seeds
        if seed in args.seeds
    ]


def list_runs(runs: list[Run], kept: RunFolder) -> None:
    """Print how many runs of each kind are finished."""
    for env, setting in dict.fromkeys((run.env, run.setting) for run in runs):
        seeds = [run.seed for run in runs if (run.env, run.setting) == (env, setting)]
        done = [seed for seed in seeds if kept.has(Run(env, setting, seed))]
        print(f"{env}, {setting}: {len(done)} of {len(seeds)} finished {done}")


def report(kept: RunFolder, results: Path) -> None:
    """Write what is finished where it is read, and print the tables."""
    rows = kept.summarize()
    text = as_markdown(rows)
    print(f"\n{text}")
    if results == RESULTS:
        write_into(PAGE, "labels", text)
        write_into(PAGE, "label-rules", against_chance(rows, RULES, SEEDS))
    for env in dict.fromkeys(row["env"] for row in rows):
        draw([row for row in rows if row["env"] == env], results / f"labels-{env}.png")


def main() -> None:
    """Do the runs that are asked for and not finished, and report on all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--experts", type=Path, help="folder of the CS294 files")
    parser.add_argument("--envs", nargs="+", choices=list(TASKS), default=list(TASKS))
    parser.add_argument(
        "--settings", nargs="+", choices=list(SETTINGS), default=list(SETTINGS)
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=[*SEEDS, *OTHER_SEEDS])
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--out", type=Path, help="folder of the finished runs")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder")
    parser.add_argument("--only", choices=["list", "rules", "report"])
    args = parser.parse_args()
    experts = "bundled" if args.experts is None else "CS294"
    out = args.out or ROOT / "runs" / f"labels-{experts}"
    kept = RunFolder(out, args.results / "labels.json", experts)
    runs = asked_for(args)
    if args.only == "list":
        list_runs(runs, kept)
    elif args.only == "rules":
        print(against_chance(kept.rows(), RULES, SEEDS))
    else:
        if args.results == RESULTS:  # a missing place is known before the work
            find_place(PAGE, "labels")
            find_place(PAGE, "label-rules")
        if args.only is None:
            how = partial(make, levels=out / experts, experts=args.experts)
            Parallel(args.jobs)(delayed(kept.do)(run, how) for run in runs)
        report(kept, args.results)


if __name__ == "__main__":
    main()
