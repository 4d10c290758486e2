"""One contract per port, as classes that the tests of every implementation inherit.

class TestSqliteStore(StoreContract):
    opener = "tests.storage.test_sqlite:make"
"""

import pytest

pytest.register_assert_rewrite(
    "tests.contracts.bus_contract",
    "tests.contracts.clock_contract",
    "tests.contracts.store_contract",
    "tests.contracts.store_crash_contract",
    "tests.contracts.understander_contract",
)
