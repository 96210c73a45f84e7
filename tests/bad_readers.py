"""Readers with a fault each, which the fuzzer has to find."""

import os

HELD = []


def hang(path):
    if path.read_bytes() == b"hostile":
        while True:
            HELD.clear()


def take_memory(path):
    if path.read_bytes() == b"hostile":
        HELD.append(b"\1" * 2**28)


def ask_for_memory(path):
    if path.read_bytes() == b"hostile":
        try:
            bytearray(2**50)
        except MemoryError as error:
            raise ValueError(f"{path}: too much") from error


def run_code(path):
    if path.read_bytes() == b"hostile":
        os.system("true")


def write(path):
    if path.read_bytes() == b"hostile":
        path.with_suffix(".more").touch()


def evaluate(path):
    if path.read_bytes() == b"hostile":
        eval("1 + 1")


def die(path):
    if path.read_bytes() == b"hostile":
        os._exit(3)


def raise_another(path):
    if path.read_bytes() == b"hostile":
        raise KeyError("a")


def tell_no_path(path):
    if path.read_bytes() == b"hostile":
        raise ValueError("it is bad")


def valid(path):
    return [b"good"]


def forged(rng, valid):
    return b"hostile"
