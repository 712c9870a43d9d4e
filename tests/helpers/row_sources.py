"""Row sources that workers of a scheduler can import."""

import os
import signal
from dataclasses import dataclass

from coexpr.network.row_source import FileSource
from coexpr.stats.correlate import Rows


@dataclass(frozen=True)
class FatalSource(FileSource):
    """Rows that end every process that opens them."""

    def open(self) -> Rows:
        os.kill(os.getpid(), signal.SIGKILL)
        return super().open()
