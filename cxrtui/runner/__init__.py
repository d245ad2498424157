"""The runner pulls events from `fit`, appends them to the run's log as its only writer, and obeys its `control` file.

The dashboard's worker thread and a headless process both call `drive`.
"""

from __future__ import annotations

from cxrtui.runner.afterwards import record, warn
from cxrtui.runner.driving import drive
from cxrtui.runner.log import OnEvent
from cxrtui.runner.records import save_config, start_config, versions

__all__ = ["OnEvent", "drive", "record", "save_config", "start_config", "versions", "warn"]
