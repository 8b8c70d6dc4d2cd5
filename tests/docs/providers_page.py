"""Writes docs/providers.md and a page of each provider: `python -m tests.docs.providers_page`.

What they say is in the providers: in their descriptions, in their options, and in the docstring of
the class. That has a sentence of whose accounts these are, a paragraph of where to register, which
begins with "Register", and items of what is particular.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
from pathlib import Path

from docs.site.attributes import declared
from tests.support.providers import provider, written_ids
from watchword.oauth.profile import Fields
from watchword.oauth.provider import Provider

INDEX = Path(__file__).parents[2] / "docs" / "providers.md"
FOLDER = INDEX.with_suffix("")

INTRODUCTION = """# Identity providers

What is known of each provider in `watchword.providers` (`pip install 'watchword[social]'`). Each
is a class of its own, made from what the provider's console gives:
`GitHub(client_id=..., client_secret=...)`. Options that cannot work are refused when the object is
made. The page of each says where to register, and what is particular. These pages are made from
the code; a test keeps them so. How a sign-in goes is told in [Social sign-in](social.md).

| class | id | scopes by default | address | refreshes | ID tokens | PKCE |
|---|---|---|---|---|---|---|
"""

BELOW = """
- **Address**: *verified* where the provider's word is taken for it, if it gives it; *never
  verified* where it has none to give; *made up* where it tells no address: then it is
  `<account id>@<id>.placeholder.invalid`, where no mail arrives.
- **Refreshes**: whether new access tokens can be had for a refresh token. Some providers give one
  only with an option or a scope.
- **ID tokens**: whether an ID token that an application got by itself can be checked.

## Options of all providers

"""

EXAMPLES = {
    "apple": """Apple(
            client_id="com.example.app.web",
            team_id="A1B2C3D4E5",
            key_id="F6G7H8I9J0",
            private_key_pem=os.environ["APPLE_PRIVATE_KEY"],
        )""",
    "atlassian": 'Atlassian(client_id="...", client_secret="...", scope=["read:me"])',
    "cognito": """Cognito(
            client_id="...",
            client_secret="...",
            domain="my-pool.auth.eu-central-1.amazoncognito.com",
            region="eu-central-1",
            user_pool_id="eu-central-1_AbCdEfGhI",
        )""",
    "microsoft": """Microsoft(
            client_id="...",
            client_secret="...",
            tenant_id="organizations",
        )""",
    "paypal": 'PayPal(client_id="...", client_secret="...", environment="live")',
    "tiktok": 'TikTok(client_key="...", client_secret="...")',
    "vercel": """Vercel(
            client_id="...",
            client_secret="...",
            scope=["openid", "email", "profile"],
        )""",
}
"""How a provider is made that takes more than an id and a secret."""

TOLD = {
    ("apple", "name"): "what the browser brings with the first consent",
    ("discord", "image"): "made from `id` and `avatar`",
    ("facebook", "id"): "`id`; `sub` of limited login",
    ("facebook", "verified"): "`email_verified`, which Facebook does not promise",
    ("github", "email"): "`email`, else the primary one of the list of addresses",
    ("github", "verified"): "`verified` of that address in the list",
    ("kakao", "verified"): "`kakao_account.is_email_valid` and `kakao_account.is_email_verified`",
    ("microsoft", "image"): "the photo of Microsoft Graph",
    ("microsoft", "verified"): (
        "`email_verified`, else whether the address is in `verified_primary_email` or "
        "`verified_secondary_email`"
    ),
    ("reddit", "image"): "`icon_img` without its query",
    ("twitter", "email"): "`data.confirmed_email`, else a placeholder",
    ("twitter", "verified"): "if there is a confirmed address",
    ("wechat", "email"): "a placeholder",
    ("wechat", "id"): "`unionid`, else `openid`",
    ("zoom", "verified"): "`verified`, which is 1 or 0",
}
"""What stands elsewhere than where the description looks for it."""

ASKED = {
    "facebook": "`https://graph.facebook.com/me`",
    "twitter": "`https://api.x.com/2/users/me`",
    "wechat": "`https://api.weixin.qq.com/sns/userinfo`",
    "tiktok": "`https://open.tiktokapis.com/v2/user/info/`",
}
"""Who asks in a way of its own, or with a long query."""


@dataclasses.dataclass(frozen=True)
class Remarks:
    """What the docstring of a provider says."""

    accounts: str
    registration: str
    items: list[str]

    @classmethod
    def of(cls, one: Provider) -> Remarks:
        accounts, registration, *rest = (inspect.getdoc(type(one)) or "").split("\n\n")
        items = re.split(r"^- ", "".join(rest), flags=re.MULTILINE)
        listed = [" ".join(item.split()) for item in items if item]
        return cls(accounts, " ".join(registration.split()), listed)


def pages() -> dict[Path, str]:
    """All pages by their files."""
    known = [provider(name) for name in written_ids()]
    rows = "".join(map(_row, known))
    index = f"{INTRODUCTION}{rows}{BELOW}{_table(_options(Provider))}"
    return {INDEX: index} | {FOLDER / f"{one.id}.md": _page(one) for one in known}


def _row(one: Provider) -> str:
    known = one.description
    cells = (
        f"[`{type(one).__name__}`]({FOLDER.name}/{known.id}.md)",
        f"`{known.id}`",
        _scopes(one) or "none",
        _address(one),
        "yes" if one.can_refresh else "no",
        "yes" if one.takes_id_tokens else "no",
        "yes" if known.pkce else "no",
    )
    return f"| {' | '.join(cells)} |\n"


def _page(one: Provider) -> str:
    remarks, name = Remarks.of(one), called(one)
    items, options = "".join(f"- {item}\n" for item in remarks.items), _own_options(one)
    return "".join(
        (
            f"# Sign in with {name}\n\n{remarks.accounts} [All providers](../providers.md), "
            f"[how a sign-in goes](../social.md), [{name}'s own documentation]({_home(one)}).\n",
            f"\n## Registration\n\n{_linked(remarks.registration)}\n\nThe callback URL is\n\n"
            f"```text\nhttps://app.example.com/api/auth/callback/{one.id}\n```\n\nwith your own "
            "address: `base_url`, the base path, `/callback/` and the id of the provider. Every "
            "letter counts.\n",
            f"\n## Configuration\n\n```python\n{_example(one)}```\n\n```js\nawait "
            f'client.signIn.social({{ provider: "{one.id}", callbackURL: "/app" }})\n```\n',
            f"\n## What {name} tells\n\n{_told(one)}",
            f"\n## Tokens\n\n{_tokens(one)}",
            f"\n## To know\n\n{items}" if items else "",
            f"\n## Options\n\n{options}All providers have [these]"
            f"(../providers.md#options-of-all-providers){' as well' if options else ''}.\n",
        )
    )


def called(one: Provider) -> str:
    """What people call it: the first sentence of its module."""
    return _opening(one)[0]


def _home(one: Provider) -> str:
    return _opening(one)[1]


def _opening(one: Provider) -> tuple[str, str]:
    home = inspect.getmodule(type(one))
    found = re.match(r"Sign in with ([^(]+) \((https://[^),]+)", (home and home.__doc__) or "")
    assert found is not None, one.id
    return found[1], found[2]


def _linked(text: str) -> str:
    return re.sub(r"https://[^\s,:()\"]*[^\s,:()\".]", lambda url: f"<{url[0]}>", text)


def _example(one: Provider) -> str:
    name = type(one).__name__
    made = EXAMPLES.get(one.id, f'{name}(client_id="...", client_secret="...")')
    several = "\n" in made or len(made) > 60
    listed = f"[\n        {made},\n    ]" if several else f"[{made}]"
    first = "import os\n\n" if "os." in made else ""
    return (
        f"{first}from watchword import Auth\n"
        f"from watchword.providers import {name}\n\n"
        'auth = Auth(\n    database="sqlite:///app.db",\n'
        '    secret="a long random text that is kept to yourself",\n'
        '    base_url="https://app.example.com",\n'
        f"    social_providers={listed},\n)\n"
    )


def _told(one: Provider) -> str:
    fields = one.description.fields
    assert fields is not None
    found = {
        "id": f"`{fields.id}`",
        "email": _places(fields.email) or "nothing",
        "verified": f"`{fields.email_verified}`" if fields.email_verified else "never",
        "name": _places(fields.name),
        "image": _places(fields.image) or "nothing",
    }
    if fields.placeholder is not None:
        found["email"] = f"{_places(fields.email)}, else a placeholder".removeprefix(", else ")
    found |= {name: text for (key, name), text in TOLD.items() if key == one.id}
    labels = {"id": "account id", "email": "address", "verified": "address verified"}
    rows = (f"| {labels.get(name, name)} | {text} |\n" for name, text in found.items())
    source = one.description.user_info_url
    claims = "the claims of the ID token"
    if one.id in ASKED:
        said = f"{ASKED[one.id]} says"
    elif source is None:
        said = f"{claims} say"
    elif one.description.prefers_id_token:
        said = f"{claims} say, or `{source}` without one,"
    else:
        said = f"`{source}` says"
    return f"Names are those of what {said}.\n\n| of the user | from |\n|---|---|\n{''.join(rows)}"


def _places(places: tuple[str, ...]) -> str:
    """Dotted paths in words: of several places the first that has something counts."""
    return ", else ".join(
        " and ".join(f"`{path}`" for path in place.split(" ")) for place in places
    )


def _tokens(one: Provider) -> str:
    known = one.description
    scopes = _scopes(one)
    said = "the registration there decides" if not known.sends_scopes and not scopes else "none"
    refresh = (
        "`get_access_token` renews a token that ends, and `refresh_token` does so in any case, if "
        "there is a refresh token ([more](../social.md#tokens-for-a-providers-api))."
        if one.can_refresh
        else "Not by itself: `refresh_access_token` is where your own way goes."
    )
    handed = (
        "taken and checked (`idToken: { token, nonce }`)"
        if one.takes_id_tokens
        else "refused, unless `verify_id_token` checks them"
    )
    rows = (
        ("scopes by default", scopes or said),
        ("renewing access tokens", refresh),
        ("ID tokens that an application has already", handed),
        ("PKCE", "yes" if known.pkce else "no"),
    )
    return "| | |\n|---|---|\n" + "".join(f"| {name} | {text} |\n" for name, text in rows)


def _scopes(one: Provider) -> str:
    return " ".join(f"`{scope}`" for scope in one.description.scopes)


def _address(one: Provider) -> str:
    fields = one.description.fields
    assert isinstance(fields, Fields)
    if fields.placeholder is not None:
        return "verified, or made up" if fields.email_verified else "made up"
    return "verified" if fields.email_verified else "never verified"


def _own_options(one: Provider) -> str:
    bases = [kind for kind in type(one).__mro__ if issubclass(kind, Provider)]
    options = [option for kind in bases[:-1] for option in _options(kind)]
    return f"{_table(options)}\n" if options else ""


def _table(options: list[tuple[str, str, str]]) -> str:
    rows = (f"| `{name}` | {default} | {text} |\n" for name, default, text in options)
    return "| option | default | |\n|---|---|---|\n" + "".join(rows)


def _options(kind: type[Provider]) -> list[tuple[str, str, str]]:
    """Name, default and text of the options that a class adds."""
    texts = {one.name: one.text for one in declared(kind)}
    own = inspect.get_annotations(kind)
    fields = [field for field in dataclasses.fields(kind) if field.name in own]
    return [(field.name, _default(field), texts[field.name]) for field in fields]


def _default(field: dataclasses.Field[object]) -> str:
    if field.default is dataclasses.MISSING:
        return "required"
    return f"`{field.default!r}`"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for file, content in pages().items():
        file.write_text(content)
