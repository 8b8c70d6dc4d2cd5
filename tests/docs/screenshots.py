"""Writes the pictures of plugin Pages for its documentation: `python -m tests.docs.screenshots`.

They show plugin Pages in Chromium, as it comes.
"""

from __future__ import annotations

import sys
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.pages.eyes import Eyes, View, eyes
from tests.pages.members_site import ADA, PASSWORD, MembersSite
from tests.pages.site import Site, served
from tests.pages.test_members import an_app, members
from tests.support.browser import Browser
from tests.support.services import ROOT
from watchword import User

FOLDER = ROOT / "docs" / "pages"
DAY, NIGHT = View("by day", 760, 640, False), View("at night", 760, 640, True)
PHONE = View("on a phone at night", 390, 700, True)

SMALL = View("on a phone by day", 390, 700, False)
ELSEWHERE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Mobile Safari/604.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Firefox/131.0",
)

TALLEST = {760: 1140, 390: 960}
"""Pixels of a picture, by its width: what is below says nothing new."""

Scene = Callable[[Site, Eyes], None]
MembersScene = Callable[[MembersSite, Eyes], None]


def signing_in(site: Site, browser: Eyes) -> None:
    browser.browser.get(f"{site.pages}/sign-in")


def refused(site: Site, browser: Eyes) -> None:
    browser.browser.get(f"{site.pages}/sign-up")
    browser.fill(name="Ada Lovelace", email="ada@example.com", password="engine")
    browser.send()


def second_factor(site: Site, browser: Eyes) -> None:
    browser.browser.get(f"{site.pages}/second-factor")


def a_code(site: Site, browser: Eyes) -> None:
    browser.browser.get(f"{site.pages}/email-code")
    browser.fill(email="ada@example.com")
    browser.send()


def at(page: str) -> MembersScene:
    return lambda site, browser: site.see(browser, page)


def devices(site: MembersSite, browser: Eyes) -> None:
    for name in ELSEWHERE:
        there = Browser(site.auth, origin=site.origin)
        there.post("/sign-in/email", {"email": ADA, "password": PASSWORD}, user_agent=name)
    site.see(browser, "account/sessions")


def organization(site: MembersSite, browser: Eyes) -> None:
    site.see(browser, "organizations")
    browser.fill(name="Analytical Engines")
    browser.send("form:has([value=create]) button")
    members(site, browser)
    browser.fill(email="charles@example.com")
    browser.send("form:has([value=invite]) button")
    members(site, browser)


def a_link(site: MembersSite, browser: Eyes) -> None:
    browser.browser.get(site.link(ADA))


SIGNED_OUT: dict[str, tuple[View, Scene]] = {
    "sign-in": (DAY, signing_in),
    "sign-up-refused": (DAY, refused),
    "second-factor": (PHONE, second_factor),
    "code": (NIGHT, a_code),
}
SIGNED_IN: dict[str, tuple[View, MembersScene]] = {
    "account": (DAY, at("account")),
    "two-factor": (NIGHT, at("account/two-factor")),
    "app": (SMALL, an_app),
    "devices": (NIGHT, devices),
    "members": (SMALL, organization),
    "link": (SMALL, a_link),
}
NAMES = (*SIGNED_OUT, *SIGNED_IN)


def take(folder: Path = FOLDER) -> None:
    """All pictures."""
    folder.mkdir(exist_ok=True)
    with TemporaryDirectory() as place:
        here = Path(place)
        for name in ("site", "members"):
            (here / name).mkdir()
        with eyes(here / "profile") as browser:
            with served(Site(here / "site")) as site:
                for name, (view, scene) in SIGNED_OUT.items():
                    browser.look(view)
                    browser.forget_everything()
                    scene(site, browser)
                    picture(browser, view, folder / f"{name}.png")
            house = MembersSite(here / "members", user_type=User)
            with served(house):
                house.sign_in(browser, name="Ada Lovelace")
                for name, (view, show) in SIGNED_IN.items():
                    browser.look(view)
                    show(house, browser)
                    picture(browser, view, folder / f"{name}.png")


def picture(browser: Eyes, view: View, file: Path) -> None:
    """What there is to see, down to the end of the page, if that is not too far."""
    browser.browser.execute_script("document.activeElement.blur(); scrollTo(0, 0)")
    bottoms = "[...document.body.children].map((one) => one.getBoundingClientRect().bottom)"
    height = browser.browser.execute_script(f"return Math.ceil(Math.max(...{bottoms})) + 32")
    tall = min(height, TALLEST[view.width])
    clip = {"x": 0, "y": 0, "width": view.width, "height": tall, "scale": 1}
    taken = browser.cdp(
        "Page.captureScreenshot", format="png", clip=clip, captureBeyondViewport=True
    )
    file.write_bytes(b64decode(taken["data"]))
    sys.stdout.write(f"{file.name} {file.stat().st_size // 1024} KiB\n")


if __name__ == "__main__":
    take()
