"""Everything of a transaction is stored, or nothing."""

from watchword.testing.storage_contract.transactions import *
