"""Modality -> arrays: the data sets of the course, each behind one function."""

from mmlearn.data.bench import bench_scenes
from mmlearn.data.easy_vqa import easy_vqa
from mmlearn.data.photos import photos
from mmlearn.data.products import products
from mmlearn.data.scenes import scenes
from mmlearn.data.science_photos import science_photos
from mmlearn.data.stamps import stamps
from mmlearn.data.stickers import stickers
from mmlearn.data.unavailable import DataUnavailable

__all__ = [
    "DataUnavailable",
    "bench_scenes",
    "easy_vqa",
    "photos",
    "products",
    "scenes",
    "science_photos",
    "stamps",
    "stickers",
]
