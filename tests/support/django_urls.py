"""No URLs: tests bring their own."""

urlpatterns: list[object] = []
