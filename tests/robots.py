"""Files as robomimic and LeRobot write them, by their documented layouts.

Their libraries pin versions that do not go with ours.
"""

import json

import h5py
import numpy as np
import pyarrow as pa
from pyarrow import parquet


def write_robomimic(path, lengths=(3, 2), *, images=False, change=None):
    """Write demonstrations as robomimic 0.5 has them; return what is in each."""
    rng = np.random.default_rng(0)
    demonstrations = []
    with h5py.File(path, "w") as file:
        data = file.create_group("data")
        data.attrs["total"] = sum(lengths)
        data.attrs["env_args"] = json.dumps(
            {"env_name": "Lift", "env_type": 1, "env_kwargs": {}}
        )
        for number, n in enumerate(lengths):
            demo = data.create_group(f"demo_{number}")
            demo.attrs["num_samples"] = n
            demo.attrs["model_file"] = "<mujoco/>"
            parts = {
                "states": rng.normal(size=(n, 5)),
                "actions": rng.uniform(-1, 1, size=(n, 2)),
                "rewards": np.eye(n)[-1],
                "dones": (np.arange(n) >= n - 2).astype(np.int64),
                "obs/object": rng.normal(size=(n, 2)),
                "obs/eef_pos": rng.normal(size=(n, 3)),
                "obs/gripper": rng.normal(size=n),
            }
            parts |= {
                name.replace("obs", "next_obs"): np.roll(parts[name], -1, axis=0)
                for name in list(parts)
                if name.startswith("obs/")
            }
            if images:
                parts["obs/agentview_image"] = np.zeros((n, 8, 8, 3), np.uint8)
            for name, array in parts.items():
                demo.create_dataset(name, data=array)
            demonstrations.append(parts)
        names = [f"demo_{number}" for number in range(len(lengths))]
        file.create_dataset("mask/train", data=np.array(names[1:], dtype="S"))
        file.create_dataset("mask/valid", data=np.array(names[:1], dtype="S"))
        if change is not None:
            change(file)
    return demonstrations


STEPS = {
    "observation.state": "float32",
    "action": "float32",
    "next.reward": "float32",
    "next.success": "bool",
    "timestamp": "float32",
    "frame_index": "int64",
    "episode_index": "int64",
    "index": "int64",
    "task_index": "int64",
}


def write_lerobot(root, version, lengths=(3, 2, 4), *, per_file=2, videos=(), **info):
    """Write a data set of LeRobot's; return its columns."""
    columns = lerobot_columns(lengths)
    features = {
        name: {"dtype": dtype, "shape": [*np.shape(columns[name])[1:]] or [1]}
        for name, dtype in STEPS.items()
    }
    features |= {
        name: {"dtype": "video", "shape": [96, 96, 3], "names": ["h", "w", "c"]}
        for name in videos
    }
    about = {
        "codebase_version": version,
        "robot_type": "so100",
        "total_episodes": len(lengths),
        "total_frames": sum(lengths),
        "chunks_size": 1000,
        "fps": 10,
        "features": features,
    }
    write_text(root / "meta" / "info.json", json.dumps(about | info))
    if version == "v3.0":
        _write_version_3(root, columns, lengths, per_file)
    else:
        _write_version_2(root, columns, lengths)
    return columns


def lerobot_columns(lengths):
    n = sum(lengths)
    rng = np.random.default_rng(1)
    ids = np.repeat(np.arange(len(lengths)), lengths)
    frames = np.concatenate([np.arange(length) for length in lengths])
    return {
        "observation.state": rng.normal(size=(n, 3)).astype(np.float32),
        "action": rng.normal(size=(n, 2)).astype(np.float32),
        "next.reward": rng.normal(size=n).astype(np.float32),
        "next.success": np.diff(ids, append=-1) != 0,
        "timestamp": (frames / 10).astype(np.float32),
        "frame_index": frames,
        "episode_index": ids,
        "index": np.arange(n),
        "task_index": np.zeros(n, np.int64),
    }


def write_steps(path, columns, rows):
    """Write rows as a Parquet file, with lists where there is more than a number."""
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = {
        name: pa.array(list(a[rows])) if a.ndim > 1 else pa.array(a[rows])
        for name, a in columns.items()
    }
    parquet.write_table(pa.table(arrays), path)


def write_text(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _write_version_2(root, columns, lengths):
    lines = [
        json.dumps({"episode_index": i, "tasks": ["push"], "length": length})
        for i, length in enumerate(lengths)
    ]
    write_text(root / "meta" / "episodes.jsonl", "\n".join(lines) + "\n")
    for number in range(len(lengths)):
        rows = columns["episode_index"] == number
        write_steps(
            root / "data" / "chunk-000" / f"episode_{number:06d}.parquet", columns, rows
        )


def _write_version_3(root, columns, lengths, per_file):
    numbers = np.arange(len(lengths))
    ends = np.cumsum(lengths)
    episodes = {
        "episode_index": numbers,
        "tasks": [["push"]] * len(lengths),
        "length": np.array(lengths),
        "data/chunk_index": numbers * 0,
        "data/file_index": numbers // per_file,
        "dataset_from_index": ends - lengths,
        "dataset_to_index": ends,
    }
    place = root / "meta" / "episodes" / "chunk-000"
    place.mkdir(parents=True)
    parquet.write_table(pa.table(episodes), place / "file-000.parquet")
    for file in range(numbers[-1] // per_file + 1):
        rows = columns["episode_index"] // per_file == file
        write_steps(
            root / "data" / "chunk-000" / f"file-{file:03d}.parquet", columns, rows
        )
