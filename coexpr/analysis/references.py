"""The publications that results rest on: the entries of coexpr/data/references.bib."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from coexpr.resources import package_folder

_ENTRY = re.compile(r"^@\w+\{(\w+),\n(.*?)^\}$", re.M | re.S)
_FIELD = re.compile(r"^  (\w+) = \{(.*)\},$", re.M)


@dataclass(frozen=True)
class Reference:
    """A publication, or a program.

    Parameters
    ----------
    bibtex : str
        Its entry.
    fields : mapping of str to str
    """

    bibtex: str
    fields: Mapping[str, str]

    @property
    def short(self) -> str:
        """How a sentence names it: "Hawrylycz et al. 2012"."""
        authors = self.fields["author"].split(" and ")
        names = [author.split(",")[0].strip("{}") for author in authors]
        if authors[-1] == "others":
            return f"{names[0]} et al. {self.fields['year']}"
        *first, last = names
        return f"{', '.join(first)}{' and ' if first else ''}{last} {self.fields['year']}"

    @property
    def text(self) -> str:
        """The reference as text."""
        authors = self.fields["author"].replace(" and others", "; et al.").replace(" and ", "; ").strip("{}")
        text = f"{authors} ({self.fields['year']}). {self.fields['title']}."
        if "journal" in self.fields:
            volume, pages = self.fields["volume"], self.fields["pages"].replace("--", "-")
            text += f" {self.fields['journal']} {volume}:{pages}. doi {self.fields['doi']}"
        return text


@cache
def references() -> Mapping[str, Reference]:
    """Return all entries by key."""
    text = (package_folder("data") / "references.bib").read_text(encoding="utf-8")
    return {found[1]: Reference(found[0], dict(_FIELD.findall(found[2]))) for found in _ENTRY.finditer(text)}
