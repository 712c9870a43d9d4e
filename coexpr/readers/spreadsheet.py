"""What spreadsheets do to gene symbols."""

import re

# What Excel makes of SEPT2, MARCH1 and DEC1, in the forms in which it saves dates.
_DATE = re.compile(r"\d{1,2}-(mar|sep|dec|oct|nov|apr|feb)|(mar|sep|dec)-\d{1,2}", re.IGNORECASE)


def is_date(symbol: str) -> bool:
    """Say whether a gene symbol is a date that a spreadsheet made of one."""
    return _DATE.fullmatch(symbol) is not None
