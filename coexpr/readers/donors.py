"""The six donors of the atlas. A full-donor download names its donor only in its folder or zip name.

Ids, names, ages and sex: the atlas's site, as in abagen's data/donor_info.csv. Ids and names do
not sort alike, so they are easily swapped by hand.
"""

import re
from typing import NamedTuple

from coexpr.errors import DownloadError, OptionError
from coexpr.readers.place import Place
from coexpr.readers.tables import INT32_MAX


class Donor(NamedTuple):
    """One brain."""

    donor_id: int
    donor_name: str
    age: str
    sex: str


DONORS = (
    Donor(9861, "H0351.2001", "24 years", "M"),
    Donor(10021, "H0351.2002", "39 years", "M"),
    Donor(12876, "H0351.1009", "57 years", "M"),
    Donor(14380, "H0351.1012", "31 years", "M"),
    Donor(15496, "H0351.1015", "49 years", "F"),
    Donor(15697, "H0351.1016", "55 years", "M"),
)

_ID_IN_NAME = re.compile(r"donor[\s_-]*(\d+)", re.IGNORECASE)


def donor_of_option(option: str) -> int:
    """Return the donor that `--donor` means: an id, or the name of one of the six.

    Raises
    ------
    OptionError
        If it is neither.
    """
    for donor in DONORS:
        if option.strip().upper() == donor.donor_name:
            return donor.donor_id
    if option.isascii() and option.strip().isdecimal() and 0 < int(option) <= INT32_MAX:
        return int(option)
    known = ", ".join(f"{donor.donor_id} ({donor.donor_name})" for donor in DONORS)
    raise OptionError(f"--donor {option}: expected a donor id or name. The atlas's donors are {known}.")


def donor_of_place(place: Place) -> int:
    """Return the donor that the folder or zip name gives.

    Raises
    ------
    DownloadError
        If the names give none, or two different ones.
    """
    found = {donor_id: name for name in place.folder_names for donor_id in _donors_in(name)}
    if len(found) > 1:
        names = " and ".join(f"{name} ({donor_id})" for donor_id, name in found.items())
        raise DownloadError(f"{place.location} is named after two donors: {names}. Say which with --donor.")
    if not found:
        raise DownloadError(
            f"{place.location} does not say which donor it is of: its files do not name one, and neither does "
            "the folder or zip, as normalized_microarray_donor9861 does. Say which with --donor 9861."
        )
    return next(iter(found))


def _donors_in(name: str) -> list[int]:
    """Return the donors of the atlas that a name holds; other numbers behind "donor" are no ids."""
    ids = {int(digits) for digits in _ID_IN_NAME.findall(name)}
    return [donor.donor_id for donor in DONORS if donor.donor_name in name.upper() or donor.donor_id in ids]
