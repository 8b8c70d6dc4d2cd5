"""The queues of docs/mail.md really send: each example runs with its own worker, over Redis."""

from __future__ import annotations

import re
import signal
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dramatiq
import pytest
import redis as client
from celery import _state
from celery.app import builtins
from celery.contrib.testing.worker import start_worker
from dramatiq.brokers.stub import StubBroker
from rq import SimpleWorker

from tests.docs.blocks import blocks
from tests.support.databases import KeySpace
from tests.support.mail_server import MailServer, mail_server
from tests.support.services import ROOT
from watchword import testing
from watchword.plugins.magic_link import SignInMagicLink

PAGE = ROOT / "docs" / "mail.md"
ADA = "ada@example.com"
EXAMPLES = {one.module: one.text for one in blocks(PAGE) if one.module}
_OWN_NUMBER = 9
"""Of a database on the Redis server that nobody else's tests use: queues have keys of their own."""


@pytest.fixture
def mails() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server


@pytest.fixture
def broker(redis: KeySpace) -> Iterator[str]:
    url = urlsplit(redis.url)._replace(path=f"/{_OWN_NUMBER}").geturl()
    with client.Redis.from_url(url) as connection:
        connection.flushdb()
        yield url
        connection.flushdb()


@pytest.fixture
def example(
    mails: MailServer, broker: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], Any]]:
    """An example as a module, its tables made."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("REDIS_URL", broker)
    monkeypatch.setenv("SMTP_URL", mails.url)
    monkeypatch.setenv("BETTER_AUTH_SECRET", "test-secret-0123456789-abcdefghijKLMNOP")
    made: list[Any] = []

    def imported(name: str) -> Any:
        (tmp_path / f"{name}.py").write_text(EXAMPLES[name])
        module = import_module(name)
        module.auth.blocking.migrate()
        made.append(module)
        return module

    yield imported
    for module in made:
        module.auth.blocking.close()
        sys.modules.pop(module.__name__)


def ask(module: Any) -> None:
    module.auth.blocking.api.sign_in_magic_link(SignInMagicLink(email=ADA))
    module.auth.blocking.runtime.drain()


@pytest.fixture
def celery_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Celery hands the tasks of each application to all others of the process. Other tests run the
    same example, whose task would be in the place of ours."""
    own = {one for one in _state._on_app_finalizers if one.__module__ == builtins.__name__}
    monkeypatch.setattr(_state, "_on_app_finalizers", own)


@pytest.mark.usefixtures("celery_alone")
def test_celery(example: Callable[[str], Any], mails: MailServer) -> None:
    module = example("mail_by_celery")
    ask(module)
    assert mails.posts == []
    options: Any = {"perform_ping_check": False, "pool": "solo", "loglevel": "ERROR"}
    worker: Any = start_worker(module.celery, **options)
    with worker:
        assert mails.arrived.wait(30)
    assert len(mails.to(ADA)) == 1


@pytest.fixture
def signals() -> Iterator[None]:
    """A worker of RQ takes signals over, and keeps them."""
    before = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}
    yield
    for one, handler in before.items():
        signal.signal(one, handler)


@pytest.mark.usefixtures("signals")
def test_rq(example: Callable[[str], Any], mails: MailServer) -> None:
    module = example("mail_by_rq")
    ask(module)
    assert mails.posts == []
    SimpleWorker([module.queue], connection=module.queue.connection).work(burst=True)
    assert len(mails.to(ADA)) == 1


@pytest.mark.usefixtures("signals")
def test_a_mail_that_has_to_wait_is_scheduled(
    example: Callable[[str], Any], mails: MailServer
) -> None:
    module = example("mail_by_rq")
    mails.answers["RCPT"] = ["451 later"]
    ask(module)
    worker = SimpleWorker([module.queue], connection=module.queue.connection)
    worker.work(burst=True)
    assert mails.posts == []
    (job,) = module.queue.scheduled_job_registry.get_job_ids()
    with testing.frozen(module.auth) as clock:
        clock.forward(60)
        module.queue.fetch_job(job).perform()
    assert len(mails.to(ADA)) == 1


def test_dramatiq(example: Callable[[str], Any], mails: MailServer) -> None:
    module = example("mail_by_dramatiq")
    broker = dramatiq.get_broker()
    try:
        ask(module)
        assert mails.posts == []
        worker = dramatiq.Worker(broker, worker_threads=1)
        worker.start()
        assert mails.arrived.wait(30)
        worker.stop()
    finally:
        broker.close()
        dramatiq.set_broker(StubBroker())
    assert len(mails.to(ADA)) == 1


def test_arq_is_written_as_python() -> None:
    (text,) = re.findall(r"^```py\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    compile(text, "arq", "exec")
    assert "_defer_by=wait" in text
