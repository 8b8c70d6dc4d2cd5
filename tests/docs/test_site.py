"""The documentation site takes in every page, and nothing on it leads nowhere.

`make docs` builds it; here is what can be said without the builder.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path, PurePosixPath

import pytest

from docs.site import llms, markdown, outside
from docs.site.__main__ import foreign
from docs.site.assembly import broken_links, pages
from docs.site.configuration import configuration
from docs.site.endpoints_pages import operations
from docs.site.navigation import UNLISTED, listed, navigation
from docs.site.option_classes import option_classes
from docs.site.options_pages import place as place_of_option
from docs.site.tree import DOCS, Pages, pictures, place
from tests.docs.errors_page import codes, groups
from tests.support.providers import written_ids
from watchword import plugins


@pytest.fixture(scope="module")
def site() -> Pages:
    return pages()


def test_no_link_leads_nowhere(site: Pages) -> None:
    assert broken_links(site, {place(file) for file in pictures()}) == []


def test_a_link_that_leads_nowhere_is_found() -> None:
    text = "# Page\n\n[a](b.md) [c](other.md#there) [d](other.md#gone) [e](https://x.example)\n"
    there = {PurePosixPath("x/page.md"): text, PurePosixPath("x/other.md"): "# Other\n\n## There\n"}
    assert broken_links(there, set()) == ["x/page.md: b.md", "x/page.md: other.md#gone"]


def test_every_page_that_somebody_wrote_is_in_the_navigation(site: Pages) -> None:
    known = listed(site)
    assert len(known) == len(set(known))
    assert {place(file) for file in DOCS.rglob("*.md")} <= set(known)


def test_a_page_that_nobody_placed_is_in_the_navigation_all_the_same(site: Pages) -> None:
    new = {PurePosixPath("new-thing.md"): "# A new thing\n", **site}
    assert PurePosixPath("new-thing.md") in listed(new)


def test_every_generated_page_is_linked(site: Pages) -> None:
    linked = {
        (place.parent / path).as_posix()
        for place, text in site.items()
        for path in [link.partition("#")[0] for link in markdown.links(text)]
    }
    reached = {re.sub(r"(^|/)[^/.]+/\.\./", r"\1", path) for path in linked}
    alone = [one for one in site if one.parent.name in UNLISTED and one.as_posix() not in reached]
    in_navigation = set(listed(site))
    assert [one for one in alone if one not in in_navigation] == []


def test_there_is_a_page_for_each_plugin_provider_error_and_option(site: Pages) -> None:
    known = {str(one) for one in site}
    declared = {code.code for group in groups() for _, code in codes(group) if code.code}
    assert {f"errors/{code}.md" for code in declared} <= known
    assert {f"providers/{name}.md" for name in written_ids()} <= known
    for one in option_classes():
        assert {str(place_of_option(one, option)) for option in one.options} <= known
    named = {one.name for one in option_classes()}
    assert named >= {"Auth", "EmailAndPassword", "SessionOptions", "Provider", "JWTVerifier"}
    assert {name for name in plugins.__all__ if name not in named} == {"OAuthPopup"}  # it has none


def test_no_option_is_without_a_text(site: Pages) -> None:
    bare = [
        str(place)
        for one in option_classes()
        for place in (place_of_option(one, option) for option in one.options)
        if re.match(r"# .*\n\n\s*\|", site[place])
    ]
    assert bare == [], "give it a docstring"


def test_defaults_are_values_and_no_names_of_our_constants() -> None:
    defaults = {
        (one.name, option.name): option.default
        for one in option_classes()
        for option in one.options
    }
    assert defaults["Mailer", "language"] == "'en'"
    assert defaults["MagicLink", "rate_limit"] == "RateLimitRule(window=60, max=5)"
    assert defaults["KeyExpiration", "max_expires_in"] == "31536000"
    assert [name for name, default in defaults.items() if re.search(r"\b_", default or "")] == [
        ("JWTVerifier", "clock")
    ]


def test_errors_say_which_endpoints_answer_with_them(site: Pages) -> None:
    page = site[PurePosixPath("errors/INVALID_TWO_FACTOR_COOKIE.md")]
    assert "[`POST /two-factor/verify-totp`](../endpoints/two-factor.md#post-two-factor" in page
    assert "| 401 |" in page


def test_endpoints_have_the_names_of_their_functions() -> None:
    names = {(one.method, one.path): one.function for one in operations()}
    assert names["POST", "/sign-in/email"] == "sign_in_email"
    assert names["POST", "/two-factor/verify-totp"] == "verify_totp"


def test_types_in_tables_are_shown_as_they_are_written(site: Pages) -> None:
    page = site[PurePosixPath("options/Auth.base_url.md")]
    assert "| type | `str | DynamicBaseURL | None`, " in page


def test_headings_stand_alone() -> None:
    """Renderers take a line right below a table for one of its rows."""
    for file in sorted(DOCS.rglob("*.md")):
        blocks = re.sub(r"^```.*?^```", "", file.read_text(), flags=re.MULTILINE | re.DOTALL)
        assert not re.search(r"[^\n]\n#+ ", blocks), file


def test_the_builder_is_told_every_page_and_loads_no_fonts(site: Pages) -> None:
    told = tomllib.loads(configuration(site))["project"]
    assert told["nav"] == navigation(site)
    assert told["theme"]["font"] is False


def test_programs_find_every_listed_page(site: Pages) -> None:
    short, full = llms.short(site), llms.full(site)
    assert short.startswith("# watchword\n\n> Authentication for Python back ends")
    for one in listed(site):
        assert f"]({one})" in short
        assert f"<!-- {one} -->" in full


def test_what_pages_load_from_elsewhere_is_found(tmp_path: Path) -> None:
    page = tmp_path / "index.html"
    page.write_text('<a href="https://x.example">x</a><script src="/own.js"></script>')
    assert foreign(tmp_path) == []
    page.write_text('<link rel="stylesheet" href="https://fonts.example/x.css">')
    assert len(foreign(tmp_path)) == 1


def test_addresses_of_others_are_collected_but_not_those_of_examples() -> None:
    text = "[a](https://docs.github.com/x#y) [b](https://app.example.com) [c](guards.md)"
    where = PurePosixPath("a.md")
    assert outside.addresses({where: text}) == {"https://docs.github.com/x": [where]}
