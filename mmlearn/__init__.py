"""Multimodal machine learning from scratch: the package that the course's notebooks import.

Folder names are the pipeline: ``data`` (modality -> arrays), ``encode`` (arrays -> vectors), ``score``
(how good, with an interval) and ``view`` (figures in one style); ``checks`` is what a notebook calls after
"your turn", ``course`` builds and starts the lessons.
"""

__version__ = "0.1.0"
