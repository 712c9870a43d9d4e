"""Connections that are closed while a call runs."""

import threading
import time

import duckdb

from coexpr.database.interruption import close_unless_running, is_anything_running

ENDLESS = "with recursive t(i) as (select 1 union all select i + 1 from t) select max(i) from t"


def test_a_connection_is_closed_while_a_call_runs_that_is_not_waited_for() -> None:
    connection = duckdb.connect()
    ends: list[type[BaseException]] = []

    def call() -> None:
        try:
            connection.execute(ENDLESS).fetchall()
        except duckdb.Error as error:
            ends.append(type(error))

    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    time.sleep(0.3)  # it runs
    close_unless_running(connection)
    thread.join(timeout=60)
    assert ends
    assert not is_anything_running()
