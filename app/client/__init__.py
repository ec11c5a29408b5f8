"""A Rondo from Python: every route of its REST interface as a typed method. It needs httpx, and nothing else."""

from . import shapes
from .client import Rondo
from .connection import Refused, every

__all__ = ["Refused", "Rondo", "every", "shapes"]
