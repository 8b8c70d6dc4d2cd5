"""Users that are known by a field `watchword_id` or by an address; posts of Django's users."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.models import AbstractUser, Group, Permission
from django.db import models


class Member(AbstractUser):
    watchword_id = models.CharField(max_length=64, unique=True, null=True)
    username = models.CharField(max_length=20, default="")
    groups = models.ManyToManyField(Group, related_name="+")
    user_permissions = models.ManyToManyField(Permission, related_name="+")
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []


class Addressed(AbstractUser):
    """Known by the address alone."""

    username = None  # pyright: ignore
    email = models.EmailField(unique=True)
    groups = models.ManyToManyField(Group, related_name="+")
    user_permissions = models.ManyToManyField(Permission, related_name="+")
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []


class Post(models.Model):
    text = models.CharField(max_length=40)
    author = models.ForeignKey("auth.User", on_delete=models.CASCADE)
