"""Apache with mod_wsgi in daemon mode, as docs/deploying/servers.md configures it."""

from __future__ import annotations

import os
import shutil
import stat
import sys
import sysconfig
from collections.abc import Generator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.deployment.certificates import Certificate, made_certificate
from tests.deployment.conftest import settings
from tests.deployment.post_office import post_office
from tests.deployment.processes import EXAMPLE, installed, running
from tests.deployment.proxies import written
from tests.deployment.visitor import Visitor
from tests.support.services import ROOT, free_port

MODULES = Path("/usr/lib/apache2/modules")
PACKAGES = "apache2 libapache2-mod-wsgi-py3"
LOADED = ("mpm_event", "authz_core", "headers", "socache_shmcb", "ssl", "wsgi")
MAIN = """
ServerRoot {folder}
PidFile {folder}/pid
ErrorLog /dev/stderr
Mutex file:{folder}
WSGISocketPrefix {folder}/wsgi
ServerName app.example.com
Listen 127.0.0.1:{port}
{modules}
{user}
{site}
"""
SPELLINGS = ("X-Forwarded-For", "X_Forwarded_For", "X-Forwarded_For", "Forwarded", "X-Real-IP")


@pytest.fixture
def apache() -> str:
    """The program; with mod_wsgi for this Python, and a user who may read the sources."""
    found = installed("apache2", PACKAGES)
    this = f"mod_wsgi.so-{sys.version_info.major}.{sys.version_info.minor}"
    if not (MODULES / this).exists():
        pytest.skip(f"mod_wsgi for this Python is missing. Debian: apt-get install {PACKAGES}")
    if os.geteuid() == 0:
        for place in (ROOT, Path(sys.executable).parent, Path(sysconfig.get_path("purelib"))):
            if not all(one.stat().st_mode & stat.S_IXOTH for one in (place, *place.parents)):
                pytest.skip(f"Apache's user may not read {place}: run the tests as another user")
    return found


@pytest.fixture
def folder() -> Generator[Path, None, None]:
    """A folder in which Apache's user may write."""
    with TemporaryDirectory() as name:
        made = Path(name)
        made.chmod(0o777)
        yield made


def configured(folder: Path, port: int, certificate: Certificate) -> Path:
    """The printed site, in a configuration of its own."""
    shown = {
        "python-path=/srv/app": f"python-path={EXAMPLE}",
        "*:443": f"127.0.0.1:{port}",
        "/etc/ssl/app.example.com.pem": str(certificate.chain),
        "/etc/ssl/app.example.com.key": str(certificate.key),
        "WSGIScriptAlias / /srv/app/apache.wsgi": f"WSGIScriptAlias / {EXAMPLE}/apache.wsgi",
        "<Directory /srv/app>": f"<Directory {EXAMPLE}>",
    }
    text = MAIN.format(
        folder=folder,
        port=port,
        modules="\n".join(f"LoadModule {one}_module {MODULES}/mod_{one}.so" for one in LOADED),
        user="User www-data\nGroup www-data" if os.geteuid() == 0 else "",
        site=written("apache.conf", shown),
    )
    file = folder / "apache.conf"
    file.write_text(text)
    return file


def test_it_serves_the_application_and_its_mails(apache: str, folder: Path, migrated: Path) -> None:
    port, certificate = free_port(), made_certificate(folder)
    shutil.copy(migrated, folder / "app.db")
    (folder / "app.db").chmod(0o666)
    file = configured(folder, port, certificate)
    with post_office(takes=0.2) as office:
        environ = settings(f"sqlite:///{folder}/app.db", SMTP_SERVER=office.address)
        environ["PYTHONPATH"] = f"{ROOT / 'core'}:{sysconfig.get_path('purelib')}"
        command = [apache, "-f", str(file), "-D", "FOREGROUND"]
        with running(command, folder / "log", environ) as server:
            server.await_port(port)
            visitor = Visitor(
                f"https://127.0.0.1:{port}",
                trust=certificate.trust(),
                source="127.0.0.9",
                headers=dict.fromkeys(SPELLINGS, "203.0.113.9"),
            )
            visitor.lives_through()
            assert visitor.session()["session"]["ipAddress"] == "127.0.0.9"
            assert visitor.ask("GET", "/ready").status == 200
            asked = visitor.post("/request-password-reset", {"email": "ada@example.com"})
            assert asked.status == 200
            assert office.arrived.wait(20)
            assert server.end() == 0
            assert len(office.letters) == 1
