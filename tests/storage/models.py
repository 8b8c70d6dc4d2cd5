"""The schema that the storage tests use: that of the contract's suite."""

from watchword.testing.storage_contract.models import *
