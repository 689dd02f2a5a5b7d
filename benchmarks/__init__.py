"""Ratios against the bare limit: each number is measured beside its own yardstick, in one run."""
