import pytest

# What differs is said by the asserts of these as it is by those of a test.
pytest.register_assert_rewrite("tests.stateful.machine", "tests.stateful.cashier")
