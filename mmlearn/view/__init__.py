"""Figures in one style: legible, titled, colour-blind safe, Chinese included."""
