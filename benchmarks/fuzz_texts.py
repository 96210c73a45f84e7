"""Texts that are forged: JSON, what safetensors says of itself, CSV, arguments."""

import json
import random
from typing import Any

_DEEP = "[" * 100_000
_VALUES: list[Any] = [
    None,
    True,
    -1,
    0,
    10**30,
    -0.0,
    1e308,
    float("nan"),
    float("inf"),
    "",
    "NaN",
    "\ud800",
    "\x1b[2J\n",
    "a" * 200_000,
    [],
    [[]],
    {},
    {"": None},
    [0] * 50_000,
    [[i] for i in range(20_000)],
]
_TEXTS = [
    "",
    "null",
    "[",
    _DEEP,
    _DEEP + "]" * 100_000,
    '{"a":' * 50_000,
    "[" * 900 + "]" * 900,
    "9" * 100_000,
    "1e999",
    '{"a": 1, "a": 2}',
    "\ufeff{}",
    '{"__class__": "os.system"}',
    "!!python/object/apply:os.system ['true']",
    '"\\ud800"',
]


def forged_json(rng: random.Random, valid: list[bytes]) -> bytes:
    """Return JSON with something else in it."""
    if rng.random() < 0.3:
        return rng.choice(_TEXTS).encode()
    content = changed(rng, json.loads(rng.choice(valid)))
    text = json.dumps(content)
    if rng.random() < 0.2:  # something twice
        text = text.replace("{", '{"versions": 1, "seconds": 2, "rows": 3, ', 1)
    return text.encode("utf-8", "surrogatepass")


def changed(rng: random.Random, content: Any) -> Any:
    """Return JSON's containers with one thing in them changed, left out or wrapped."""
    way = rng.randrange(4)
    if not isinstance(content, dict | list) or not content or way == 0:
        return rng.choice([*_VALUES, [content], {"a": content}, str(content)])
    key = rng.choice([*content] if isinstance(content, dict) else range(len(content)))
    if way == 1 and isinstance(content, dict):
        return {k: value for k, value in content.items() if k != key}
    copy: Any = content.copy()
    copy[key] = changed(rng, content[key])
    return copy


def forged_safetensors(rng: random.Random, valid: list[bytes]) -> bytes:
    """Return a policy that says of itself what is not so."""
    data = rng.choice(valid)
    length = int.from_bytes(data[:8], "little")
    header, body = json.loads(data[8 : 8 + length]), data[8 + length :]
    way = rng.randrange(6)
    if way == 0:  # a length that lies
        edges = (0, 1, length - 1, length + 1, 2**20, 2**27, 2**32, 2**63, 2**64 - 1)
        return rng.choice(edges).to_bytes(8, "little") + data[8:]
    metadata = header["__metadata__"]
    if way in (1, 2):
        described = json.loads(metadata["skimitate_policy"])
        text = json.dumps(changed(rng, described))
        metadata["skimitate_policy"] = rng.choice((text, text, text, *_TEXTS))
    elif way == 3:
        metadata[rng.choice(("more", "skimitate_policy"))] = "a" * 6_000_000
    else:
        header = changed(rng, header)
        name = "bias_0"
        is_dict = way == 5 and isinstance(header, dict)
        if is_dict and isinstance(header.get(name), dict):
            header[name][rng.choice(("shape", "data_offsets"))] = rng.choice(
                ([], [0], [2**62, 2**62], [0, 2**40], [8, 0], [-1, 4], [1] * 10_000)
            )
            header[name]["dtype"] = rng.choice(("F32", "F64", "BF16", "F8_E4M3", "X"))
        if is_dict and rng.random() < 0.2:
            empty = {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
            header |= {str(i): empty for i in range(20_000)}
    text = json.dumps(header).encode("utf-8", "surrogatepass")
    text = rng.choice((text, text, text, text, rng.choice(_TEXTS).encode()))
    return len(text).to_bytes(8, "little") + text + body


_CELLS = (
    "nan",
    "inf",
    "-inf",
    "1e999",
    "",
    " ",
    '"',
    '"a\nb"',
    "\0",
    "ü",
    "1" * 5_000,
    "9" * 150_000,
    "1_000",
    "0x10",
    "=cmd|' /C calc'!A0",
    "True",
    "\u0661",
    "1;2",
    "1\t2",
)


def forged_csv(rng: random.Random, valid: list[bytes]) -> bytes:
    """Return a table with other cells."""
    rows = [line.split(",") for line in rng.choice(valid).decode().split("\n")]
    way = rng.randrange(6)
    row = rng.choice(rows)
    if way <= 2:
        row[rng.randrange(len(row))] = rng.choice(_CELLS)
    elif way == 3:
        cell = rng.choice(_CELLS)
        row += [cell] * rng.choice((1, min(50_000, 500_000 // (1 + len(cell)))))
    elif way == 4:
        rows[0] = [rng.choice((*rows[0], *_CELLS)) for _ in rows[0]]
    else:
        rows = rows * 20 if rng.random() < 0.5 else rows[:1]
    separator = rng.choice(",,,;\t")
    text = "\n".join(separator.join(row) for row in rows)
    return text.encode(rng.choice(("utf-8", "utf-8", "utf-8-sig", "utf-16")))


_ARGUMENTS = (
    "--seed",
    "--out",
    "--episodes",
    "--expert",
    "--policy",
    "--jobs",
    "--env-arg",
    "--rounds",
    "--help",
    "--epochs",
    "--",
    "-",
    "",
    "\0",
    "@/etc/passwd",
    "-1",
    "1e9",
    "9" * 5_000,
    "nan",
    "a=b",
    "a=__import__('os')",
    "$(true)",
    "`true`",
    "é",
    "\ud800",
    "a" * 100_000,
    "max_episode_steps=1e999",
    "x={" * 1_000,
    "x=" + "(" * 5_000,
    "[1,2",
)


def forged_arguments(rng: random.Random, valid: list[bytes]) -> bytes:
    """Return arguments, one a line, some of them others."""
    words = rng.choice(valid).decode().split("\n")
    for _ in range(rng.randint(1, 4)):
        at = rng.randint(0, len(words))
        words[at : at + rng.randint(0, 1)] = [rng.choice(_ARGUMENTS)]
    return "\n".join(words).encode("utf-8", "surrogatepass")
