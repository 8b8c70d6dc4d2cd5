"""The image, its probes, and the manifests: what they promise is what the application does.

The Dockerfile itself is built where a Docker daemon runs; its commands are run everywhere.
"""

from __future__ import annotations

import fnmatch
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deployment.conftest import settings
from tests.deployment.processes import EXAMPLE, environment, python_program, running
from tests.deployment.visitor import Visitor
from tests.support.services import ROOT, free_port
from watchword import Argon2Cost, WorkLimits

IMAGE = "registry.example.com/app:1"


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's, each with what follows its name."""
    text = (EXAMPLE / "Dockerfile").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in lines)]


def last(name: str) -> str:
    return [rest for one, rest in instructions() if one == name][-1]


def manifests() -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((EXAMPLE / "kubernetes.yaml").read_text()))


def deployment() -> dict[str, Any]:
    return next(one for one in manifests() if one["kind"] == "Deployment")


def containers() -> Iterator[dict[str, Any]]:
    """Those of all manifests."""

    def found(value: Any) -> Iterator[dict[str, Any]]:
        if isinstance(value, dict):
            yield from value.get("containers", [])
            for inner in value.values():
                yield from found(inner)

    for manifest in manifests():
        yield from found(manifest)


def test_the_image_serves_and_its_health_check_tells(
    environ: dict[str, str], tmp_path: Path
) -> None:
    port = free_port()
    program, *arguments = json.loads(last("CMD"))
    command = [argument.replace("8000", str(port)) for argument in arguments]
    check = json.loads(last("HEALTHCHECK").partition("CMD ")[2])
    assert check[0] == "python"
    asked = [sys.executable, *(argument.replace("8000", str(port)) for argument in check[1:])]
    assert subprocess.run(asked, capture_output=True, check=False).returncode == 1
    with running([python_program(program), *command], tmp_path / "log", environ) as server:
        server.await_answer(port)
        assert subprocess.run(asked, check=False).returncode == 0
        visitor = Visitor(f"http://127.0.0.1:{port}")
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            get = deployment()["spec"]["template"]["spec"]["containers"][0][probe]["httpGet"]
            assert visitor.ask("GET", get["path"]).status == 200


def test_without_its_database_a_server_lives_and_is_not_ready(tmp_path: Path) -> None:
    port, nobody = free_port(), free_port()
    environ = settings(f"postgresql://app@127.0.0.1:{nobody}/app?pool_timeout=0.5")
    program, *arguments = json.loads(last("CMD"))
    command = [argument.replace("8000", str(port)) for argument in arguments]
    with running([python_program(program), *command], tmp_path / "log", environ) as server:
        server.await_answer(port, "/api/auth/ok")
        visitor = Visitor(f"http://127.0.0.1:{port}")
        assert visitor.ask("GET", "/ready").status == 503
        assert visitor.sign_in().status == 503
        assert visitor.get("/ok").status == 200


def test_all_that_the_image_copies_is_there_and_nothing_else_is_sent() -> None:
    let_in = [
        line[1:] for line in (EXAMPLE / ".dockerignore").read_text().splitlines() if line[0] == "!"
    ]
    copied = [
        name
        for instruction, rest in instructions()
        if instruction == "COPY" and not rest.startswith("--from")
        for name in shlex.split(rest)[:-1]
    ]
    assert sorted(copied) == sorted(let_in)
    for name in copied:
        assert (EXAMPLE / name).exists() or name == "*.whl"
    assert not any(fnmatch.fnmatch(".env", pattern) for pattern in let_in)


def test_nothing_runs_as_root() -> None:
    assert int(last("USER")) > 0
    pod = deployment()["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["containers"][0]["securityContext"]["readOnlyRootFilesystem"] is True


def test_there_is_time_to_send_what_was_promised() -> None:
    drain = WorkLimits().drain
    assert isinstance(drain, int)
    pod = deployment()["spec"]["template"]["spec"]
    before = int(pod["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][1])
    assert pod["terminationGracePeriodSeconds"] > before + drain
    services = yaml.safe_load((EXAMPLE / "compose.yaml").read_text())["services"]
    assert int(services["app"]["stop_grace_period"].rstrip("s")) > drain
    settings: dict[str, Any] = {}
    exec((EXAMPLE / "gunicorn.conf.py").read_text(), settings)
    assert settings["graceful_timeout"] > drain
    unit = dict(
        line.split("=", 1)
        for line in (EXAMPLE / "app.service").read_text().splitlines()
        if "=" in line
    )
    assert int(unit["TimeoutStopSec"]) > settings["graceful_timeout"]


def test_commands_of_the_manifests_are_those_of_the_program(environ: dict[str, str]) -> None:
    services = yaml.safe_load((EXAMPLE / "compose.yaml").read_text())["services"]
    commands = [one["args"] for one in containers() if "args" in one]
    commands.append(services["migrate"]["command"])
    assert len(commands) == 3
    for program, *arguments in commands:
        assert program == "watchword"
        done = subprocess.run(
            [sys.executable, "-m", "watchword", *arguments],
            cwd=EXAMPLE,
            env={**environment(), **environ},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr


def test_every_container_of_the_manifests_is_of_one_image() -> None:
    assert {one["image"] for one in containers()} == {IMAGE}


def test_memory_is_enough_for_the_password_hashes() -> None:
    limit = deployment()["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]
    # A quarter of it is for hashes (runtime/machine.py), at least one at a time.
    assert int(limit["memory"].removesuffix("Mi")) * 1024 // 4 >= Argon2Cost().memory


def test_the_unit_is_one_that_systemd_takes(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is missing. Debian: apt-get install systemd")
    # Only what is not on this machine is replaced: programs and the user.
    text = (EXAMPLE / "app.service").read_text()
    text = text.replace("/srv/app/.venv/bin/watchword", "/bin/true")
    text = text.replace("/srv/app/.venv/bin/gunicorn", "/bin/true").replace("User=app\n", "")
    (tmp_path / "app.service").write_text(text)
    command = [analyze, "verify", "--man=no", str(tmp_path / "app.service")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "app.service" not in done.stderr, done.stderr


def test_the_image_builds(tmp_path: Path, environ: dict[str, str]) -> None:
    docker = shutil.which("docker")
    if (
        docker is None
        or subprocess.run([docker, "info"], capture_output=True, check=False).returncode
    ):
        pytest.skip("no Docker daemon runs here: the Dockerfile is not built")
    for name in ("Dockerfile", ".dockerignore", "requirements.txt", "app.py", "gunicorn.conf.py"):
        shutil.copy(EXAMPLE / name, tmp_path)
    wheel = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*wheel, "--wheel-dir", str(tmp_path), str(ROOT)], check=True)
    base = os.environ.get("WATCHWORD_TEST_PYTHON_IMAGE", "python:3.13-slim")
    command = [docker, "build", "--quiet", "--build-arg", f"PYTHON={base}", str(tmp_path)]
    image = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    try:
        variables = ["--env", "BETTER_AUTH_SECRET", "--env", "BETTER_AUTH_URL"]
        loads = [docker, "run", "--rm", "--read-only", *variables, image]
        loads += ["python", "-c", "import app; print(app.auth.base_path)"]
        told = subprocess.run(loads, env={**os.environ, **environ}, capture_output=True, check=True)
        assert told.stdout.strip() == b"/api/auth"
    finally:
        subprocess.run([docker, "rmi", image], check=False, capture_output=True)
