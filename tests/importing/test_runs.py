"""How a run goes: broken off and run again, tried out, reported, over users that are there."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Iterator
from typing import Any, get_args
from unittest import mock

import bcrypt
import psycopg
import pytest

from tests.cli.conftest import APP, SECRET, Workplace, refused
from tests.importing.conftest import PASSWORD, Target
from watchword import Auth, SignUpEmail
from watchword.cli.import_users import Name
from watchword.database.contract import UniqueViolation
from watchword.importing.imported import ImportedUser, Read
from watchword.importing.report import Report
from watchword.importing.runner import Runner, RunOptions
from watchword.importing.sources import SOURCES
from watchword.runtime.blocking import finish

HASH = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
MANY = 2000


def lines(*users: dict[str, Any]) -> str:
    return "".join(json.dumps(user) + "\n" for user in users)


def user(n: int, **more: object) -> dict[str, Any]:
    accounts = [{"provider": "google", "account_id": f"g-{n}"}] if n % 3 == 0 else []
    it = {"id": f"old-{n}", "email": f"user{n}@example.com", "name": f"User {n}"}
    return {**it, "password_hash": HASH, "accounts": accounts, **more}


class TestBrokenOff:
    """SIGKILL in the middle, then the same command again."""

    def run(self, work: Workplace, count: Any) -> None:
        environ = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(sys.path),
            "BETTER_AUTH_SECRET": SECRET,
        }
        command = [sys.executable, "-m", "watchword", "import", "ndjson", "-"]
        command += ["--batch-size", "100"]
        process = subprocess.Popen(
            command, cwd=work.folder, env=environ, stdin=subprocess.PIPE, text=True
        )
        assert process.stdin is not None
        # The pipe stays open: half of the users have come, and the process waits for more.
        process.stdin.write(lines(*(user(n) for n in range(MANY // 2 + 50))))
        process.stdin.flush()
        end = time.monotonic() + 60
        while count('"user"') < MANY // 4 and time.monotonic() < end:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        assert process.wait(60) == -signal.SIGKILL
        process.stdin.close()
        before = count('"user"')
        assert 0 < before < MANY

        whole = lines(*(user(n) for n in range(MANY)))
        again = subprocess.run(
            command, cwd=work.folder, env=environ, input=whole, text=True, capture_output=True
        )

        assert again.returncode == 0, again.stderr
        assert f"{MANY - before} users imported" in again.stdout
        assert f"{before} users kept as they are" in again.stdout
        assert count('"user"') == MANY
        assert count("account") == MANY + len(range(0, MANY, 3))
        assert count("account WHERE \"providerId\" = 'credential'") == MANY

    def test_on_sqlite(self, work: Workplace) -> None:
        assert work("migrate", "--yes").status == 0
        file = work.folder / "app.db"

        def count(table: str) -> int:
            connection = sqlite3.connect(file, timeout=30)
            try:
                (found,) = connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()
            finally:
                connection.close()
            return found

        self.run(work, count)

    def test_on_postgresql(self, work: Workplace, postgres: str) -> None:
        work.write("app.py", APP.replace("sqlite:///app.db", postgres))
        assert work("migrate", "--yes").status == 0
        with psycopg.connect(postgres, autocommit=True) as connection:

            def count(table: str) -> int:
                row = connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()  # pyright: ignore
                assert row is not None
                return row[0]

            self.run(work, count)


def test_two_thousand_users_on_mysql(work: Workplace, mysql: str) -> None:
    work.write("app.py", APP.replace("sqlite:///app.db", mysql))
    assert work("migrate", "--yes").status == 0
    whole = lines(*(user(n) for n in range(MANY)))

    first = work("import", "ndjson", "-", "--batch-size", "700", piped=whole)
    again = work("import", "ndjson", "-", piped=whole)

    assert f"{MANY} users imported" in first.out, first.text
    assert f"{MANY} users kept as they are" in again.out


class TestReport:
    def test_what_is_not_imported_is_told_with_its_reason(self, target: Target) -> None:
        file = target.folder / "report.ndjson"
        broken = "{not json\n" + lines(
            user(1, email="Ann@Example.com"),
            user(2, email="ann@example.COM"),
            user(3, email="not an address"),
            user(4, email=None),
            user(5, password_hash="md5$salt$c0ffee"),
            user(6, disabled=True),
            user(7, email="x" * 250 + "@example.com"),
        )

        ran = target.run("ndjson", "-", "--report", str(file), piped=broken)

        assert "2 users imported\n6 users not imported:\n" in ran.out
        for told in (
            "1: cannot be read (at line 1)",
            "1: the address was there before in the source (at line 3)",
            "2: not a valid e-mail address (at line 4, line 8)",
            "1: no e-mail address (at line 5)",
            "1: disabled in the source (at line 7)",
            "1: the password: its hash is of an unknown form (at line 6)",
        ):
            assert told in ran.out
        assert target.emails() == ["ann@example.com", "user5@example.com"]
        assert target.hash_of("user5@example.com") is None
        told_lines = [json.loads(line) for line in file.read_text().splitlines()]
        assert {line["what"] for line in told_lines} == {"skipped", "note"}
        (told,) = [line for line in told_lines if line["email"] == "not an address"]
        assert told["place"] == "line 4"
        assert file.stat().st_mode & 0o777 == 0o600
        everything = ran.text + file.read_text()
        assert HASH not in everything
        assert "c0ffee" not in everything

    def test_a_hash_that_would_exhaust_the_server_is_left_behind(self, target: Target) -> None:
        dear = "$argon2id$v=19$m=4194304,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA"

        ran = target.run("ndjson", "-", piped=lines(user(1, password_hash=dear)))

        reason = "the password: its hash asks for more work than a sign-in may spend"
        assert f"1: {reason} (at line 1)" in ran.out
        assert target.hash_of(target.emails()[0]) is None
        assert dear not in ran.text

    def test_a_dry_run_reports_the_same_and_writes_nothing(self, target: Target) -> None:
        ran = target.run("ndjson", "-", "--dry-run", piped=lines(user(1), user(2, email="x")))

        assert "1 users would be imported" in ran.out
        assert "1: not a valid e-mail address" in ran.out
        assert target.emails() == []

    def test_without_a_terminal_progress_is_lines(self, target: Target) -> None:
        with mock.patch("watchword.cli.import_users._EVERY", 0):
            ran = target.run(
                "ndjson", "-", "--batch-size", "1", piped=lines(user(1), user(2), user(3))
            )

        assert "1 users read\n2 users read\n3 users read\n" in ran.err

    def test_a_run_that_fails_says_how_far_it_came(self, target: Target) -> None:
        whole = json.dumps([user(1), user(2), user(4)])[:-10]

        ran = target.work("import", "json", "-", "--batch-size", "1", piped=whole)

        refused(ran, "broken or cut off behind element 2")
        assert "Broken off after 2 users; run it again to go on." in ran.err
        assert target.emails() == ["user1@example.com", "user2@example.com"]

    def test_the_location_may_be_in_a_variable_also_of_the_environment_file(
        self, target: Target
    ) -> None:
        target.work.write("users.ndjson", lines(user(1)))
        target.work.write(".env", "OLD_USERS=users.ndjson\n")

        assert "1 users imported" in target.run("ndjson", "env:OLD_USERS").out
        refused(target.work("import", "ndjson", "env:NOTHING"), "NOTHING is not set")

    def test_fields_that_users_need_and_no_source_has_are_told(self, work: Workplace) -> None:
        member = "from watchword import User\n\nclass Member(User):\n    lang: str\n\n"
        work.write("app.py", member + APP.replace("auth = Auth(", "auth = Auth(user_type=Member,"))
        assert work("migrate", "--yes").status == 0

        refused(work("import", "ndjson", "-", piped=lines(user(1))), "lang", "default")

    def test_a_database_that_is_not_migrated_is_refused(self, work: Workplace) -> None:
        refused(work("import", "ndjson", "-", piped=lines(user(1))), "watchword migrate")

    def test_bcrypt_without_its_package_is_refused(
        self, target: Target, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "bcrypt", None)

        ran = target.work("import", "ndjson", "-", piped=lines(user(1)))

        refused(ran, 'pip install "watchword[bcrypt]"')
        assert target.emails() == []


class TestExisting:
    """Users who are there keep what they have."""

    def sign_up(self, target: Target, email: str = "user3@example.com") -> str:
        body = SignUpEmail(name="Here first", email=email, password="another one")
        return target.auth.blocking.api.sign_up_email(body).user.id

    def verify(self, target: Target) -> None:
        connection = sqlite3.connect(target.folder / "app.db")
        connection.execute('UPDATE "user" SET emailVerified = 1')
        connection.commit()
        connection.close()

    @pytest.mark.parametrize("options", [[], ["--update"]])
    def test_somebody_who_signed_up_with_the_address_gets_nothing(
        self, target: Target, options: list[str]
    ) -> None:
        """Perhaps the address is not theirs: they wait for its owner's accounts to arrive."""
        self.sign_up(target)
        before = target.hash_of("user3@example.com")

        ran = target.run("ndjson", "-", *options, piped=lines(user(3, email_verified=True)))

        assert "1 users kept as they are" in ran.out
        it = target.user("user3@example.com")
        assert (it["name"], it["emailVerified"]) == ("Here first", 0)
        assert target.accounts("user3@example.com") == []
        assert target.hash_of("user3@example.com") == before

    def test_update_gives_accounts_when_both_have_verified_the_address(
        self, target: Target
    ) -> None:
        self.sign_up(target)
        self.verify(target)

        target.run("ndjson", "-", piped=lines(user(3, email_verified=True)))
        assert target.accounts("user3@example.com") == []
        ran = target.run("ndjson", "-", "--update", piped=lines(user(3, email_verified=True)))
        again = target.run("ndjson", "-", "--update", piped=lines(user(3, email_verified=True)))

        assert "1 users updated" in ran.out
        assert "updated" not in again.out
        assert target.accounts("user3@example.com") == [("google", "g-3")]

    def test_update_brings_what_came_to_be_since_the_last_import(self, target: Target) -> None:
        """The same hash or account shows that it is the same person."""
        target.run("ndjson", "-", piped=lines(user(1), user(3, password_hash=None)))
        more = [{"provider": "google", "account_id": "g-3"}, {"provider": "x", "account_id": "9"}]
        later = lines(user(1, email_verified=True), user(3, email_verified=True, accounts=more))

        ran = target.run("ndjson", "-", "--update", piped=later)

        assert "2 users updated" in ran.out
        assert target.user("user1@example.com")["emailVerified"] == 1
        assert target.user("user3@example.com")["emailVerified"] == 1
        assert target.accounts("user3@example.com") == [("google", "g-3"), ("twitter", "9")]
        assert target.hash_of("user3@example.com") is None

    def test_an_account_is_of_one_user_only(self, target: Target) -> None:
        same = [{"provider": "google", "account_id": "g"}]
        target.run("ndjson", "-", piped=lines(user(1, accounts=same)))

        ran = target.run("ndjson", "-", piped=lines(user(2, accounts=same), user(4, accounts=same)))

        assert "2: an account that another user has" in ran.out
        assert target.accounts("user1@example.com") == [("google", "g")]
        assert target.accounts("user2@example.com") == []
        target.signs_in("user2@example.com")


class TestIds:
    def test_they_can_be_kept(self, target: Target) -> None:
        first = lines(user(1), user(2, id=None), user(4, id="old-1"))

        ran = target.run("ndjson", "-", "--keep-ids", "--batch-size", "1", piped=first)

        assert target.rows('SELECT id FROM "user"') == [("old-1",)]
        assert "1: no id that can be kept" in ran.out
        assert "1: the id is taken" in ran.out
        target.signs_in("user1@example.com")

    def test_two_of_a_batch_with_one_id_do_not_stop_the_others(self, target: Target) -> None:
        whole = lines(user(1), user(2, id="old-1"), user(4))

        ran = target.run("ndjson", "-", "--keep-ids", piped=whole)

        assert "2 users imported" in ran.out
        assert "1: the id is taken" in ran.out

    def test_uuids_are_spelled_as_the_database_spells_them(
        self, work: Workplace, postgres: str
    ) -> None:
        text = APP.replace("sqlite:///app.db", postgres)
        text = text.replace("auth = Auth(", "auth = Auth(advanced=Advanced(generate_id='uuid'),")
        work.write("app.py", "from watchword import Advanced\n" + text)
        assert work("migrate", "--yes").status == 0
        own = "ABCDEF0111114111811100000000000A"
        whole = lines(user(1, id=own), user(2, id="old-2"))

        ran = work("import", "ndjson", "-", "--keep-ids", piped=whole)
        again = work("import", "ndjson", "-", "--keep-ids", "--update", piped=whole)

        assert "1 users imported" in ran.out, ran.text
        assert "1: no id that can be kept" in ran.out
        assert "1 users kept" in again.out, again.text
        with psycopg.connect(postgres) as connection:
            found = connection.execute('SELECT "userId"::text, "accountId" FROM account').fetchall()
        assert found == [("abcdef01-1111-4111-8111-00000000000a",) * 2]

    def test_the_database_may_make_them(self, work: Workplace) -> None:
        text = APP.replace("auth = Auth(", "auth = Auth(advanced=Advanced(generate_id='serial'),")
        work.write("app.py", "from watchword import Advanced\n" + text)
        assert work("migrate", "--yes").status == 0

        ran = work("import", "ndjson", "-", piped=lines(user(1), user(3)))

        assert "2 users imported" in ran.out, ran.text
        connection = sqlite3.connect(work.folder / "app.db")
        found = connection.execute(
            "SELECT userId, providerId, accountId FROM account ORDER BY 1, 2"
        ).fetchall()
        connection.close()
        assert found == [(1, "credential", "1"), (2, "credential", "2"), (2, "google", "g-3")]
        refused(work("import", "ndjson", "-", "--keep-ids", piped=""), "makes the ids")


class Given:
    """A source of users that the test made."""

    total = None

    def __init__(self, *users: ImportedUser) -> None:
        self._users = users

    def users(self) -> Iterator[Read]:
        return iter(self._users)

    def close(self) -> None:
        """Nothing is open."""


def imported(n: int, **more: Any) -> ImportedUser:
    it: dict[str, Any] = {"place": f"line {n}", "email": f"user{n}@example.com", "password": HASH}
    return ImportedUser(**{**it, **more})


def run(auth: Auth[Any], *users: ImportedUser) -> Report:
    report = Report()
    engine = auth.blocking.runtime.engine
    runner = Runner(auth.config, engine, RunOptions(), report)
    finish(runner.run(Given(*users), lambda count: None))
    return report


def test_what_the_database_refuses_does_not_take_the_others_with_it(target: Target) -> None:
    users = [imported(n) for n in range(7)]
    engine: Any = target.auth.blocking.runtime.engine
    real = type(engine).create_many

    async def refusing(self: Any, model: str, rows: Any) -> None:
        if any(row.get("email") == "user4@example.com" for row in rows):
            raise UniqueViolation("a row with this unique value exists")
        await real(self, model, rows)

    with mock.patch.object(type(engine), "create_many", refusing):
        report = run(target.auth, *users)

    assert report.counts == {"imported": 6, "skipped": 1}
    assert "user4@example.com" not in target.emails()
    assert len(target.rows("SELECT 1 FROM account")) == 6


def test_somebody_who_signs_up_meanwhile_is_kept(target: Target) -> None:
    """Between looking and writing: the batch is planned anew, and all others get in."""
    engine: Any = target.auth.blocking.runtime.engine
    real = type(engine).create_many
    met: list[str] = []

    async def late(self: Any, model: str, rows: Any) -> None:
        if model == "user" and not met:
            met.append("once")
            raise UniqueViolation("a row with this unique value exists")
        await real(self, model, rows)

    with mock.patch.object(type(engine), "create_many", late):
        report = run(target.auth, *(imported(n) for n in range(4)))

    assert report.counts == {"imported": 4}


def test_memory_does_not_grow_with_the_source(target: Target) -> None:
    """Ten times the users take the same memory: that of a batch."""
    peaks: list[int] = []
    for count in (100, 300, 3000):  # the first run loads modules
        file = target.folder / f"{count}.ndjson"
        file.write_text(lines(*(user(n, email=f"{count}-{n}@example.com") for n in range(count))))
        tracemalloc.start()
        try:
            target.run("ndjson", str(file), "--batch-size", "100")
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()

    assert peaks[2] < peaks[1] * 1.25, f"bytes: {peaks}"


def test_every_source_is_offered_by_the_command() -> None:
    assert set(get_args(Name)) == set(SOURCES)
