"""Evaluation: data sets, metrics and measured runs. Everything here measures the same code that answers questions."""
