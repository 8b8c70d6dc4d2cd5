"""Rows go in and come out: create, find, update, delete, count, order and pages."""

from watchword.testing.storage_contract.rows import *
