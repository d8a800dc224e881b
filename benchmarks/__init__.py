"""Benchmarks: each prints a table and the command that reproduces it. None is part of the test run."""
