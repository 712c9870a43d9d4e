"""A short run of random addresses; `python -m web` has longer ones."""

from pathlib import Path

from helpers.trials import Trial
from web.trial import ask


def test_random_addresses(synthetic_database: Path) -> None:
    trial = Trial("short", "sql", "a short run")
    ask(trial, synthetic_database, count=150, seed=0)
    assert trial.failures == []
    assert trial.outcomes["an answer"] > 10
    assert trial.outcomes["refused with its reason"] > 10
