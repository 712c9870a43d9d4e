"""Gene symbols that spreadsheets change into dates, such as SEPT2, MARCH1 and DEC1, in the forms of many languages."""

import datetime
import re

# Names of months and their abbreviations in English, German, French, Spanish, Italian, Portuguese, Dutch and Polish.
_MONTHS = {
    1: "jan|janv|ene|gen|sty",
    2: "feb|fév|fev|févr|fevr|lut|februar|février|febrero|febbraio",
    3: "mar|mär|mrz|mrt|mars|märz|marzo|março|maart|marzec",
    4: "apr|avr|abr|kwi|avril|abril|aprile",
    5: "may|mai|mei|mag|maj",
    6: "jun|juin|giu|cze",
    7: "jul|juil|lug|lip",
    8: "aug|août|aout|ago|sie",
    9: "sep|sept|set|wrz|septembre|septiembre|settembre|setembro",
    10: "oct|okt|ott|out|paź|oktober|octobre|octubre|ottobre|outubro",
    11: "nov|lis|novembre|noviembre|novembro",
    12: "dec|dez|déc|dic|gru|dezember|décembre|diciembre|dicembre|dezembro",
}
_FULL_NAMES = {
    "january": 1, "february": 2, "march": 3, "april": 4, "june": 6, "july": 7, "august": 8,
    "september": 9, "october": 10, "november": 11, "december": 12,
}  # fmt: skip
_NUMBER_OF_MONTH = {name: month for month, names in _MONTHS.items() for name in names.split("|")} | _FULL_NAMES
_MONTH = "|".join(sorted(_NUMBER_OF_MONTH, key=len, reverse=True))
# In lower case, with the digits 0 to 9 only.
_TIME = r"(?:[ t]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?z?)?"
_DAY_MONTH = re.compile(
    rf"(\d{{1,2}})[-. /]{{1,2}}({_MONTH})\.?(?:[-. /,]{{1,2}}\d{{2}}(?:\d{{2}})?)?{_TIME}", re.ASCII
)
_MONTH_DAY = re.compile(rf"({_MONTH})\.?[- ](\d{{1,2}})(?:,? \d{{4}})?{_TIME}", re.ASCII)
_YEAR_FIRST = re.compile(rf"\d{{4}}[-/.](\d{{1,2}})[-/.](\d{{1,2}}){_TIME}", re.ASCII)
_YEAR_LAST = re.compile(rf"(\d{{1,2}})[-/.](\d{{1,2}})[-/.](?:\d{{4}}|\d{{2}}){_TIME}", re.ASCII)
_SERIAL = re.compile(r"\d{5}(?:\.0+)?", re.ASCII)
# Spreadsheets store dates as numbers of days since this date. The range covers the years 1990 to 2049.
_DAY_ZERO = datetime.date(1899, 12, 30)
_SERIALS = range(32874, 54789)
# The genes that become dates, by month: symbols such as SEPT2 and OCT4, and aliases such as FEB1 and APR1.
_FAMILIES = {2: "FEB", 3: "MARCH", 4: "APR", 9: "SEPT", 10: "OCT", 11: "NOV", 12: "DEC"}
_MOST_MEMBERS = 15


def is_date(symbol: str) -> bool:
    """Return whether a gene symbol has the form of a date."""
    return bool(_dates_of(symbol))


def symbols_of_date(symbol: str) -> list[str]:
    """Return the gene symbols that a spreadsheet may have changed into a date, or into the number of a date."""
    dates = _dates_of(symbol)
    if not dates and _SERIAL.fullmatch(symbol) and int(symbol[:5]) in _SERIALS:
        date = _DAY_ZERO + datetime.timedelta(days=int(symbol[:5]))
        dates = [(date.month, date.day)]
    return [f"{_FAMILIES[month]}{day}" for month, day in dates if month in _FAMILIES and day <= _MOST_MEMBERS]


def _dates_of(symbol: str) -> list[tuple[int, int]]:
    """Return the possible months and days of a date: two if their order is ambiguous."""
    if symbol.isalnum():  # nearly all symbols; a date has a mark between its parts
        return []
    symbol = symbol.lower()  # with re.IGNORECASE, the patterns would match letters such as \u017f
    if found := _DAY_MONTH.fullmatch(symbol):
        pairs = [(_NUMBER_OF_MONTH[found[2]], int(found[1]))]
    elif found := _MONTH_DAY.fullmatch(symbol):
        pairs = [(_NUMBER_OF_MONTH[found[1]], int(found[2]))]
    elif found := _YEAR_FIRST.fullmatch(symbol):
        pairs = [(int(found[1]), int(found[2]))]
    elif found := _YEAR_LAST.fullmatch(symbol):
        pairs = [(int(found[1]), int(found[2])), (int(found[2]), int(found[1]))]
    else:
        return []
    return [pair for pair in dict.fromkeys(pairs) if 1 <= pair[0] <= 12 and 1 <= pair[1] <= 31]
