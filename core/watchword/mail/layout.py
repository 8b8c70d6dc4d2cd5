"""The form of our mails: plain text, and HTML that needs nothing from elsewhere.

No picture, style or script is loaded, so that nobody learns that a mail was opened; it reads well
by day and by night, with and without styles.
"""

from __future__ import annotations

import textwrap
from html import escape

from .drafts import Content, Draft

_WIDTH = 72
_FONT = "-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"
_P = "margin:0 0 16px;font-size:16px;line-height:24px"
_SMALL = "margin:0 0 16px;font-size:13px;line-height:20px;color:#5b6470"
_CARD = "max-width:520px;margin:0 auto;padding:32px;background:#ffffff;border-radius:12px"
_BUTTON = (
    "display:inline-block;padding:12px 24px;border-radius:8px;background:#1f4fd8;color:#ffffff;"
    "font-size:16px;line-height:24px;font-weight:600;text-decoration:none"
)
_CODE = (
    "margin:0 0 16px;font-family:ui-monospace,Menlo,Consolas,monospace;font-size:32px;"
    "line-height:40px;font-weight:700;letter-spacing:6px;color:#14171c"
)
_NIGHT = (
    "@media (prefers-color-scheme:dark){.page{background:#14171c!important}"
    ".card{background:#1f242c!important}.text{color:#f2f4f7!important}"
    ".small{color:#aab2bd!important}.link{color:#9db8ff!important}}"
)


def laid_out(draft: Draft) -> Content:
    """The mail in both forms."""
    return Content(subject=draft.subject, text=as_text(draft), html=as_html(draft))


def as_text(draft: Draft) -> str:
    """Paragraphs of plain text; link or code stand on a line of their own."""
    told = [draft.greeting, *draft.lines, draft.code, draft.url, draft.life, *draft.after]
    whole = {draft.code, draft.url}
    paragraphs = [one if one in whole else _wrapped(one) for one in told if one]
    return "\n\n".join([*paragraphs, f"-- \n{_wrapped(draft.footer)}"]) + "\n"


def as_html(draft: Draft) -> str:
    """A document without anything that is loaded."""
    body = [_paragraph(one) for one in (draft.greeting, *draft.lines)]
    if draft.code:
        body.append(f'<p class="text" style="{_CODE}">{escape(draft.code)}</p>')
    if draft.url:
        link = f'<a href="{escape(draft.url)}" style="{_BUTTON}">{escape(draft.button)}</a>'
        body.append(f'<p style="{_P}">{link}</p>')
    body += [_paragraph(one) for one in (draft.life, *draft.after) if one]
    if draft.url:
        shown = escape(draft.url)
        link = f'<a class="link" href="{shown}" style="color:#1f4fd8;word-break:break-all">{shown}'
        body.append(_small(f"{escape(draft.paste)}<br>{link}</a>"))
    body.append(_small(escape(draft.footer)))
    return _document(draft, "\n".join(body))


def _wrapped(text: str) -> str:
    return textwrap.fill(text, _WIDTH, break_long_words=False, break_on_hyphens=False)


def _paragraph(text: str) -> str:
    return f'<p class="text" style="{_P};color:#14171c">{escape(text)}</p>'


def _small(markup: str) -> str:
    return f'<p class="small" style="{_SMALL}">{markup}</p>'


def _document(draft: Draft, body: str) -> str:
    language, title = escape(draft.language), escape(draft.subject)
    return f"""<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<meta name="format-detection" content="telephone=no, date=no, address=no, email=no, url=no">
<title>{title}</title>
<style>{_NIGHT}</style>
</head>
<body class="page" style="margin:0;padding:24px;background:#f2f4f7;font-family:{_FONT}">
<div class="card" role="article" style="{_CARD}">
<p class="text" style="margin:0 0 24px;font-size:18px;font-weight:700;color:#14171c">\
{escape(draft.site)}</p>
{body}
</div>
</body>
</html>
"""
