"""Recipes and the trainer they share. Needs the ``train`` extra; imported only when something is trained."""
