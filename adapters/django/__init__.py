"""Django: URLs, a middleware with `request.user` and `request.watchword`, and guards for views.

Name the `Auth` in the settings, and take it in:

    WATCHWORD = "shop.auth.auth"
    INSTALLED_APPS = [..., "watchword.adapters.django"]
    MIDDLEWARE = [..., "watchword.adapters.django.middleware.WatchwordMiddleware"]
    urlpatterns = [path("", include("watchword.adapters.django.urls")), ...]

    @login_required                                     # of Django, or of this module for JSON
    def me(request): return JsonResponse({"email": request.user.email})
"""

from __future__ import annotations

try:
    import django
except ModuleNotFoundError as error:
    raise ImportError(
        'watchword.adapters.django needs Django: pip install "watchword[django]"'
    ) from error

from .configured import auth_of_settings
from .guards import (
    action_required,
    fresh_login_required,
    login_required,
    permission_required,
    roles_required,
    second_factor_required,
)
from .mounting import watchword_urls
from .requests import request_of
from .users import SignedInUser
from .visit import Visit, WatchwordRequest, visit_of

__all__ = [
    # who is asking
    "SignedInUser",
    "Visit",
    "WatchwordRequest",
    "visit_of",
    # guards of views
    "action_required",
    "fresh_login_required",
    "login_required",
    "permission_required",
    "roles_required",
    "second_factor_required",
    # the server
    "auth_of_settings",
    "request_of",
    "watchword_urls",
]

_ = django  # asked for above, so that its absence is told in words of ours
