"""The operations that make single use safe: take, update_if, increment, reserve."""

from watchword.testing.storage_contract.single_use import *
