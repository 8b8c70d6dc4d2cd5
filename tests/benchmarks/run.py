"""`make bench`: watchword beside the reference, on the same database, machine and work.

Each server is pinned to one core and the load client to another; rounds alternate. What is printed
is what docs/performance.md holds.
"""

from __future__ import annotations

import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT))

from tests.benchmarks.cold_start import cold_start  # noqa: E402
from tests.benchmarks.guards import guards  # noqa: E402
from tests.benchmarks.postgres import postgres_checks  # noqa: E402
from tests.benchmarks.rounds import Measured, Row, Work, alternate, compared  # noqa: E402
from tests.benchmarks.serve import server  # noqa: E402
from tests.benchmarks.session_checks import (  # noqa: E402
    bearer_check,
    blocking_check,
    cached_checks,
    other_answers,
    session_checks,
)
from tests.support.services import free_port, wait_for  # noqa: E402
from watchword import SignInEmail, SignUpEmail  # noqa: E402

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "watchword-bench"
SECRET = "bench-K7pQ2vX9mB4tR8wZ1cY6nH3jL5sD0fGa"
ROUNDS, SECONDS, CONNECTIONS = 5, 3, 16
PACKAGES = ("better-auth@1.7.25", "better-sqlite3@12.11.1")


def main() -> None:
    """Measure everything and print the table."""
    CACHE.mkdir(parents=True, exist_ok=True)
    # Bytecode as an installed package has it, whatever this shell says about it.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = compiled = str(CACHE / "bytecode")
    reference = install_reference()
    for old in CACHE.glob("bench.db*"):
        old.unlink()
    path = str(CACHE / "bench.db")
    os.environ |= {"BENCH_DB": path, "BETTER_AUTH_SECRET": SECRET}
    cookie = prepare()
    rows = session_checks(path, SECRET, cookie)
    rows += other_answers(cookie)
    measure_http(rows, reference, cookie)
    rows += postgres_checks()
    rows += guards(cookie)
    rows += cached_checks(cookie)
    rows.append(bearer_check(cookie))
    rows.append(cold_start(compiled))
    measure_reference_in_process(rows, reference, cookie)
    measure_sign_in(rows)
    measure_stall(rows, cookie)
    print(f"\n{machine()}\n")
    print("| what | measured | wanted |\n|---|---|---|")
    for row in rows:
        print("| " + " | ".join(row) + " |")


def prepare() -> str:
    """A database with one user and one session; the session's cookie."""
    auth = server()
    auth.blocking.migrate()
    person = SignUpEmail(name="Ada", email="ada@example.com", password="correct horse")
    made = auth.blocking.api.sign_up_email(person, return_headers=True)
    auth.blocking.close()
    return made.cookies[0].partition(";")[0]


def measure_http(rows: list[Row], reference: Path | None, cookie: str) -> None:
    """Session checks over HTTP: ours, the bare server's, the reference's, in alternating rounds."""
    path = "/api/auth/get-session"
    commands: dict[str, Callable[[int], list[str]]] = {
        "watchword": lambda port: uvicorn("watchword", port),
        "bare": lambda port: uvicorn("bare", port),
    }
    if reference:
        commands["reference"] = lambda port: node(reference, "serve", port)
    rates: dict[str, list[float]] = {name: [] for name in commands}
    memory: dict[str, float] = {}
    for _ in range(ROUNDS):
        for name, command in commands.items():
            with running(command, core=0) as (port, pid):
                load(port, CONNECTIONS, 1, path, cookie)
                rates[name].append(load(port, CONNECTIONS, SECONDS, path, cookie)[0])
                memory[name] = resident(pid)
    measured = Measured(rates)
    ours, bare = measured.median("watchword"), measured.median("bare")
    rows.append(("get-session over HTTP, requests/s", f"{ours:.0f}", ""))
    share = f"{measured.ratio('watchword', 'bare'):.0%} of {bare:.0f}"
    rows.append(("... of a constant answer's", share, ">= 28%"))
    if reference:
        ratio = f"{measured.ratio('watchword', 'reference'):.1f}x"
        rows.append(("... of the reference", f"{measured.median('reference'):.0f}", ""))
        rows.append(("... over the reference's", ratio, ">= 8x"))
    rows.append(("memory of a worker, all plugins", f"{memory['watchword']:.0f} MB", "<= 60 MB"))
    if reference:
        rows.append(("... of the reference's", f"{memory['reference']:.0f} MB", ""))


def measure_reference_in_process(rows: list[Row], reference: Path | None, cookie: str) -> None:
    """Session checks without HTTP, beside the reference's, in alternating rounds."""
    if reference is None:
        return
    auth = server()
    works: dict[str, Work] = {
        "watchword": blocking_check(auth, cookie),
        "reference": lambda count: float(output(node(reference, "calls", count, cookie))),
    }
    measured = alternate(works, rounds=ROUNDS, calls=3000)
    auth.blocking.close()
    what = "the reference's session check in process over ours"
    rows.append(compared(measured, "reference", "watchword", what=what, wanted=">= 12x"))


def measure_sign_in(rows: list[Row]) -> None:
    """Sign-in beside the bare hash that it cannot do without."""
    auth = server()
    person = SignInEmail(email="ada@example.com", password="correct horse")
    hasher = auth.config.passwords
    stored = hasher.hash("correct horse")
    whole = timed(lambda: auth.blocking.api.sign_in_email(person))
    bare = timed(lambda: hasher.verify(stored, "correct horse"))
    auth.blocking.close()
    rows.append(("sign-in over the bare hash", f"{whole / bare:.3f}x of {bare:.1f} ms", "<= 1.05x"))


def measure_stall(rows: list[Row], cookie: str) -> None:
    """Session checks while four clients sign in as fast as they can."""
    path, body = "/api/auth/get-session", '{"email":"ada@example.com","password":"correct horse"}'
    with running(lambda port: uvicorn("watchword", port), core=None) as (port, _):
        load(port, 1, 1, path, cookie, core=None)
        _, idle50, idle95 = load(port, 1, SECONDS, path, cookie, core=None)
        sign_ins = subprocess.Popen(
            load_command(port, 4, SECONDS + 3, "/api/auth/sign-in/email", "", body),
            stdout=subprocess.PIPE,
            text=True,
        )
        time.sleep(1)
        _, busy50, busy95 = load(port, 1, SECONDS, path, cookie, core=None)
        rate = float(sign_ins.communicate()[0].split()[0])
    text = f"{busy50:.2f} / {idle50:.2f} ms = {busy50 / idle50:.1f}x"
    rows.append((f"get-session p50 under {rate:.0f} sign-ins/s, over idle", text, ""))
    text = f"{busy95:.2f} / {idle95:.2f} ms = {busy95 / idle95:.1f}x"
    rows.append(("... p95", text, "<= 1.5x"))


def timed(work: Callable[[], Any], count: int = 15) -> float:
    """The median time of a piece of work, in milliseconds."""
    times: list[float] = []
    for _ in range(count):
        started = time.perf_counter()
        work()
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times)


def uvicorn(app: str, port: int) -> list[str]:
    """One worker with the fast loop and parser."""
    command = [sys.executable, "-m", "uvicorn", "--factory", f"tests.benchmarks.serve:{app}"]
    command += ["--port", str(port), "--loop", "uvloop", "--http", "httptools"]
    return [*command, "--log-level", "warning", "--no-access-log"]


def node(reference: Path, mode: str, number: int, cookie: str = "") -> list[str]:
    """The reference, serving or calling itself."""
    return ["node", str(reference), mode, str(number), os.environ["BENCH_DB"], cookie]


def load_command(port: int, connections: int, seconds: int, *rest: str) -> list[str]:
    words = [str(HERE / "load.py"), str(port), str(connections), str(seconds), *rest]
    return [sys.executable, *words]


def load(
    port: int, connections: int, seconds: int, path: str, cookie: str, core: int | None = 1
) -> tuple[float, float, float]:
    """Requests per second, p50 and p95 in milliseconds."""
    command = load_command(port, connections, seconds, path, cookie)
    rate, p50, p95 = output(pinned(command, core)).split()
    return float(rate), float(p50), float(p95)


@contextmanager
def running(
    command: Callable[[int], list[str]], core: int | None
) -> Generator[tuple[int, int], None, None]:
    """A server on a free port; its port and process id."""
    port = free_port()
    process = subprocess.Popen(pinned(command(port), core), cwd=ROOT)
    try:
        wait_for(f"http://127.0.0.1:{port}/api/auth/get-session", process)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(10)


def pinned(command: list[str], core: int | None) -> list[str]:
    """The command on one core, where the system can do that."""
    if core is None or not shutil.which("taskset") or (os.cpu_count() or 1) < 2:
        return command
    return ["taskset", "-c", str(core), *command]


def output(command: list[str]) -> str:
    done = subprocess.run(
        command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT, timeout=120
    )
    return done.stdout


def resident(pid: int) -> float:
    """Resident memory in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def install_reference() -> Path | None:
    """The reference's script in a cache folder with its packages; None without Node."""
    if not shutil.which("npm"):
        print("Node is missing: the reference's columns are left out.")
        return None
    CACHE.mkdir(parents=True, exist_ok=True)
    if not (CACHE / f".ready-{PACKAGES[0]}").exists():
        print("Installing the reference (better-sqlite3 compiles for some minutes) ...")
        install = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(CACHE)]
        rebuild = ["npm", "rebuild", "--silent", "--prefix", str(CACHE), "better-sqlite3"]
        try:
            subprocess.run([*install, *PACKAGES], check=True)
            subprocess.run(rebuild, check=True, capture_output=True)
        except subprocess.CalledProcessError:
            print("The reference cannot be installed: its columns are left out.")
            return None
        (CACHE / f".ready-{PACKAGES[0]}").touch()
    return Path(shutil.copy(HERE / "reference.mjs", CACHE / "reference.mjs"))


def machine() -> str:
    """What was measured on."""
    cpu = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    node = output(["node", "--version"]).strip() if shutil.which("node") else "no Node"
    return f"{cpu}, {os.cpu_count()} cores; Python {platform.python_version()}, Node {node}"


if __name__ == "__main__":
    main()
