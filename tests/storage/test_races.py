"""Fifty callers at once: threads against blocking engines, tasks against the others."""

from watchword.testing.storage_contract.races import *
