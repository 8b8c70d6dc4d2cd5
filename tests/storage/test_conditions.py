"""Conditions: every operator, with every connector, against a plain Python reading of them."""

from watchword.testing.storage_contract.conditions import *
