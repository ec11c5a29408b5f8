"""Settings that Gradio, and what it imports, read once from the environment: when they are imported."""

import os

USUAL = {
    "GRADIO_ANALYTICS_ENABLED": "False",
    "HF_HUB_OFFLINE": "1",
    "GRADIO_DEFAULT_CONCURRENCY_LIMIT": "20",
    # Gradio's monitoring page is off, and what it would show need not be summed up again after every event.
    "GRADIO_ANALYTICS_CACHE_FREQUENCY": str(2**62),
    "GRADIO_ANALYTICS_MAX_EVENTS": "1",
}
SETTINGS = {name: os.environ.get(name, value) for name, value in USUAL.items()}
"""What is set already stays. To be put there before another thread may import what reads it."""
