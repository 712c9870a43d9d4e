"""The OpenAPI description of the JSON interface, made from its endpoints and their parameters."""

from typing import Any

import coexpr
from coexpr.web.endpoints import ENDPOINTS, MEDIA, Endpoint
from coexpr.web.parameters import MAX_INTEGER, Parameter, parameters_of

_TYPES = {"text": "string", "number": "number", "flag": "boolean"}
_ERRORS = {
    "400": "A parameter or a statement is wrong.",
    "404": "A name is not in the database.",
    "422": "A name has several meanings, too few samples are left, or the answer is too large.",
    "503": "The database cannot be read now, or too many questions wait.",
}
_PROBLEM = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["kind", "message"],
            "properties": {"kind": {"type": "string"}, "message": {"type": "string"}},
        }
    },
}


def describe() -> dict[str, Any]:
    """Return the OpenAPI description."""
    paths = {endpoint.path.replace(":path", ""): {"get": _operation(endpoint)} for endpoint in ENDPOINTS}
    paths["/api/sql"] = {"get": _sql_operation()}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "coexpr",
            "version": coexpr.__version__,
            "description": "Gene co-expression in the Allen Human Brain Atlas. Answers equal those of the commands "
            "with --format json.",
        },
        "paths": paths,
        "components": {"schemas": {"Problem": _PROBLEM}},
    }


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    described = endpoint.descriptions
    parameters = [
        {"name": name, "in": "path", "required": True, "description": described.get(name, ""), "schema": _TEXT}
        for name in endpoint.names
    ]
    if endpoint.repeated:
        parameters.append(
            {
                "name": endpoint.repeated,
                "in": "query",
                "required": True,
                "description": described.get(endpoint.repeated, ""),
                "schema": {"type": "array", "items": _TEXT, "minItems": 1},
            }
        )
    parameters += [_described(parameter, endpoint.summary) for parameter in parameters_of(endpoint.method)]
    return {
        "operationId": endpoint.command,
        "summary": endpoint.summary,
        "parameters": [*parameters, _FORMAT],
        "responses": _responses(),
    }


def _sql_operation() -> dict[str, Any]:
    statement = {
        "name": "statement",
        "in": "query",
        "required": True,
        "description": "SQL in DuckDB's dialect. The database is open for reading only.",
        "schema": _TEXT,
    }
    return {
        "operationId": "sql",
        "summary": "Run SQL on the database.",
        "parameters": [statement, _FORMAT],
        "responses": _responses(),
    }


def _described(parameter: Parameter, summary: str) -> dict[str, Any]:
    schema: dict[str, Any]
    if parameter.choices:
        schema = {"type": "string", "enum": list(parameter.choices)}
    elif parameter.kind == "integer":
        schema = {"type": "integer", "minimum": 1, "maximum": MAX_INTEGER}
        if parameter.has_all:
            schema = {"anyOf": [schema, {"const": "all"}]}
    else:
        schema = {"type": _TYPES[parameter.kind]}
    if parameter.several:
        schema = {"type": "array", "items": schema}
    elif parameter.default is not None:
        schema = schema | {"default": parameter.default}
    return {"name": parameter.name, "in": "query", "description": parameter.description or summary, "schema": schema}


def _responses() -> dict[str, Any]:
    contents: dict[str, Any] = {media.partition(";")[0]: {} for media, _ in MEDIA.values()}
    contents["application/json"] = {"schema": {"type": "object"}}
    problem = {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        "200": {"description": "The answer, with its provenance.", "content": contents},
        **{status: {"description": text, "content": problem} for status, text in _ERRORS.items()},
    }


_TEXT = {"type": "string", "minLength": 1}
_FORMAT = {
    "name": "format",
    "in": "query",
    "description": "The format of the answer.",
    "schema": {"type": "string", "enum": list(MEDIA), "default": "json"},
}
