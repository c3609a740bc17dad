"""How the shipped models were made: one module a recipe, each with ``train(quick=False) -> Trained``.

``mmlearn train sticker-cnn`` runs ``mmlearn/course/recipes/sticker_cnn.py`` and writes the checkpoint.
"""
