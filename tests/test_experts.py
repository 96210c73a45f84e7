"""Experts: the CS294 format and its traps, files that lie, the bundled ones."""

import itertools
import os
import pickle
import types
from pathlib import Path

import gymnasium
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skimitate import evaluate_policy, load_expert
from skimitate.data._bundled import bundled_card, bundled_files
from skimitate.experts._identity import identify_expert

CS294 = Path(__file__).resolve().parents[2] / "shared" / "experts"


def cs294_content(n_features=11, n_outputs=3, nonlin="tanh", seed=0):
    rng = np.random.default_rng(seed)
    sizes = [n_features, 64, 64]
    mean = rng.normal(size=(1, n_features))
    std = rng.uniform(0.5, 2, size=(1, n_features))
    hidden = {
        f"layer_{2 * i}": {
            "AffineLayer": {
                "W": rng.normal(size=shape) / 8,
                "b": rng.normal(size=(1, shape[1])),
            }
        }
        for i, shape in enumerate(itertools.pairwise(sizes))
    }
    return {
        "nonlin_type": nonlin,
        "GaussianPolicy": {
            "obsnorm": {
                "Standardizer": {
                    "mean_1_D": mean,
                    "meansq_1_D": std**2 + mean**2,
                    "count": np.array(7.0),
                }
            },
            "hidden": {"FeedforwardNet": hidden},
            "out": {
                "AffineLayer": {
                    "W": rng.normal(size=(64, n_outputs)),
                    "b": rng.normal(size=(1, n_outputs)),
                }
            },
            "logstdevs_1_Da": np.zeros((1, n_outputs)),
        },
    }


def cs294_file(tmp_path, content, protocol=2):
    path = tmp_path / "expert.pkl"
    path.write_bytes(pickle.dumps(content, protocol=protocol))
    return path


def forward(content, observations):
    """The forward pass as the format is described, on the file's own features."""
    policy = content["GaussianPolicy"]
    statistics = policy["obsnorm"]["Standardizer"]
    mean = statistics["mean_1_D"]
    std = np.sqrt(np.maximum(0, statistics["meansq_1_D"] - mean**2))
    x = (observations - mean) / (std + 1e-6)
    x[:, std[0] < 1e-3] = 0.0
    for name in ("layer_0", "layer_2"):
        layer = policy["hidden"]["FeedforwardNet"][name]["AffineLayer"]
        x = x @ layer["W"] + layer["b"]
        if content["nonlin_type"] == "tanh":
            x = np.tanh(x)
        else:
            x = np.where(x > 0, x, 0.01 * x)
    return x @ policy["out"]["AffineLayer"]["W"] + policy["out"]["AffineLayer"]["b"]


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
@pytest.mark.parametrize("nonlin", ["tanh", "lrelu"])
def test_the_forward_pass_of_a_cs294_file(tmp_path, nonlin, protocol):
    content = cs294_content(nonlin=nonlin)
    expert = load_expert(cs294_file(tmp_path, content, protocol))
    X = np.random.default_rng(1).normal(size=(6, 11))
    assert_allclose(expert(X), forward(content, X), rtol=1e-10, atol=1e-12)
    assert_allclose(expert(X[:1]), expert(X)[:1], rtol=1e-12)


@pytest.mark.parametrize(
    ("widths", "zeros"),
    [
        ((111, 8, 105), [(27, 6)]),
        ((11, 2, 10), [(10, 1)]),
        ((376, 17, 348), [(45, 10), (175, 6), (253, 6), (270, 6)]),
    ],
)
def test_dropped_observations_are_put_back_as_zeros(tmp_path, widths, zeros):
    n_file, n_outputs, n_env = widths
    content = cs294_content(n_file, n_outputs)
    expert = load_expert(cs294_file(tmp_path, content))
    X = np.random.default_rng(1).normal(size=(4, n_env))
    padded = X
    for position, count in reversed(zeros):
        padded = np.insert(padded, [position] * count, 0.0, axis=1)
    assert padded.shape[1] == n_file
    # The dropped features were constant zeros in training.
    statistics = content["GaussianPolicy"]["obsnorm"]["Standardizer"]
    dropped = np.isin(np.arange(n_file), np.flatnonzero((padded == 0).all(axis=0)))
    for key in ("mean_1_D", "meansq_1_D"):
        statistics[key][:, dropped] = 0.0
    expert = load_expert(cs294_file(tmp_path, content))
    assert_allclose(expert(X), forward(content, padded), rtol=1e-10, atol=1e-12)


def test_a_near_constant_dimension_carries_no_information(tmp_path):
    content = cs294_content()
    statistics = content["GaussianPolicy"]["obsnorm"]["Standardizer"]
    statistics["mean_1_D"][0, 4] = 8.32
    statistics["meansq_1_D"][0, 4] = 8.32**2 + 1e-8
    expert = load_expert(cs294_file(tmp_path, content))
    X = np.random.default_rng(1).normal(size=(6, 11))
    moved = X.copy()
    moved[:, 4] = 8.91
    assert_array_equal(expert(X), expert(moved))
    assert_allclose(expert(X), forward(content, X), rtol=1e-10, atol=1e-12)


class Evil:
    """Asks the unpickler to call something."""

    def __init__(self, function, *args):
        self.call = function, args

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", [0, 2, 4])
@pytest.mark.parametrize(
    ("function", "name"),
    [
        (os.system, "system"),
        (eval, "eval"),
        (getattr, "getattr"),
        (np.load, "numpy.*load"),
        (np.fromfile, "numpy.*fromfile"),
        (types.SimpleNamespace, "types.SimpleNamespace"),
    ],
)
def test_a_file_that_asks_for_anything_else_is_refused(
    tmp_path, function, name, protocol
):
    marker = tmp_path / "ran"
    content = cs294_content()
    content["more"] = Evil(function, f"touch {marker}")
    path = cs294_file(tmp_path, content, protocol)
    with pytest.raises(ValueError, match=rf"expert.pkl: .*it asks for .*{name}"):
        load_expert(path)
    assert not marker.exists()


class Forged:
    """An array that says something else of itself than NumPy would."""

    def __init__(self, code="f8", state=None, **changes):
        self.code = code
        self.state = {"shape": (2,), "fortran": False, "data": bytes(16)} | changes

    def __reduce__(self):
        dtype = np.dtype(self.code) if isinstance(self.code, str) else self.code
        state = (1, self.state["shape"], dtype, False, self.state["data"])
        reconstruct = np.zeros(1).__reduce__()[0]
        return reconstruct, (np.ndarray, (0,), b"b"), state


@pytest.mark.parametrize(
    ("forged", "message"),
    [
        (Forged("O"), "arrays of type 'O8'"),
        (Forged("U4"), "arrays of type 'U4'"),
        (Forged(np.dtype([("a", "f8")])), "arrays of type 'V8'"),
        (Forged(code=3), "not of numbers"),
        (Forged(data=[1, 2]), "not of numbers"),
        (Forged(data=bytes(15)), "15 bytes for an array"),
        (Forged(shape=(-2,)), "of shape"),
        (Forged(shape=("a",)), "of shape"),
    ],
)
@pytest.mark.parametrize("protocol", [2, 4])
def test_forged_arrays_are_refused(tmp_path, forged, message, protocol):
    content = cs294_content()
    content["more"] = forged
    with pytest.raises(ValueError, match=message):
        load_expert(cs294_file(tmp_path, content, protocol))


def test_a_file_cannot_change_the_functions_it_names(tmp_path):
    # BUILD sets the state of what stands on the stack: here, of a function.
    text = b"cnumpy.core.numeric\n_frombuffer\n(N}V__defaults__\nNstb."
    path = tmp_path / "expert.pkl"
    path.write_bytes(text)
    with pytest.raises(ValueError, match="sets the state of something"):
        load_expert(path)
    array = np.arange(3.0)
    assert_array_equal(pickle.loads(pickle.dumps(array, protocol=5)), array)


def test_bytes_may_only_be_spelled_in_latin1(tmp_path):
    text = b"c_codecs\nencode\n(Vabc\nVrot13\ntR."
    path = tmp_path / "expert.pkl"
    path.write_bytes(text)
    with pytest.raises(ValueError, match="not latin1"):
        load_expert(path)


def without(content, *keys):
    inner = content
    for key in keys[:-1]:
        inner = inner[key]
    del inner[keys[-1]]
    return content


def with_value(content, value, *keys):
    inner = content
    for key in keys[:-1]:
        inner = inner[key]
    inner[keys[-1]] = value
    return content


OUT = ("GaussianPolicy", "out", "AffineLayer")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([1, 2, 3], "expected a CS294 expert file, but list indices"),
        (without(cs294_content(), "GaussianPolicy"), "no entry 'GaussianPolicy'"),
        (without(cs294_content(), *OUT, "W"), "no entry 'W'"),
        (with_value(cs294_content(), np.zeros((3, 3)), *OUT, "W"), "layer 3: .*64"),
        (with_value(cs294_content(), np.full((64, 3), np.nan), *OUT, "W"), "finite"),
        (with_value(cs294_content(), "sine", "nonlin_type"), "activation: .*'sine'"),
        (
            with_value(cs294_content(), "text", *OUT, "b"),
            "b in it is no array",
        ),
    ],
)
def test_a_file_of_another_content_is_refused(tmp_path, content, message):
    with pytest.raises(ValueError, match=message):
        load_expert(cs294_file(tmp_path, content))


@pytest.mark.parametrize(
    "data", [b"", b"not a pickle", pickle.dumps(cs294_content())[:500]]
)
def test_a_file_that_is_no_pickle_is_refused(tmp_path, data):
    path = tmp_path / "expert.pkl"
    path.write_bytes(data)
    with pytest.raises(ValueError, match="expected a CS294 expert file"):
        load_expert(path)


def test_names_that_lead_nowhere(tmp_path):
    with pytest.raises(
        ValueError, match=r"expected a bundled expert \(Acrobot-v1, Ant-v5"
    ):
        load_expert("Hopper-v1")
    with pytest.raises(IsADirectoryError, match="expected a file that ends in"):
        load_expert(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"no such file: .*missing.pkl"):
        load_expert(tmp_path / "missing.pkl")


def test_observations_of_another_width_are_refused():
    with pytest.raises(ValueError, match=r"expected 11 features, got shape \(1, 4\)"):
        load_expert("Hopper-v5")(np.zeros((1, 4)))


def test_saved_experts_act_alike(tmp_path):
    expert = load_expert("Hopper-v5")
    expert.save(tmp_path / "copy.npz")
    other = load_expert(tmp_path / "copy.npz")
    X = np.random.default_rng(0).normal(size=(5, 11))
    assert_allclose(other(X), expert(X), rtol=1e-6)
    (tmp_path / "bad.npz").write_bytes(b"nothing")
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    np.savez(tmp_path / "pickled.npz", mean=np.array([{}], dtype=object))
    with open(tmp_path / "array.npz", "wb") as file:
        np.save(file, np.zeros(3))
    flat = load_expert("Hopper-v5")
    flat.units.input_scale[:] = 0
    flat.save(tmp_path / "flat.npz")
    for name in ("bad.npz", "other.npz", "pickled.npz", "array.npz", "flat.npz"):
        with pytest.raises(ValueError, match=f"{name}: expected an expert"):
            load_expert(tmp_path / name)


def test_six_bundled_experts_are_files_and_they_are_small():
    names = ("Ant", "HalfCheetah", "Hopper", "Humanoid", "Reacher", "Walker2d")
    assert set(bundled_files("experts")) == {f"{name}-v5" for name in names}
    assert sum(len(f.read_bytes()) for f in bundled_files("experts").values()) < 1.5e6


# Episodes of Reacher are short; those of the others have 1,000 steps.
QUICK_FIRST = [
    env if env == "Reacher-v5" else pytest.param(env, marks=pytest.mark.slow)
    for env in sorted(bundled_files("experts"))
]


@pytest.mark.parametrize("env", QUICK_FIRST)
def test_a_bundled_expert_earns_what_its_card_says(env):
    card = bundled_card("experts", env)
    reacher = env == "Reacher-v5"
    evaluation = card["evaluation"] | {"n_episodes": 30 if reacher else 3}
    returns = evaluate_policy(env, load_expert(env), **evaluation)
    # The median: Humanoid and Walker2d fall now and then, which the mean counts.
    tolerance = 1.0 if reacher else 0.15 * card["mean_return"]
    assert abs(np.median(returns) - card["mean_return"]) < tolerance
    original = card["cs294_expert"]["mean_return"]
    lowest = original - 0.5 if reacher else 0.97 * original
    assert card["mean_return"] >= lowest
    assert "CS294" in card["origin"]


@pytest.mark.slow
@pytest.mark.skipif(not CS294.is_dir(), reason="the CS294 expert files are not here")
@pytest.mark.parametrize("env", sorted(bundled_files("experts")))
def test_a_bundled_expert_earns_what_the_original_earns(env):
    original = load_expert(CS294 / f"{env.removesuffix('-v5')}-v1.pkl")
    reacher = env == "Reacher-v5"
    options = {"n_episodes": 20 if reacher else 3, "random_state": 2}
    # The median: Humanoid and Walker2d fall now and then, as the original does.
    theirs, ours = (
        np.median(evaluate_policy(env, expert, **options))
        for expert in (original, load_expert(env))
    )
    assert ours >= (theirs - 0.5 if reacher else 0.97 * theirs)


def test_what_tells_experts_apart(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    module = tmp_path / "someones.py"
    module.write_text("def expert(X):\n    return X\n")
    load_expert("Hopper-v5").save(tmp_path / "one.npz")
    load_expert("Reacher-v5").save(tmp_path / "two.npz")
    specs = (str(tmp_path / "one.npz"), str(tmp_path / "two.npz"), "Hopper-v5")
    identities = {identify_expert(spec) for spec in (*specs, "someones:expert")}
    module.write_text("def expert(X):\n    return -X\n")
    identities.add(identify_expert("someones:expert"))
    assert len(identities) == 5
    assert not any(str(tmp_path) in identity for identity in identities)
    assert identify_expert("math:sin").startswith("math:sin")


# The files are not the project's to ship; made-up ones are tested above.
@pytest.mark.skipif(not CS294.is_dir(), reason="the CS294 expert files are not here")
@pytest.mark.parametrize(
    ("name", "at_least"),
    [
        pytest.param("Ant", 4000, marks=pytest.mark.slow),
        pytest.param("HalfCheetah", 3900, marks=pytest.mark.slow),
        pytest.param("Hopper", 3700, marks=pytest.mark.slow),
        pytest.param("Humanoid", 4000, marks=pytest.mark.slow),
        ("Reacher", -7),
        pytest.param("Walker2d", 2500, marks=pytest.mark.slow),
    ],
)
def test_the_cs294_experts_work_on_v5(name, at_least):
    expert = load_expert(CS294 / f"{name}-v1.pkl")
    returns = evaluate_policy(f"{name}-v5", expert, n_episodes=2, random_state=0)
    assert returns.mean() > at_least


def test_the_hopper_expert_walks_for_a_whole_episode():
    env = gymnasium.make("Hopper-v5")
    expert = load_expert("Hopper-v5")
    observation, _ = env.reset(seed=3)
    ended, n_steps = False, 0
    while not ended:
        action = expert(observation[None])[0].clip(-1, 1).astype(np.float32)
        observation, _, terminated, truncated, _ = env.step(action)
        ended, n_steps = terminated or truncated, n_steps + 1
    env.close()
    assert n_steps == 1000
