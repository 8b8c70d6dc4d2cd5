"""The application that the servers of docs/deploying.md serve, as `app:asgi` or as `app:wsgi`.

What differs between a laptop and a cluster comes from the environment: BETTER_AUTH_URL and
BETTER_AUTH_SECRET, which `Auth` reads itself, DATABASE_URL, REDIS_URL, SESSION_CACHE (seconds),
TRUSTED_PROXIES (addresses or networks, separated by blanks), CLIENT_HEADER and SMTP_SERVER.
"""

from __future__ import annotations

import logging
import os
import smtplib
from collections.abc import Iterable
from email.message import EmailMessage
from wsgiref.types import StartResponse, WSGIEnvironment

from watchword import (
    Advanced,
    Auth,
    BackgroundJob,
    CookieCache,
    EmailAndPassword,
    IPAddressOptions,
    Mail,
    PasswordReset,
    RateLimit,
    SessionOptions,
)
from watchword.adapters import asgi as on_asgi
from watchword.adapters import wsgi as on_wsgi
from watchword.adapters.asgi import Receive, Scope, Send

logging.basicConfig(level=os.environ.get("LOG_LEVEL", "INFO"))
log = logging.getLogger("app")


def send_reset(mail: Mail, request: object) -> None:
    """Mail a link. It runs behind the answer, and is finished before a server ends."""
    letter = EmailMessage()
    letter["From"], letter["To"] = "app@example.com", mail.user.email
    letter["Subject"] = "Choose another password"
    letter.set_content(mail.url)
    host, _, port = os.environ.get("SMTP_SERVER", "localhost").partition(":")
    with smtplib.SMTP(host, int(port or 25), timeout=20) as server:
        server.send_message(letter)


async def before_the_answer(job: BackgroundJob) -> None:
    """AWS Lambda freezes the process behind an answer: nothing may be left to do then."""
    await job()


freezes = "AWS_LAMBDA_FUNCTION_NAME" in os.environ
store = None
if redis := os.environ.get("REDIS_URL"):
    from watchword.storage.redis import RedisStorage

    store = RedisStorage(redis)
cache = int(os.environ.get("SESSION_CACHE", "0"))
proxies = os.environ.get("TRUSTED_PROXIES", "").split()
# Without proxies the address of the connection counts: a header would be the client's own words.
header = os.environ.get("CLIENT_HEADER", "x-forwarded-for" if proxies else "")

auth = Auth(
    database=os.environ.get("DATABASE_URL", "sqlite:///app.db"),
    secondary_storage=store,
    session=SessionOptions(
        store_in_database=store is not None,
        cookie_cache=CookieCache(max_age=cache) if cache else None,
    ),
    # Counted where all workers and machines look: memory would be that of one process. Counting is
    # a write, which session checks are spared; probes must not ask a database that may be away.
    rate_limit=RateLimit(
        storage="secondary-storage" if store else "database",
        custom_rules={"/get-session": False, "/ok": False},
    ),
    email_and_password=EmailAndPassword(enabled=True),
    password_reset=PasswordReset(send_reset_password=send_reset, reset_page="/reset"),
    advanced=Advanced(
        ip_address=IPAddressOptions(headers=header.split(), trusted_proxies=proxies),
        background=before_the_answer if freezes else None,
    ),
)


async def asgi_pages(scope: Scope, receive: Receive, send: Send) -> None:
    """The rest of the application, for an ASGI server."""
    if scope["type"] != "http":
        return
    # Below a prefix the path may have it: ASGI says which one.
    page = scope["path"].removeprefix(scope.get("root_path", ""))
    status = await ready() if page == "/ready" else 404
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def ready() -> int:
    """Whether this process can do its work: one look into the database."""
    try:
        await auth.users.get("nobody")
    except Exception as error:
        log.warning("not ready: %s", type(error).__name__)
        return 503
    return 200


def wsgi_pages(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """The same for a WSGI server."""
    found = environ["PATH_INFO"] == "/ready"
    start_response(ready_now() if found else "404 Not Found", [("Content-Length", "0")])
    return [b""]


def ready_now() -> str:
    """As `ready`."""
    try:
        auth.blocking.users.get("nobody")
    except Exception as error:
        log.warning("not ready: %s", type(error).__name__)
        return "503 Service Unavailable"
    return "200 OK"


asgi = on_asgi.WatchwordMiddleware(asgi_pages, auth)
wsgi = on_wsgi.WatchwordMiddleware(wsgi_pages, auth)
