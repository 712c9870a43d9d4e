"""Without matplotlib, which is an extra, there are no figures to test."""

import importlib.util

collect_ignore_glob = [] if importlib.util.find_spec("matplotlib") else ["test_*.py"]
