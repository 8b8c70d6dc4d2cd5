"""For servers of WSGI: says when a mail is sent, to whom started the server."""

from __future__ import annotations

from tests.attacks.programs_that_end import made, send
from watchword.adapters.wsgi import WSGIApp

application = WSGIApp(made(send))
