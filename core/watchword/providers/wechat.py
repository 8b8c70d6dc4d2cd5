"""Sign in with WeChat (https://developers.weixin.qq.com/doc/oplatform, "website application").

WeChat has an OAuth of its own: everything is asked for by GET, and errors are successful answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from watchword.http.query import encode_form
from watchword.oauth.client import Client
from watchword.oauth.description import Description
from watchword.oauth.profile import Fields, text
from watchword.oauth.provider import CodeGrant, Provider
from watchword.oauth.tokens import Profile, Tokens, json_object, read_tokens

_API = "https://api.weixin.qq.com/sns"


@dataclass(frozen=True, kw_only=True, repr=False)
class WeChat(Provider):
    """WeChat accounts.

    Register a website application at https://open.weixin.qq.com/. WeChat reviews it, and wants
    the domain of the callback URL alone.

    - WeChat tells no address: everybody gets a placeholder.
    - People are known by `unionid` if the application is bound to an account of the open
      platform, and by `openid` otherwise. Bind it before the first sign-in: the same people are
      others afterwards.
    """

    lang: Literal["cn", "en"] = "cn"
    """Of the page that shows the QR code."""

    def describe(self) -> Description:
        return Description(
            id="wechat",
            name="WeChat",
            authorization_url="https://open.weixin.qq.com/connect/qrconnect#wechat_redirect",
            token_url=f"{_API}/oauth2/access_token",
            scopes=("snsapi_login",),
            scope_separator=",",
            client_id_name="appid",
            opening=("scope", "response_type", "appid", "redirect_uri", "state"),
            parameters={"lang": self.lang},
            pkce=False,
            fields=Fields(
                id="subject",
                name=("nickname",),
                placeholder="wechat.placeholder.invalid",
                image=("headimgurl",),
            ),
            needs_secret=True,
        )

    async def exchange(self, client: Client, grant: CodeGrant) -> Tokens:
        asked = {
            "appid": self.client_ids[0],
            "secret": self.client_secret or "",
            "code": grant.code,
            "grant_type": "authorization_code",
        }
        found = await _get(client, "oauth2/access_token", asked)
        return _read(found, client, refreshed=False)

    async def refresh_tokens(self, client: Client, refresh_token: str) -> Tokens:
        asked = {
            "appid": self.client_ids[0],
            "grant_type": "refresh_token",
            "refresh_token": refresh_token,
        }
        found = await _get(client, "oauth2/refresh_token", asked)
        return _read(found, client, refreshed=True)

    async def fetch_profile(self, client: Client, tokens: Tokens) -> Profile | None:
        openid = text(tokens.raw, "openid")
        if not tokens.access_token or openid is None:
            return None
        asked = {"access_token": tokens.access_token, "openid": openid, "lang": "zh_CN"}
        profile = await _get(client, "userinfo", asked)
        if profile.get("openid") != openid:
            return None
        # The same person has another openid in every application, and one unionid in all.
        return {**profile, "subject": text(profile, "unionid", "openid")}


async def _get(client: Client, path: str, asked: Mapping[str, str]) -> Profile:
    answer = await client.get(f"{_API}/{path}?{encode_form(asked)}")
    return json_object(answer, f"wechat: {path}")


def _read(found: Profile, client: Client, *, refreshed: bool) -> Tokens:
    tokens = read_tokens(found, client.now, refreshed=refreshed)
    scopes = [one for scope in tokens.scopes for one in scope.split(",") if one]
    return replace(tokens, scopes=tuple(scopes))
