"""Retrieval: from a question to ranked passages, by words and by meaning, joined by a weight the question decides."""
