"""Which device there is: a CPU, or what the test says."""

import json
import os
from pathlib import Path


class Platform:
    def is_cpu(self) -> bool:
        control = json.loads((Path(os.environ["FAKE_VLLM"]) / "control.json").read_text())
        return bool(control.get("device", "cpu") == "cpu")


current_platform = Platform()
