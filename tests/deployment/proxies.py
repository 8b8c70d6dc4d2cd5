"""The proxies of docs/deploying/proxies.md, started with the configuration that it shows.

What is shown is what is tested: only addresses, ports and files are others.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.deployment.certificates import Certificate
from tests.deployment.processes import EXAMPLE, Program, installed, running

NGINX = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""


@dataclass(frozen=True)
class Places:
    """Where a proxy listens, what stands behind it, and where it keeps its files."""

    http: int
    https: int
    app: int
    certificate: Certificate
    folder: Path


@contextmanager
def nginx(
    places: Places, changed: Mapping[str, str] | None = None
) -> Generator[Program, None, None]:
    site = {
        "127.0.0.1:8000": f"127.0.0.1:{places.app}",
        "listen 80;": f"listen 127.0.0.1:{places.http};",
        "listen 443 ssl http2;": f"listen 127.0.0.1:{places.https} ssl http2;",
        "listen 443 ssl default_server;": f"listen 127.0.0.1:{places.https} ssl default_server;",
        "/etc/ssl/app.example.com.pem": str(places.certificate.chain),
        "/etc/ssl/app.example.com.key": str(places.certificate.key),
        **(changed or {}),
    }
    (places.folder / "site.conf").write_text(written("nginx.conf", site))
    main = places.folder / "nginx.conf"
    main.write_text(NGINX.format(folder=places.folder))
    program = installed("nginx", "nginx-light")
    command = [program, "-c", str(main), "-p", str(places.folder)]
    with started(command, places) as proxy:
        yield proxy


@contextmanager
def caddy(places: Places) -> Generator[Program, None, None]:
    options = f"admin off\n\thttp_port {places.http}\n\thttps_port {places.https}"
    tls = f"tls {places.certificate.chain} {places.certificate.key}"
    site = {
        "app.example.com {": f"{{\n\t{options}\n}}\napp.example.com {{\n\t{tls}",
        "127.0.0.1:8000": f"127.0.0.1:{places.app}",
    }
    file = places.folder / "Caddyfile"
    file.write_text(written("Caddyfile", site))
    program = installed("caddy", "caddy")
    with started([program, "run", "--config", str(file)], places) as proxy:
        yield proxy


@contextmanager
def haproxy(places: Places) -> Generator[Program, None, None]:
    site = {
        "127.0.0.1:8000": f"127.0.0.1:{places.app}",
        "bind :80": f"bind 127.0.0.1:{places.http}",
        "bind :443": f"bind 127.0.0.1:{places.https}",
        "/etc/ssl/app.example.com.both.pem": str(places.certificate.both),
    }
    file = places.folder / "haproxy.cfg"
    file.write_text(written("haproxy.cfg", site))
    with started([installed("haproxy", "haproxy"), "-db", "-f", str(file)], places) as proxy:
        yield proxy


PROXIES: dict[str, Callable[[Places], object]] = {
    "nginx": nginx,
    "caddy": caddy,
    "haproxy": haproxy,
}


def written(name: str, changed: Mapping[str, str]) -> str:
    """A file of the example with other places in it. Each of them must be there."""
    text = (EXAMPLE / name).read_text()
    for shown, here in changed.items():
        assert shown in text, f"{name} has no {shown!r}"
        text = text.replace(shown, here)
    return text


@contextmanager
def started(command: list[str], places: Places) -> Generator[Program, None, None]:
    home = {"HOME": str(places.folder), "XDG_DATA_HOME": "", "XDG_CONFIG_HOME": ""}
    with running(command, places.folder / "proxy.log", home) as program:
        program.await_port(places.https)
        yield program
