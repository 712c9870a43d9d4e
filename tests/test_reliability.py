"""docs/reliability.md shows the records of the long runs."""

import reliability


def test_the_page_shows_the_records() -> None:
    text = reliability.PAGE.read_text()
    assert reliability.page(text) == text


def test_every_record_is_on_the_page() -> None:
    parts = {name for part in reliability.PARTS for name in (record["name"] for record in reliability.records(part))}
    assert parts == {file.stem for file in reliability.RECORDS.glob("*.json")}
