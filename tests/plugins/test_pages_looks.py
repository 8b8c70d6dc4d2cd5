"""Ready pages: colours, logos, templates of one's own, and options that cannot be meant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.pages_visitor import PagesVisitor
from watchword import Auth, ConfigurationError
from watchword.plugins import Pages, Username
from watchword.plugins.pages import Colors
from watchword.plugins.pages.colors import DARK, LIGHT, contrast, variables

PNG = bytes.fromhex("89504e470d0a1a0a")


# looks


def test_the_name_is_that_of_the_application(visit: Any) -> None:
    assert visit(auth={"app_name": "Acme"}).see("sign-in").title == "Sign in · Acme"
    assert visit(name="Shop", auth={"app_name": "Acme"}).see("sign-in").title == "Sign in · Shop"


def test_a_logo_of_the_site_may_be_loaded(visit: Any) -> None:
    shown = visit(name="Acme", logo="/static/logo.svg").see("sign-in")
    assert '<img class="logo" src="/static/logo.svg" alt="Acme">' in shown.source
    assert "img-src 'self'" in (shown.answer.header("content-security-policy") or "")


def test_a_logo_of_a_file_stands_in_the_page(visit: Any, tmp_path: Path) -> None:
    (tmp_path / "logo.png").write_bytes(PNG)
    shown = visit(logo=tmp_path / "logo.png").see("sign-in")
    assert 'src="data:image/png;base64,iVBORw0KGgo="' in shown.source
    assert "img-src data:" in (shown.answer.header("content-security-policy") or "")


def test_logos_that_cannot_be_shown_are_refused(tmp_path: Path) -> None:
    (tmp_path / "large.png").write_bytes(bytes(70_000))
    for logo, said in (
        ("https://cdn.example/logo.png", "is no path on this site"),
        ("//cdn.example/logo.png", "is no path on this site"),
        (tmp_path / "logo.exe", "is no picture"),
        (tmp_path / "none.png", "No such file"),
        (tmp_path / "large.png", "70000 bytes"),
        (7, "is no picture"),
    ):
        with pytest.raises(ConfigurationError, match=said):
            Pages(logo=logo)  # pyright: ignore


def test_one_colour_can_be_another_one(visit: Any) -> None:
    style = visit(colors=Colors(accent="#0a7")).see("sign-in").source
    assert "--accent:#00aa77" in style
    assert f"--surface:{LIGHT.surface}" in style
    assert f"--accent:{DARK.accent}" in style


@pytest.mark.parametrize("accent", ["#000", "#fff", "#ffdd00", "#777777", "#3355d1", "#8fa8ff"])
def test_whatever_the_accent_is_it_can_be_read(accent: str) -> None:
    for ours in (LIGHT, DARK):
        made = {
            name: (int(text[1:3], 16), int(text[3:5], 16), int(text[5:], 16))
            for name, text in variables("Pages.colors", Colors(accent=accent), ours).items()
        }
        assert contrast(made["on-accent"], made["accent"]) >= 4.5
        for behind in ("surface", "background"):
            assert contrast(made["accent-text"], made[behind]) >= 4.5


@pytest.mark.parametrize(
    ("colors", "said"),
    [
        (Colors(accent="red"), "Pages.colors.accent: 'red' is no colour"),
        (Colors(accent="#12"), "is no colour"),
        (Colors(accent="#fff;}body{display:none"), "is no colour"),
        (Colors(text="#999"), r"on surface its contrast is 2\.8:1"),
        ("#3355d1", "is no Colors"),
    ],
)
def test_colours_that_nobody_could_read_are_refused(colors: Any, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        Pages(colors=colors)


def test_rules_of_ones_own_stand_behind_ours(visit: Any) -> None:
    shown = visit(css=".card { border-radius: 0 }").see("sign-in")
    assert shown.source.index("border-radius: 0 }") > shown.source.index(".card {")
    for css in ("</style><script>", 7):
        with pytest.raises(ConfigurationError, match=r"Pages\.css"):
            Pages(css=css)  # pyright: ignore


# templates


def test_one_template_can_be_another_one(visit: Any, tmp_path: Path) -> None:
    (tmp_path / "sign-up.html").write_text(
        '{% extends "original/sign-up.html" %}'
        "{% block lead %}<p>Hello {{ site.name }}</p>{% endblock %}"
    )
    visitor = visit(templates=tmp_path, name="<Acme>")
    assert "<p>Hello &lt;Acme&gt;</p>" in visitor.see("sign-up").source
    assert set(visitor.see("sign-up").form().attributes) >= {"name", "email", "password"}
    assert visitor.see("sign-in").heading == "Sign in"


def test_the_layout_can_be_another_one_for_all_pages(visit: Any, tmp_path: Path) -> None:
    (tmp_path / "layout.html").write_text(
        '{% extends "original/layout.html" %}'
        "{% block footer %}<footer>Imprint</footer>{% endblock %}"
    )
    visitor = visit(templates=str(tmp_path))
    assert all("Imprint" in visitor.see(page).source for page in ("sign-in", "sign-up", "nothing"))


def test_a_template_that_cannot_be_read_is_refused_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "sign-in.html").write_text("{% block title %}\n{% endblok %}")
    with pytest.raises(ConfigurationError, match=r"Pages\.templates: sign-in\.html, line 2"):
        Pages(templates=tmp_path)
    for wrong in (tmp_path / "nowhere", 7):
        with pytest.raises(ConfigurationError, match=r"Pages\.templates"):
            Pages(templates=wrong)  # pyright: ignore


def test_a_template_that_fails_does_not_lock_anybody_out(
    visit: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "sign-in.html").write_text(
        '{% extends "layout.html" %}\n{% block title %}{{ {}["a-code" ~ 7].there }}{% endblock %}'
    )
    shown = visit(templates=tmp_path).see("sign-in")
    assert (shown.status, shown.heading) == (200, "Sign in")
    (record,) = [one for one in caplog.records if one.name == "watchword.pages"]
    assert record.getMessage() == (
        "the template sign-in.html cannot be rendered: UndefinedError at "
        f"{tmp_path / 'sign-in.html'}, line 2"
    )
    assert "a-code7" not in caplog.text


# options


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"prefix": "pages"}, r"Pages\.prefix: 'pages' is no path"),
        ({"prefix": "/pages/"}, r"Pages\.prefix"),
        ({"prefix": "/:page"}, r"Pages\.prefix"),
        ({"name": 7}, r"Pages\.name"),
        ({"after_sign_in": "javascript:alert(1)"}, r"Pages\.after_sign_in"),
        ({"after_sign_in": "//evil.example"}, r"Pages\.after_sign_in"),
        ({"after_sign_out": "welcome"}, r"Pages\.after_sign_out"),
        ({"take_links": "no"}, r"Pages\.take_links"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(options: Any, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        Pages(**options)


def test_one_plugin_serves_several_servers(make_auth: MakeAuth, tmp_path: Path) -> None:
    plugin = Pages()
    first: Auth[Any] = make_auth(plugins=[plugin], app_name="First")
    second: Auth[Any] = make_auth(plugins=[plugin, Username()], app_name="Second")
    assert PagesVisitor(first).see("sign-in").title == "Sign in · First"
    shown = PagesVisitor(second).see("sign-in")
    assert shown.title == "Sign in · Second"
    assert "E-mail or username" in shown.source
