"""From ranked passages to a cited answer: read, judge, cite, compare versions."""
