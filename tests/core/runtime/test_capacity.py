"""How much is done at a time: by cores, by memory, by option."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.core.conftest import MakeAuth
from watchword import Advanced, ConfigurationError, EmailAndPassword, WorkLimits
from watchword.crypto.passwords import Argon2Cost
from watchword.runtime.machine import parallel_hashes, usable_cores, usable_memory

MIB = 1024 * 1024


@pytest.mark.parametrize(
    ("cores", "memory", "cost", "parallel"),
    [
        (1, 8192 * MIB, 64 * MIB, 1),
        (2, 8192 * MIB, 64 * MIB, 1),
        (4, 8192 * MIB, 64 * MIB, 3),
        (0.5, 8192 * MIB, 64 * MIB, 1),
        (2.5, 8192 * MIB, 64 * MIB, 2),
        (64, 8192 * MIB, 64 * MIB, 32),
        (64, 512 * MIB, 64 * MIB, 2),
        (64, 128 * MIB, 64 * MIB, 1),
        (64, 8192 * MIB, 4096 * MIB, 1),
        (8, 8192 * MIB, 0, 7),
    ],
)
def test_hashes_fit_into_the_cores_but_one_and_a_quarter_of_the_memory(
    cores: float, memory: int, cost: int, parallel: int
) -> None:
    assert parallel_hashes(cores, memory, cost) == parallel


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"memory.max": "268435456\n"}, 256 * MIB),
        ({"memory/memory.limit_in_bytes": "134217728\n"}, 128 * MIB),
        ({"memory.max": "max\n"}, None),
        ({"memory/memory.limit_in_bytes": "9223372036854771712"}, None),
        ({"memory.max": "what is this"}, None),
        ({}, None),
    ],
)
def test_a_container_s_memory_counts(
    tmp_path: Path, files: dict[str, str], expected: int | None
) -> None:
    found = usable_memory(_groups(tmp_path / "groups", files))
    assert found == (usable_memory(tmp_path / "none") if expected is None else expected)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"cpu.max": "50000 100000\n"}, 0.5),
        ({"cpu/cpu.cfs_quota_us": "25000", "cpu/cpu.cfs_period_us": "100000"}, 0.25),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, None),
        ({"cpu.max": "max 100000\n"}, None),
        ({"cpu.max": "1 0"}, None),
        ({}, None),
    ],
)
def test_a_container_s_share_of_the_cores_counts(
    tmp_path: Path, files: dict[str, str], expected: float | None
) -> None:
    found = usable_cores(_groups(tmp_path / "groups", files))
    assert found == (usable_cores(tmp_path / "none") if expected is None else expected)


def test_dear_hashes_are_fewer_at_a_time(make_auth: MakeAuth) -> None:
    dear = Argon2Cost(memory=usable_memory() // 4 // 1024 + 1, passes=1)
    auth = make_auth(email_and_password=EmailAndPassword(enabled=True, argon2_cost=dear))
    assert auth.config.capacity.hashes.parallel == 1
    assert auth.config.capacity.hashes.queue == 64


def test_what_is_chosen_wins(make_auth: MakeAuth) -> None:
    work = WorkLimits(hashes=9, hash_queue=1, hash_wait=0.5, background=2, drain=1.5)
    capacity = make_auth(advanced=Advanced(work=work)).config.capacity
    hashes = capacity.hashes
    assert (hashes.parallel, hashes.queue, hashes.wait) == (9, 1, 0.5)
    assert (capacity.background, capacity.drain) == (2, 1.5)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("hashes", 0),
        ("hashes", 10_000),
        ("hash_queue", -1),
        ("hash_wait", -1),
        ("callback_threads", 0),
        ("callback_queue", "many"),
        ("background", 0),
        ("background_queue", -1),
        ("drain", float("nan")),
    ],
)
def test_wrong_limits_are_refused_by_name(name: str, value: object) -> None:
    given: dict[str, object] = {name: value}
    with pytest.raises(ConfigurationError) as caught:
        WorkLimits(**given)  # type: ignore[arg-type]
    assert caught.value.option == f"advanced.work.{name}"


def test_limits_of_another_kind_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="WorkLimits"):
        Advanced(work={"hashes": 2})  # type: ignore[arg-type]


def _groups(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return folder
