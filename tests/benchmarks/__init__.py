"""OMS and its peers, side by side: ``make bench``. What each row does: docs/reference/benchmarks.md."""
