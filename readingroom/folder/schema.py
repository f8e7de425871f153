"""The JSON Schema of ``reading.json``, for everyone who reads it without this package.

``make docs`` writes it to ``Docs/schema/readingroom-1.schema.json``.
"""

from __future__ import annotations

import json
from typing import Any

from pydantic import create_model

from readingroom.reading import SCHEMA, Reading

_IDENTIFIER = "https://json-schema.org/draft/2020-12/schema"


def reading_schema() -> dict[str, Any]:
    """Return the schema: the fields of `Reading` that are stored in ``reading.json``."""
    stored: dict[str, Any] = {
        name: (field.annotation, field)
        for name, field in Reading.model_fields.items()
        if not field.exclude
    }
    model = create_model("Reading", __config__=Reading.model_config, **stored)
    schema = model.model_json_schema(by_alias=True)
    schema["properties"]["schema"]["const"] = SCHEMA
    schema["required"] = sorted({"schema", *schema.get("required", [])})
    return {"$schema": _IDENTIFIER, "$id": SCHEMA, **schema}


def schema_text() -> str:
    """Return the text of the committed schema file."""
    return json.dumps(reading_schema(), indent=1, ensure_ascii=False) + "\n"
