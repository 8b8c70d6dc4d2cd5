"""Each source, in the schema that its system documents: users, accounts, and the old password."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64encode
from pathlib import Path

import argon2
import bcrypt
import psycopg
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from werkzeug.security import generate_password_hash

from tests.cli.conftest import refused
from tests.importing.conftest import PASSWORD, Target, filled
from tests.support.databases import mysql_connection


def bcrypt_of(password: bytes = PASSWORD.encode(), prefix: bytes = b"2b") -> str:
    return bcrypt.hashpw(password, bcrypt.gensalt(4, prefix=prefix)).decode()


def django_pbkdf2(password: str = PASSWORD) -> str:
    key = hashlib.pbkdf2_hmac("sha256", password.encode(), b"saltsaltsalt", 1000)
    return f"pbkdf2_sha256$1000$saltsaltsalt${b64encode(key).decode()}"


def argon2id_of(password: str = PASSWORD) -> str:
    return argon2.PasswordHasher(2, 32, 1).hash(password)


class TestAuthJS:
    def test_the_tables_of_the_pg_adapter(self, target: Target) -> None:
        url = filled(
            target.folder / "old.db",
            f"""
            CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, email TEXT,
                "emailVerified" TIMESTAMPTZ, image TEXT, password TEXT);
            CREATE TABLE accounts (id INTEGER PRIMARY KEY, "userId" INTEGER, type TEXT,
                provider TEXT, "providerAccountId" TEXT, refresh_token TEXT, access_token TEXT);
            INSERT INTO users VALUES (1, 'Ann', 'Ann@Example.com', '2024-05-01 10:00:00+02',
                'https://img/1', '{bcrypt_of(prefix=b"2a")}');
            INSERT INTO users VALUES (2, NULL, 'ben@example.com', NULL, NULL, NULL);
            INSERT INTO accounts VALUES (1, 1, 'oauth', 'google', 'g-1', 'secret', 'secret');
            INSERT INTO accounts VALUES (2, 2, 'oauth', 'github', '77', NULL, NULL);
            INSERT INTO accounts VALUES (3, 2, 'oauth', 'appleid', 'a-2', NULL, NULL);
            """,
        )

        target.run("authjs", url)

        ann = target.user("ann@example.com")
        assert (ann["name"], ann["emailVerified"], ann["image"]) == ("Ann", 1, "https://img/1")
        assert target.user("ben@example.com")["emailVerified"] == 0
        assert target.accounts("ann@example.com") == [("google", "g-1")]
        assert target.accounts("ben@example.com") == [("apple", "a-2"), ("github", "77")]
        assert target.rows("SELECT COUNT(*) FROM account WHERE accessToken IS NOT NULL") == [(0,)]
        target.signs_in("ann@example.com")
        assert target.hash_of("ben@example.com") is None

    def test_the_tables_of_prisma(self, target: Target) -> None:
        url = filled(
            target.folder / "old.db",
            """
            CREATE TABLE "User" (id TEXT PRIMARY KEY, name TEXT, email TEXT,
                "emailVerified" DATETIME, image TEXT, "createdAt" DATETIME, "updatedAt" DATETIME);
            CREATE TABLE "Account" ("userId" TEXT, provider TEXT, "providerAccountId" TEXT);
            INSERT INTO "User" VALUES ('c1', 'Ann', 'ann@example.com', 1714550400000, NULL,
                1704067200000, 1706745600000);
            INSERT INTO "Account" VALUES ('c1', 'google', 'g-1');
            """,
        )

        target.run("authjs", url)

        ann = target.user("ann@example.com")
        assert ann["emailVerified"] == 1
        assert ann["createdAt"] == "2024-01-01T00:00:00.000Z"
        assert ann["updatedAt"] == "2024-02-01T00:00:00.000Z"
        assert target.accounts("ann@example.com") == [("google", "g-1")]


class TestFastAPIUsers:
    SCHEMA = """
        CREATE TABLE {q}user{q} (id CHAR(36) PRIMARY KEY, email VARCHAR(320),
            hashed_password VARCHAR(1024), is_active BOOLEAN, is_superuser BOOLEAN,
            is_verified BOOLEAN);
        CREATE TABLE oauth_account (id CHAR(36) PRIMARY KEY, user_id CHAR(36),
            oauth_name VARCHAR(100), access_token VARCHAR(1024), expires_at INTEGER,
            refresh_token VARCHAR(1024), account_id VARCHAR(320), account_email VARCHAR(320));
        INSERT INTO {q}user{q} VALUES ('11111111-1111-4111-8111-111111111111',
            'Ann@example.com', '{hash}', true, false, true);
        INSERT INTO {q}user{q} VALUES ('22222222-2222-4222-8222-222222222222',
            'ben@example.com', 'none', false, false, true);
        INSERT INTO oauth_account VALUES ('a1', '11111111-1111-4111-8111-111111111111',
            'google', 'token', 1, NULL, 'g-1', 'ann@example.com');
    """

    def check(self, target: Target, url: str) -> None:
        ran = target.run("fastapi-users", url)

        assert target.emails() == ["ann@example.com"]
        assert "1: disabled in the source (at id 22222222-" in ran.out
        assert target.user("ann@example.com")["emailVerified"] == 1
        assert target.accounts("ann@example.com") == [("google", "g-1")]
        target.signs_in("ann@example.com")

    def test_on_sqlite(self, target: Target) -> None:
        script = self.SCHEMA.format(q='"', hash=argon2id_of())
        self.check(target, filled(target.folder / "old.db", script))

    def test_on_postgresql(self, target: Target, postgres: str) -> None:
        with psycopg.connect(postgres) as connection:
            connection.execute(self.SCHEMA.format(q='"', hash=argon2id_of()).encode())
        self.check(target, postgres)

    def test_on_mysql(self, target: Target, mysql: str) -> None:
        with mysql_connection(mysql) as connection, connection.cursor() as cursor:
            for statement in self.SCHEMA.format(q="`", hash=argon2id_of()).split(";")[:-1]:
                cursor.execute(statement)
        self.check(target, mysql)


class TestDjango:
    SCHEMA = """
        CREATE TABLE auth_user (id INTEGER PRIMARY KEY, password varchar(128), last_login datetime,
            is_superuser bool, username varchar(150), last_name varchar(150), email varchar(254),
            is_staff bool, is_active bool, date_joined datetime, first_name varchar(150));
    """
    ALLAUTH = """
        CREATE TABLE account_emailaddress (id INTEGER PRIMARY KEY, email varchar(254),
            verified bool, "primary" bool, user_id INTEGER);
        CREATE TABLE socialaccount_socialaccount (id INTEGER PRIMARY KEY, provider varchar(200),
            uid varchar(191), last_login datetime, date_joined datetime, extra_data TEXT,
            user_id INTEGER);
        INSERT INTO account_emailaddress VALUES (1, 'ann@example.com', 1, 1, 1);
        INSERT INTO account_emailaddress VALUES (2, 'other@example.com', 1, 0, 2);
        INSERT INTO socialaccount_socialaccount VALUES (1, 'google', 'g-1', NULL, NULL, '{}', 1);
    """

    def script(self, *passwords: str) -> str:
        names = ["ann", "ben", "cleo", "dan", "eve"]
        rows = "".join(
            f"INSERT INTO auth_user VALUES ({n}, '{password}', NULL, 0, '{name}', 'Lee', "
            f"'{name.title()}@example.com', 0, 1, '2024-01-01 10:00:00.123456', 'A');"
            for n, (name, password) in enumerate(zip(names, passwords, strict=False), 1)
        )
        return self.SCHEMA + rows

    def test_every_hash_that_django_makes(self, target: Target) -> None:
        digest = hashlib.sha256(PASSWORD.encode()).hexdigest().encode()
        key = hashlib.scrypt(PASSWORD.encode(), salt=b"sea", n=1024, r=8, p=1, dklen=64)
        script = self.script(
            django_pbkdf2(),
            f"bcrypt_sha256${bcrypt_of(digest)}",
            f"bcrypt${bcrypt_of()}",
            f"scrypt$1024$sea$8$1${b64encode(key).decode()}",
            f"argon2{argon2id_of()}",
        )

        target.run("django", filled(target.folder / "old.db", script))

        for name in ("ann", "ben", "cleo", "dan", "eve"):
            target.signs_in(f"{name}@example.com")
        ann = target.user("ann@example.com")
        assert (ann["name"], ann["emailVerified"]) == ("A Lee", 0)
        assert ann["createdAt"] == "2024-01-01T10:00:00.123Z"

    def test_allauth_knows_addresses_and_accounts(self, target: Target) -> None:
        script = self.script(django_pbkdf2(), "!Cf9ZwGvXn") + self.ALLAUTH

        ran = target.run("django", filled(target.folder / "old.db", script))

        assert target.user("ann@example.com")["emailVerified"] == 1
        assert target.user("ben@example.com")["emailVerified"] == 0
        assert target.accounts("ann@example.com") == [("google", "g-1")]
        assert target.hash_of("ben@example.com") is None
        assert "Left behind" not in ran.out

    def test_a_table_of_another_name(self, target: Target) -> None:
        script = self.script(django_pbkdf2()).replace("auth_user", "people_person")
        url = filled(target.folder / "old.db", script)

        refused(target.work("import", "django", url), "auth_user", "--users-table")
        target.run("django", url, "--users-table", "people_person")

        target.signs_in("ann@example.com")


class TestFlaskSecurity:
    SALT = "146585145368132386173505678016728509634"
    SCHEMA = """
        CREATE TABLE user (id INTEGER PRIMARY KEY, email VARCHAR(255), username VARCHAR(255),
            password VARCHAR(255), active BOOLEAN, fs_uniquifier VARCHAR(64),
            confirmed_at DATETIME, create_datetime DATETIME, update_datetime DATETIME,
            tf_primary_method VARCHAR(64), tf_totp_secret VARCHAR(255));
    """

    def test_hashes_under_the_salt_of_the_application(self, target: Target) -> None:
        inner = b64encode(hmac.digest(self.SALT.encode(), PASSWORD.encode(), "sha512"))
        script = self.SCHEMA + (
            f"INSERT INTO user VALUES (1, 'ann@example.com', 'ann', "
            f"'{argon2id_of(inner.decode())}', 1, 'x', '2024-01-01', NULL, NULL, 'sms', '');"
            f"INSERT INTO user VALUES (2, 'ben@example.com', 'ben', "
            f"'{bcrypt_of(inner[:72])}', 1, 'y', NULL, NULL, NULL, NULL, NULL);"
        )
        url = filled(target.folder / "old.db", script)
        refused(target.work("import", "flask-security", url), "--hash-parameters")
        file = target.folder / "salt"
        file.write_text(f'SECURITY_PASSWORD_SALT = "{self.SALT}"\n')

        ran = target.run("flask-security", url, "--hash-parameters", str(file))

        assert target.user("ann@example.com")["emailVerified"] == 1
        assert target.user("ben@example.com")["emailVerified"] == 0
        assert "1: a second factor (at id 1)" in ran.out
        assert self.SALT not in ran.text
        target.signs_in("ann@example.com")
        target.signs_in("ben@example.com")

    def test_single_hashes(self, target: Target) -> None:
        script = self.SCHEMA + (
            f"INSERT INTO user VALUES (1, 'ann@example.com', NULL, '{argon2id_of()}', 1, 'x', "
            "NULL, NULL, NULL, NULL, NULL);"
        )
        file = target.folder / "salt"
        file.write_text("SECURITY_PASSWORD_SINGLE_HASH: true")

        target.run(
            "flask-security",
            filled(target.folder / "old.db", script),
            "--hash-parameters",
            str(file),
        )

        target.signs_in("ann@example.com")


class TestSupabase:
    SCHEMA = """
        CREATE SCHEMA auth;
        CREATE TABLE auth.users (instance_id uuid, id uuid PRIMARY KEY, aud varchar(255),
            role varchar(255), email varchar(255), encrypted_password varchar(255),
            email_confirmed_at timestamptz, raw_app_meta_data jsonb, raw_user_meta_data jsonb,
            created_at timestamptz, updated_at timestamptz, phone text, banned_until timestamptz,
            is_sso_user boolean, deleted_at timestamptz, is_anonymous boolean);
        CREATE TABLE auth.identities (provider_id text, user_id uuid, identity_data jsonb,
            provider text, last_sign_in_at timestamptz, created_at timestamptz,
            updated_at timestamptz, email text, id uuid DEFAULT gen_random_uuid() PRIMARY KEY);
        CREATE TABLE auth.mfa_factors (id uuid PRIMARY KEY, user_id uuid, status text);
    """

    def test_users_identities_and_passwords(self, target: Target, postgres: str) -> None:
        with psycopg.connect(postgres) as connection:
            connection.execute(self.SCHEMA)
            for n, (email, banned) in enumerate(
                [("Ann@example.com", None), (None, None), ("ban@example.com", "2999-01-01")], 1
            ):
                own = f"{n}" * 8 + "-1111-4111-8111-111111111111"
                connection.execute(
                    "INSERT INTO auth.users (id, email, encrypted_password, email_confirmed_at, "
                    "raw_user_meta_data, created_at, banned_until) VALUES "
                    "(%s, %s, %s, '2024-01-01', %s, '2024-01-01T01:00:00+01:00', %s)",
                    [
                        own,
                        email,
                        bcrypt_of(prefix=b"2a"),
                        json.dumps({"full_name": "Ann Lee", "avatar_url": "https://img/1"}),
                        banned,
                    ],
                )
                for provider, account_id in (("email", own), ("google", f"g-{n}")):
                    connection.execute(
                        "INSERT INTO auth.identities (provider_id, user_id, identity_data, "
                        "provider) VALUES (%s, %s, %s, %s)",
                        [account_id, own, json.dumps({"sub": account_id}), provider],
                    )

        ran = target.run("supabase", postgres)

        assert target.emails() == ["ann@example.com"]
        ann = target.user("ann@example.com")
        assert (ann["name"], ann["image"]) == ("Ann Lee", "https://img/1")
        assert (ann["emailVerified"], ann["createdAt"]) == (1, "2024-01-01T00:00:00.000Z")
        assert target.accounts("ann@example.com") == [("google", "g-1")]
        assert "1: no e-mail address" in ran.out
        assert "1: disabled in the source" in ran.out
        target.signs_in("ann@example.com")


class TestFirebase:
    SIGNER = bytes(range(64))
    CONSOLE = """hash_config {
  algorithm: SCRYPT,
  base64_signer_key: %s,
  base64_salt_separator: Bw==,
  rounds: 8,
  mem_cost: 10,
}
"""

    def users(self) -> dict[str, object]:
        salt = b"saltsalt"
        key = hashlib.scrypt(PASSWORD.encode(), salt=salt + b"\x07", n=1 << 10, r=8, p=1, dklen=32)
        encryptor = Cipher(algorithms.AES(key), modes.CTR(bytes(16))).encryptor()
        hashed = b64encode(encryptor.update(self.SIGNER)).decode()
        return {
            "users": [
                {
                    "localId": "u1",
                    "email": "Ann@example.com",
                    "emailVerified": True,
                    # Exports are in the alphabet of URLs.
                    "passwordHash": hashed.replace("+", "-").replace("/", "_"),
                    "salt": b64encode(salt).decode(),
                    "displayName": "Ann",
                    "photoUrl": "https://img/1",
                    "lastSignedInAt": "1704067200000",
                    "createdAt": "1704067200000",
                    "providerUserInfo": [
                        {"providerId": "google.com", "rawId": "g-1", "email": "ann@example.com"},
                        {"providerId": "password", "rawId": "ann@example.com"},
                    ],
                },
                {"localId": "u2", "phoneNumber": "+15555550100", "providerUserInfo": []},
                {"localId": "u3", "email": "off@example.com", "disabled": True},
            ]
        }

    def test_the_export_with_the_parameters_of_the_console(self, target: Target) -> None:
        export, parameters = target.folder / "users.json", target.folder / "hash.txt"
        export.write_text(json.dumps(self.users()))
        signer = b64encode(self.SIGNER).decode()
        parameters.write_text(self.CONSOLE % signer)
        refused(target.work("import", "firebase", str(export)), "--hash-parameters")

        ran = target.run("firebase", str(export), "--hash-parameters", str(parameters))

        assert signer not in ran.text
        assert target.emails() == ["ann@example.com"]
        ann = target.user("ann@example.com")
        assert (ann["name"], ann["emailVerified"], ann["image"]) == ("Ann", 1, "https://img/1")
        assert ann["createdAt"] == "2024-01-01T00:00:00.000Z"
        assert target.accounts("ann@example.com") == [("google", "g-1")]
        target.signs_in("ann@example.com")

    def test_a_broken_file_ends_the_import_and_says_where(self, target: Target) -> None:
        export, parameters = target.folder / "users.json", target.folder / "hash.json"
        export.write_text(json.dumps(self.users())[:-30])
        signer = b64encode(self.SIGNER).decode()
        parameters.write_text(
            json.dumps({"base64_signer_key": signer, "rounds": 8, "mem_cost": 10})
        )
        ran = target.work("import", "firebase", str(export), "--hash-parameters", str(parameters))

        refused(ran, "behind element 2")


class TestAuth0:
    def test_an_export_joined_with_the_hashes(self, target: Target) -> None:
        export, hashes = target.folder / "users.ndjson", target.folder / "hashes.ndjson"
        export.write_text(
            json.dumps(
                {
                    "user_id": "auth0|5dea9f9c82dd7c0e76e4ec93",
                    "email": "Ann@example.com",
                    "email_verified": True,
                    "name": "Ann Lee",
                    "picture": "https://img/1",
                    "created_at": "2024-01-01T00:00:00.000Z",
                    "identities": [
                        {"provider": "auth0", "user_id": "5dea9f9c82dd7c0e76e4ec93"},
                        {"provider": "google-oauth2", "user_id": "g-1", "isSocial": True},
                        {"provider": "samlp", "user_id": "corp|1", "isSocial": False},
                    ],
                }
            )
            + "\n"
            + json.dumps({"Id": "github|77", "Email": "ben@example.com", "Email Verified": "true"})
            + "\n"
            + json.dumps({"Id": "auth0|euclid", "Email": "off@example.com", "blocked": True})
        )
        hashes.write_text(
            json.dumps(
                {
                    "_id": {"$oid": "5dea9f9c82dd7c0e76e4ec93"},
                    "email_verified": False,
                    "email": "ann@example.com",
                    "passwordHash": bcrypt_of(),
                    "connection": "Username-Password-Authentication",
                }
            )
        )

        target.run("auth0", str(export), "--passwords", str(hashes))

        assert target.emails() == ["ann@example.com", "ben@example.com"]
        ann = target.user("ann@example.com")
        assert (ann["name"], ann["emailVerified"], ann["image"]) == ("Ann Lee", 1, "https://img/1")
        assert target.accounts("ann@example.com") == [("google", "g-1")]
        assert target.accounts("ben@example.com") == [("github", "77")]
        target.signs_in("ann@example.com")

    def test_the_hashes_alone(self, target: Target) -> None:
        identifier = {"type": "email", "value": "ann@example.com", "verified": True}
        line = {"_id": {"$oid": "5d"}, "passwordHash": bcrypt_of(), "identifiers": [identifier]}

        target.run("auth0", "-", piped=json.dumps(line) + "\n")

        assert target.user("ann@example.com")["emailVerified"] == 1
        target.signs_in("ann@example.com")

    def test_an_array_in_the_form_of_bulk_imports(self, target: Target) -> None:
        users = [
            {"email": "ann@example.com", "user_id": "x", "password_hash": bcrypt_of()},
            {
                "email": "ben@example.com",
                "custom_password_hash": {"algorithm": "argon2", "hash": {"value": argon2id_of()}},
            },
        ]

        target.run("auth0", "-", piped=json.dumps(users, indent=2))

        target.signs_in("ann@example.com")
        target.signs_in("ben@example.com")


class TestPlain:
    def test_csv(self, target: Target) -> None:
        file = target.folder / "users.csv"
        file.write_text(
            "\ufeffEmail;Name;Email Verified;Created At;Password Hash;Accounts\n"
            f'Ann@example.com;"Lee; Ann";true;2024-01-01;{generate_password_hash(PASSWORD)};'
            "google:g-1 github:77\n"
            "ben@example.com;Ben;no;;;\n"
            "too;few\n"
        )

        ran = target.run("csv", str(file))

        ann = target.user("ann@example.com")
        assert (ann["name"], ann["emailVerified"]) == ("Lee; Ann", 1)
        assert target.user("ben@example.com")["emailVerified"] == 0
        assert target.accounts("ann@example.com") == [("github", "77"), ("google", "g-1")]
        assert "1: cannot be read (at line 4)" in ran.out
        target.signs_in("ann@example.com")

    @pytest.mark.parametrize("whole", [True, False])
    def test_json(self, target: Target, whole: bool) -> None:
        users = [
            {
                "email": "ann@example.com",
                "emailVerified": True,
                "passwordHash": bcrypt_of(prefix=b"2b").replace("$2b$", "$2y$"),
                "accounts": [{"provider": "google", "accountId": "g-1"}],
            }
        ]
        file = target.folder / "users.json"
        file.write_text(json.dumps({"meta": 1, "users": users} if whole else users))

        target.run("json", str(file))

        assert target.accounts("ann@example.com") == [("google", "g-1")]
        target.signs_in("ann@example.com")

    def test_ndjson_with_the_reference_s_own_hashes(self, target: Target) -> None:
        key = hashlib.scrypt(
            PASSWORD.encode(), salt=("ab" * 16).encode(), n=16384, r=16, p=1, dklen=64, maxmem=2**26
        )
        line = {"email": "ann@example.com", "password": f"{'ab' * 16}:{key.hex()}"}

        target.run("ndjson", "-", piped=json.dumps(line))

        target.signs_in("ann@example.com")


def test_a_source_that_cannot_be_opened_is_one_line(target: Target, tmp_path: Path) -> None:
    refused(target.work("import", "csv", str(tmp_path / "none.csv")), "cannot be read")
    refused(target.work("import", "django", "users.json"), "no URL")
    refused(target.work("import", "django", f"sqlite:///{tmp_path}/none.db"), "cannot open")
    away = "postgresql://me:hunter22@127.0.0.1:9/x?connect_timeout=1"
    ran = target.work("import", "django", away)
    refused(ran, "127.0.0.1:9")
    assert "hunter22" not in ran.text
