"""JSON Schemas of the wire messages; `python -m dosebook_protocol.schemas` writes them.

They describe the JSON form of a message, which is its CBOR form too: CBOR map for object, text for
decimal numbers and moments.
"""

import json
from pathlib import Path
from typing import Any, Final

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from dosebook_protocol.record import BoxConfig, Health, Message, Missing, Receipts, Record
from dosebook_protocol.screen_decision import BoxDecision

FOLDER: Final = Path(__file__).parent / "v1"

MODELS: Final[dict[str, type[Message]]] = {
    "record": Record,
    "receipts": Receipts,
    "missing": Missing,
    "health": Health,
    "config": BoxConfig,
    "screen-decision": BoxDecision,
}


class _WireSchema(GenerateJsonSchema):
    """Decimal numbers travel as text, so that no float comes between."""

    def decimal_schema(self, schema: core_schema.DecimalSchema) -> JsonSchemaValue:
        return {"type": "string", "pattern": r"^-?\d+(\.\d+)?([eE][+-]?\d+)?$"}


def schema_of(name: str) -> dict[str, Any]:
    """The JSON Schema of one message."""
    schema = MODELS[name].model_json_schema(schema_generator=_WireSchema)
    # Every message says its version, so that a later one is told apart at once.
    schema["required"] = ["version", *schema.get("required", [])]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def text_of(name: str) -> str:
    """The schema file's content."""
    return json.dumps(schema_of(name), indent=2, ensure_ascii=False) + "\n"


def outdated() -> list[str]:
    """Names of messages whose schema file is not what the model says."""
    return [
        name
        for name in MODELS
        if not (path := FOLDER / f"{name}.schema.json").exists()
        or path.read_text() != text_of(name)
    ]
