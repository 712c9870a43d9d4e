"""The six donors of the atlas. A full-donor download names its donor only in the name of its folder or zip.

Ids, names, ages and sexes are those of the atlas's site, as in abagen's data/donor_info.csv. Ids and names sort
differently, so they are easily confused.
"""

import re
from typing import NamedTuple

from coexpr.errors import DownloadError, OptionError
from coexpr.readers.place import Place
from coexpr.readers.tables import INT32_MAX


class Donor(NamedTuple):
    """A donor of the atlas."""

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

_ID_IN_NAME = re.compile(r"donor[\s_-]*0*([0-9]{1,10})(?![0-9])", re.IGNORECASE)


def donor_of_option(option: str) -> int:
    """Return the id of a donor that is given as an id, or as the name of one of the six donors.

    Raises
    ------
    OptionError
        If it is neither.
    """
    for donor in DONORS:
        if option.strip().upper() == donor.donor_name:
            return donor.donor_id
    if re.fullmatch(r" *[0-9]{1,10} *", option) and 0 < int(option) <= INT32_MAX:
        return int(option)
    known = ", ".join(f"{donor.donor_id} ({donor.donor_name})" for donor in DONORS)
    raise OptionError(f"`donor` {option}: expected a donor id or name. The atlas's donors are {known}.")


def donor_of_place(place: Place) -> int:
    """Return the id of the donor that the folder or zip is named after.

    Raises
    ------
    DownloadError
        If the names contain no donor, or two different ones.
    """
    found = {donor_id: name for name in place.folder_names for donor_id in _donors_in(name)}
    if len(found) > 1:
        names = " and ".join(f"{name} ({donor_id})" for donor_id, name in found.items())
        raise DownloadError(f"{place.location} is named after two donors: {names}. Give the right one with `donor`.")
    if not found:
        raise DownloadError(
            f"{place.location} does not name its donor: expected a folder or zip name such as "
            "normalized_microarray_donor9861. Give the donor with `donor`, for example 9861."
        )
    return next(iter(found))


def _donors_in(name: str) -> list[int]:
    """Return the donors of the atlas that a name contains; other numbers after "donor" are not ids."""
    ids = {int(digits) for digits in _ID_IN_NAME.findall(name)}
    return [donor.donor_id for donor in DONORS if donor.donor_name in name.upper() or donor.donor_id in ids]
