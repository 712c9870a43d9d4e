"""One word per concept: words that are not used, anywhere in code, SQL and documentation."""

import ast
import re
from pathlib import Path

import pytest
from helpers.folders import TOP

# Words with a standard term in their place (docs/data-model.md, "Terms"), and figures of speech.
NOT_USED = {
    "route": "provenance",
    "told": "reported",
    "slack": "error bound",
    "settle": "refine",
    "stands for": "represents",
    "stand for": "represent",
    "stands in": "replaces",
    "goes with": "is correlated with",
    "go together": "are correlated",
    "asked for in earnest": "requested with --force",
    "read ahead": "prefetch",
    "read_ahead": "prefetch",
    "room": "folder or package",
    "rooms": "folders or packages",
    "run folder": "checkpoint",
    "beside": "next to, or besides",
    "all with all": "every pair",
    "hole": "missing value",
    "holes": "missing values",
    "asked about": "requested",
    "in earnest": "",
    "whoever": "",
    "somebody": "",
    "nobody": "",
    "Choice": "ProbeSelection",
    "Restriction": "SampleFilter",
    "Basis": "Design",
    "Answer": "Result",
}
DOCUMENTED = ast.Module | ast.ClassDef | ast.FunctionDef
# The changelog tells users the old names; this file lists them.
FILES = [
    path
    for folder in ("coexpr", "sql", "migrations", "docs", ".ci", "tests")
    for path in sorted((TOP / folder).rglob("*"))
    if path.suffix in {".py", ".sql", ".md", ".ipynb"}
    and "data" not in path.relative_to(TOP).parts
    and path != Path(__file__)
] + [TOP / "README.md", TOP / "pyproject.toml"]


@pytest.mark.long
def test_messages_of_the_library_name_parameters_and_no_options() -> None:
    library = [path for path in FILES if path.suffix == ".py" and (TOP / "coexpr") in path.parents]
    found = []
    # A command is written in coexpr/web/equivalents.py.
    for path in (path for path in library if "cli" not in path.parts and path.name != "equivalents.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        docstrings = {ast.get_docstring(node, clean=False) for node in ast.walk(tree) if isinstance(node, DOCUMENTED)}
        for node in ast.walk(tree):
            is_text = isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value not in docstrings
            if is_text and re.search(r"(?<!\S)--(?!help)[a-z]", node.value):
                found.append(f"{path.relative_to(TOP)}:{node.lineno}: {node.value[:80]}")
    # Not messages to Python: the mark of lists, and options of commands that are recommended or described.
    expected = ("coexpr/database/categories.py", " --annotation ", "coexpr/web/openapi.py", " --plot matrix.pdf")
    assert [line for line in found if not any(text in line for text in expected)] == []


@pytest.mark.long
@pytest.mark.parametrize("word", NOT_USED)
def test_a_word_is_not_used(word: str) -> None:
    is_class = word[0].isupper()
    # Starlette has a class Route, and a sentence may begin with "Answer".
    ending = "(?! [a-z])" if is_class else "" if word != "route" else r"(?!\()"
    pattern = re.compile(rf"(?<![\w-]){re.escape(word)}(?![\w-]){ending}", 0 if is_class else re.IGNORECASE)
    found = [
        f"{path.relative_to(TOP)}:{number}: {line.strip()[:100]}"
        for path in FILES
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if pattern.search(line) and "import" not in line and "list[Route]" not in line
    ]
    assert found == [], f"use: {NOT_USED[word]}"
