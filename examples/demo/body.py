"""What the application's own routes are sent."""

from __future__ import annotations

from flask import abort, make_response, request


def sent_text(longest: int) -> str:
    """The `text` in the JSON that was sent; 400 for none, or for more than so many characters.

    JSON is what other sites' forms cannot send: Flask answers 415 to anything else.
    """
    given = request.get_json()
    text = given.get("text") if isinstance(given, dict) else None
    if not isinstance(text, str) or not 1 <= len(text.strip()) <= longest:
        abort(make_response({"message": f"It takes 1 to {longest} characters"}, 400))
    return text.strip()
