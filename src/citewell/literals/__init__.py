"""What texts state that can be compared without a model: words, numbers, units, dates, names, negation."""
