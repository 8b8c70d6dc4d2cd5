"""The URLs of the server that the settings name: `path("", include("...adapters.django.urls"))`."""

from __future__ import annotations

from .mounting import watchword_urls

urlpatterns = watchword_urls()
