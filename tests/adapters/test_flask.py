"""What is particular to Flask: hooks that read first, proxies, contexts, its own mounts."""

from __future__ import annotations

import logging

import flask
import pytest
from flask.cli import routes_command
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from tests.adapters.apps import flask_app
from tests.adapters.drivers import WSGIClient
from tests.adapters.echo import RENEWED, EchoAuth
from watchword.adapters.flask import Watchword, current_session, current_user, login_required

FORM = [("Content-Type", "application/x-www-form-urlencoded")]
JSON = [("Content-Type", "application/json")]
BODY = b"resource=a&resource=b"


@pytest.fixture
def app(auth: EchoAuth) -> flask.Flask:
    return flask_app(auth)


def test_data_that_a_hook_has_read_is_not_lost(app: flask.Flask, auth: EchoAuth) -> None:
    app.before_request(lambda: flask.request.get_data() and None)
    WSGIClient(app).send("POST", "/api/auth/ok", FORM, body=BODY)
    assert auth.last.data == BODY


def test_json_that_a_hook_has_read_is_not_lost(app: flask.Flask, auth: EchoAuth) -> None:
    app.before_request(lambda: flask.request.get_json() and None)
    WSGIClient(app).send("POST", "/api/auth/ok", JSON, body=b'{"a":  1}')
    assert auth.last.data == b'{"a":  1}'


def test_a_form_that_a_hook_has_read_from_data_is_not_lost(
    app: flask.Flask, auth: EchoAuth
) -> None:
    @app.before_request
    def read() -> None:
        flask.request.get_data()
        assert flask.request.form.getlist("resource") == ["a", "b"]

    assert callable(read)
    WSGIClient(app).send("POST", "/api/auth/ok", FORM, body=BODY)
    assert auth.last.data == BODY


@pytest.mark.parametrize("chunked", [False, True])
def test_a_form_that_a_hook_has_consumed_is_refused_and_logged(
    app: flask.Flask, auth: EchoAuth, caplog: pytest.LogCaptureFixture, chunked: bool
) -> None:
    app.before_request(lambda: flask.request.form and None)
    body = {"chunks": [BODY]} if chunked else {"body": BODY}
    with caplog.at_level(logging.ERROR, "watchword"):
        answer = WSGIClient(app).send("POST", "/api/auth/ok", FORM, **body)
    assert answer.status == 400
    assert "parsed as a form before watchword could read it" in caplog.text
    assert "resource" not in caplog.text
    assert auth.script.seen == []


def test_a_path_writes_no_line_of_its_own_into_the_log(
    app: flask.Flask, auth: EchoAuth, caplog: pytest.LogCaptureFixture
) -> None:
    app.before_request(lambda: flask.request.form and None)
    WSGIClient(app).send("POST", "/api/auth/ok\nERROR all is lost", FORM, body=BODY)
    (record,) = [one for one in caplog.records if one.name.startswith("watchword")]
    assert "\n" not in record.getMessage()


def test_a_body_that_a_hook_has_read_and_not_kept_is_refused(
    app: flask.Flask, auth: EchoAuth
) -> None:
    app.before_request(lambda: flask.request.get_data(cache=False) and None)
    answer = WSGIClient(app).send("POST", "/api/auth/ok", JSON, body=b"[1]")
    assert answer.status == 400
    assert auth.script.seen == []


def test_a_lower_limit_of_the_application_holds(app: flask.Flask, auth: EchoAuth) -> None:
    app.config["MAX_CONTENT_LENGTH"] = 10
    assert WSGIClient(app).send("POST", "/api/auth/ok", FORM, body=b"x" * 11).status == 413
    assert WSGIClient(app).send("POST", "/api/auth/ok", FORM, body=b"x" * 10).status == 200
    assert [seen.data for seen in auth.script.seen] == [b"x" * 10]


def test_hooks_after_the_request_see_its_responses(app: flask.Flask, auth: EchoAuth) -> None:
    @app.after_request
    def cors(response: flask.Response) -> flask.Response:
        response.headers["Access-Control-Allow-Credentials"] = "true"
        return response

    assert callable(cors)
    answer = WSGIClient(app).send("OPTIONS", "/api/auth/ok")
    assert answer.all("access-control-allow-credentials") == ["true"]
    assert auth.last.request.method == "OPTIONS"


def test_debug_mode_changes_nothing(app: flask.Flask, auth: EchoAuth) -> None:
    app.debug = True
    app.config["PROPAGATE_EXCEPTIONS"] = True
    WSGIClient(app).send("POST", "/api/auth/ok/", FORM, body=BODY)
    assert (auth.last.request.path, auth.last.data) == ("/api/auth/ok/", BODY)


def test_routes_of_the_application_keep_their_slashes(app: flask.Flask) -> None:
    assert WSGIClient(app).send("GET", "/api/authors").status == 404
    assert WSGIClient(app).send("GET", "/open/").status == 404
    assert WSGIClient(app).send("GET", "/api//auth/ok").status == 404
    assert WSGIClient(app).send("POST", "/open").status == 405


def test_an_application_below_a_mount_says_where_it_sees_the_base_path() -> None:
    auth = EchoAuth("/v1/api/auth")
    app = flask.Flask("app")
    Watchword(auth, app, path="/api/auth")
    outer = DispatcherMiddleware(flask.Flask("outer"), {"/v1": app})
    WSGIClient(outer).send("GET", "/v1/api/auth/a%2Fb")
    assert auth.last.request.path == "/v1/api/auth/a%2Fb"


def test_a_server_at_the_root_takes_what_no_route_takes() -> None:
    auth = EchoAuth("")
    app = flask.Flask("app")
    Watchword(auth).init_app(app)
    app.add_url_rule("/mine", view_func=lambda: "mine")
    assert WSGIClient(app).send("GET", "/mine").body == b"mine"
    for path in ("/", "/ok", "//ok/"):
        WSGIClient(app).send("GET", path)
    assert [seen.request.path for seen in auth.script.seen] == ["/", "/ok", "//ok/"]


def test_a_login_page_may_be_the_answer(app: flask.Flask) -> None:
    @app.get("/account")
    @login_required(login_url="/sign-in")
    def account() -> str:
        return current_user.name

    assert callable(account)
    answer = WSGIClient(app).send("GET", "/account", [("Cookie", "renew=1")])
    assert (answer.status, answer.all("location")) == (302, ["/sign-in?next=%2Faccount"])
    assert answer.all("set-cookie") == list(RENEWED)
    assert WSGIClient(app).send("GET", "/account", [("Cookie", "user=al")]).body == b"al"


def test_the_refusal_is_the_protocols(app: flask.Flask) -> None:
    response = app.test_client().get("/me")
    assert response.status_code == 401
    assert response.get_json()["code"] == "UNAUTHORIZED"


def test_the_proxies_are_falsy_for_nobody(app: flask.Flask) -> None:
    with app.test_request_context("/"):
        assert not current_user
        assert not current_session


def test_the_proxies_are_the_records_for_somebody(app: flask.Flask) -> None:
    with app.test_request_context("/", headers={"Cookie": "user=alice"}):
        assert current_user
        assert (current_user.email, current_user.id) == ("alice@example.com", "id-alice")
        assert current_session.session.user_id == "id-alice"


def test_requests_within_one_application_context_are_told_apart(app: flask.Flask) -> None:
    with app.app_context():
        client = app.test_client(use_cookies=False)
        for name in ("alice", "bob"):
            assert client.get("/me", headers={"Cookie": f"user={name}"}).text == (
                f"{name}@example.com"
            )
        assert client.get("/me").status_code == 401


def test_the_proxies_need_a_request_and_the_extension(app: flask.Flask) -> None:
    with app.app_context(), pytest.raises(RuntimeError, match="outside of request context"):
        bool(current_user.id)
    with (
        flask.Flask("bare").test_request_context(),
        pytest.raises(RuntimeError, match="no Watchword extension"),
    ):
        bool(current_user.id)


def test_flask_lists_the_routes(app: flask.Flask) -> None:
    result = app.test_cli_runner().invoke(routes_command)
    assert result.exit_code == 0
    assert "/api/auth" in result.output
