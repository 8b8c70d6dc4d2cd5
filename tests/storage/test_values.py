"""What is put into a field comes out of it, and what no database can hold is refused."""

from watchword.testing.storage_contract.values import *
