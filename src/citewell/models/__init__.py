"""Neural parts that run without torch: the encoder now, reranker, reader and verifier as they are trained.

Importing this package loads nothing heavy; ``from citewell.models.encoder import load_encoder`` loads numpy, and the
inference engine is loaded with the first model. ``weights/`` holds what ships, each with a card and its hashes.
"""
