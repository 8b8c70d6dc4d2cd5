"""Related rows come in the same call."""

from watchword.testing.storage_contract.joins import *
