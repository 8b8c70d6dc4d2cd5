"""The demonstration's own routes: notes and QR codes, for who is signed in."""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import contextmanager
from itertools import count
from typing import Any

import httpx2
import pytest

from examples.demo.notes import LONGEST, MOST

NUMBERS = count()


def test_notes_are_seen_and_removed_by_who_wrote_them_alone(origin: str) -> None:
    with somebody(origin) as ada, somebody(origin) as eve:
        assert ada.post("/notes", json={"text": "  Buy milk "}).status_code == 201
        (note,) = ada.get("/notes").json()
        assert note["text"] == "Buy milk"
        assert eve.get("/notes").json() == []
        assert eve.delete(f"/notes/{note['id']}").status_code == 200
        assert len(ada.get("/notes").json()) == 1
        ada.delete(f"/notes/{note['id']}")
        assert ada.get("/notes").json() == []


def test_notes_are_bounded(origin: str) -> None:
    with somebody(origin) as ada:
        statuses = [ada.post("/notes", json={"text": "n"}).status_code for _ in range(MOST + 1)]
        assert statuses == [201] * MOST + [409]


@pytest.mark.parametrize("path", ["/notes", "/qr-code"])
def test_what_is_no_text_or_too_long_is_refused(origin: str, path: str) -> None:
    wrong: list[Any] = [None, 1, [], {}, "", "x" * 501]
    with somebody(origin) as ada:
        for text in wrong:
            assert ada.post(path, json={"text": text}).status_code == 400
            alone = {"content": json.dumps(text), "headers": {"content-type": "application/json"}}
            assert ada.post(path, **alone).status_code == 400


def test_a_note_has_so_many_characters_and_no_more(origin: str) -> None:
    with somebody(origin) as ada:
        lengths = [LONGEST, LONGEST + 1]
        answers = [ada.post("/notes", json={"text": "x" * length}) for length in lengths]
        assert [answer.status_code for answer in answers] == [201, 400]


@pytest.mark.parametrize("path", ["/notes", "/qr-code"])
def test_other_sites_and_strangers_are_refused(origin: str, path: str) -> None:
    with somebody(origin) as ada:
        form = {"content-type": "text/plain"}  # as a form of another site may send it
        assert ada.post(path, content='{"text": "x"}', headers=form).status_code == 415
    assert httpx2.post(f"{origin}{path}", json={"text": "x"}).status_code == 401


@contextmanager
def somebody(origin: str) -> Generator[httpx2.Client, None, None]:
    """Somebody who just signed up."""
    person = {"name": "Ada", "email": f"{next(NUMBERS)}@example.com", "password": "correct horse"}
    with httpx2.Client(base_url=origin, headers={"origin": origin}) as client:
        client.post("/api/auth/sign-up/email", json=person).raise_for_status()
        yield client
