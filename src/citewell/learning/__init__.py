"""How Citewell learns: data with its origin, recipes that train the shipped models and a user's own, and their export.

Nothing here runs when a question is asked, and only ``learning.train`` imports torch (the ``train`` extra).
"""
