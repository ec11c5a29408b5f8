"""What a training process loads. Imported once by the process that `tests.warm` forks trainings from."""

import gc

import datasets
import peft
import torch
import transformers
import trl
from trl import DPOTrainer, KTOTrainer, SFTTrainer

import backend.trainers.__main__
from backend.engines import _weights
from backend.registry import import_all

__all__ = [
    "DPOTrainer",
    "KTOTrainer",
    "SFTTrainer",
    "_weights",
    "backend",
    "datasets",
    "peft",
    "torch",
    "transformers",
    "trl",
]

import_all()
gc.freeze()  # what is loaded stays: a training that collects its own garbage need not look through all of it
