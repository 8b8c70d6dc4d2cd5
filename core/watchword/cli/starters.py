"""The applications that `watchword init` writes, one per framework."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Starter:
    """One framework: what its file says around the `Auth`, and how it is started."""

    title: str
    body: str
    run: str
    """The command that starts it."""
    packages: str
    """What to install for it."""
    port: int = 8000
    standard: str = ""
    """Imports of the standard library, beside `import os`."""
    imports: str = ""
    """Imports of the framework."""
    adapter: str = ""
    """Lines that import the adapter."""
    core: str = "Advanced, Auth, EmailAndPassword, IPAddressOptions"
    """What is imported of watchword itself."""

    def source(self, database: str) -> str:
        """The text of the file. `database` is a Python expression."""
        others = (self.imports, f"from watchword import {self.core}", self.adapter)
        imports = "\n".join(filter(None, others))
        return f'''"""{self.title} with sign-up and sign-in under /api/auth."""

import os
{self.standard}
{imports}

# Addresses or networks of the proxies in front, separated by blanks: they name the
# client in X-Forwarded-For. Without any, the address of the connection counts.
proxies = os.environ.get("TRUSTED_PROXIES", "").split()

# The secret is read from BETTER_AUTH_SECRET.
auth = Auth(
    database={database},
    base_url=os.environ.get("BETTER_AUTH_URL", "http://localhost:{self.port}"),
    email_and_password=EmailAndPassword(enabled=True),
    advanced=Advanced(
        ip_address=IPAddressOptions(
            headers=["x-forwarded-for"] if proxies else [], trusted_proxies=proxies
        )
    ),
)

{self.body}'''


STARTERS = {
    "flask": Starter(
        title="A Flask application",
        imports="from flask import Flask",
        adapter="from watchword.adapters.flask import Watchword, current_user, login_required",
        port=5000,
        packages="watchword[flask,cli]",
        run="flask --app app run --port 5000",
        body="""app = Flask(__name__)
Watchword(auth, app)


@app.get("/me")
@login_required
def me():
    return {"email": current_user.email}
""",
    ),
    "fastapi": Starter(
        title="A FastAPI application",
        standard="from typing import Annotated\n",
        imports="from fastapi import Depends, FastAPI",
        core="Advanced, Auth, EmailAndPassword, IPAddressOptions, User",
        adapter="from watchword.adapters.fastapi import CurrentUser, lifespan, mount",
        packages="watchword[fastapi,cli] uvicorn",
        run="uvicorn app:app --port 8000",
        body="""app = FastAPI(lifespan=lifespan(auth))
mount(app, auth)


@app.get("/me")
async def me(user: Annotated[User, Depends(CurrentUser(auth))]) -> dict[str, str]:
    return {"email": user.email}
""",
    ),
    "starlette": Starter(
        title="A Starlette application",
        imports="""from starlette.applications import Starlette
from starlette.authentication import requires
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route""",
        adapter="from watchword.adapters.starlette import SessionMiddleware, lifespan, mount",
        packages="watchword[starlette,cli] uvicorn",
        run="uvicorn app:app --port 8000",
        body="""
@requires("authenticated")
async def me(request: Request) -> JSONResponse:
    return JSONResponse({"email": request.user.record.email})


app = Starlette(
    routes=[mount(auth), Route("/me", me)],
    middleware=[Middleware(SessionMiddleware, auth=auth)],
    lifespan=lifespan(auth),
)
""",
    ),
    "litestar": Starter(
        title="A Litestar application",
        imports="from litestar import Litestar, get\nfrom litestar.di import NamedDependency",
        core="Advanced, Auth, EmailAndPassword, IPAddressOptions, User",
        adapter="from watchword.adapters.litestar import WatchwordPlugin",
        packages="watchword[litestar,cli] uvicorn",
        run="uvicorn app:app --port 8000",
        body="""
@get("/me")
async def me(user: NamedDependency[User]) -> dict[str, str]:
    return {"email": user.email}


app = Litestar([me], plugins=[WatchwordPlugin(auth)])
""",
    ),
    "wsgi": Starter(
        title="A WSGI application",
        adapter="from watchword.adapters.wsgi import WSGIApp",
        packages="watchword[cli] gunicorn",
        run="gunicorn --bind localhost:8000 app:app",
        body="app = WSGIApp(auth)\n",
    ),
    "asgi": Starter(
        title="An ASGI application",
        adapter="from watchword.adapters.asgi import ASGIApp",
        packages="watchword[cli] uvicorn",
        run="uvicorn app:app --port 8000",
        body="app = ASGIApp(auth)\n",
    ),
}

DATABASES = {
    "sqlite": None,
    "postgresql": "postgresql://user:password@localhost:5432/app",
    "mysql": "mysql://user:password@localhost:3306/app",
}
"""By kind, an example of DATABASE_URL; None: the file app.db."""
