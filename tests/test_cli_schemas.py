"""The published JSON Schemas: sound, the same for the same thing, and complete."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import attrs
import jsonschema
import pytest

import vndoc
from cli_support import call, check, document, results, save
from vndoc.cli._run import SCHEMA_VERSION
from vndoc.cli._schema import COMMANDS, schema_text
from vndoc.edxml import DEVIATIONS
from vndoc.edxml.jsonform import json_key
from vndoc.envelope import model

SCHEMAS = {name: json.loads(schema_text(name)) for name in COMMANDS}


@pytest.mark.parametrize("name", COMMANDS)
def test_each_schema_is_sound(name: str) -> None:
    schema = SCHEMAS[name]
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["properties"]["command"]["const"] == name
    used = {part for part in schema["$defs"] if f'"#/$defs/{part}"' in schema_text(name)}
    assert used == set(schema["$defs"])


def test_the_same_name_means_the_same_in_all() -> None:
    seen: dict[str, Any] = {}
    for schema in SCHEMAS.values():
        for name, part in schema["$defs"].items():
            if name != "result":
                assert seen.setdefault(name, part) == part, name


@pytest.mark.parametrize("name", COMMANDS)
def test_schema_prints_them(name: str) -> None:
    found = call("schema", name)
    assert found.exit_code == 0
    assert json.loads(found.stdout) == SCHEMAS[name]


def test_there_is_none_for_other_names() -> None:
    found = call("schema", "{x}", "--lang", "vi")
    assert found.exit_code == 2
    assert "{x}" in found.stderr
    assert "inspect" in found.stderr


def test_packets_are_described_field_by_field() -> None:
    parts = SCHEMAS["inspect"]["$defs"]
    models = [getattr(model, name) for name in model.__all__ if attrs.has(getattr(model, name, object))]
    for one in [*models, vndoc.DocumentCode]:
        if one is not model.SignatureMarkup:
            fields = {json_key(field.name) for field in attrs.fields(one)} - {"attachments"}
            assert set(parts[one.__name__]["properties"]) == fields


def test_the_version_is_what_the_schema_allows(tmp_path: Any) -> None:
    path = save(tmp_path / "a.edxml", document())
    value = json.loads(call("inspect", path, "--json").stdout)
    assert value["schema_version"] == SCHEMA_VERSION
    check({**value, "schema_version": "1.7"})
    with pytest.raises(jsonschema.ValidationError):
        check({**value, "schema_version": "2.0"})


@pytest.mark.parametrize("command", ["inspect", "validate"])
def test_all_vectors_fit_the_published_schemas(shared: Path, command: str) -> None:
    paths = sorted((shared / "vectors" / "edxml").glob("*/*.edxml"))
    assert len(paths) == 21
    value = json.loads(call(command, *paths, "--json").stdout)
    assert len(value["results"]) == 21
    jsonschema.Draft202012Validator(SCHEMAS[command]).validate(value)
    check(value)


def test_the_kind_says_which_packet_it_is(tmp_path: Any) -> None:
    path = save(tmp_path / "a.edxml", document())
    value = json.loads(call("inspect", path, "--json").stdout)
    assert "from" in value["results"][0]["packet"]
    value["results"][0]["kind"] = "status"
    with pytest.raises(jsonschema.ValidationError):
        check(value)


def test_the_check_bites(tmp_path: Any) -> None:
    path = save(tmp_path / "a.edxml", document())
    value = json.loads(call("inspect", path, "--json").stdout)
    value["results"][0]["surprise"] = 1
    with pytest.raises(jsonschema.ValidationError):
        check(value)


def test_the_json_is_the_same_in_both_languages(golden: Any) -> None:
    path = golden / "document_0_new.edxml"
    vi, en = (call("inspect", path, "--json", "--lang", lang).stdout for lang in ("vi", "en"))
    assert vi == en
    (found,) = results("inspect", path)
    for deviation in found["deviations"]:
        assert deviation["id"] in DEVIATIONS
        assert deviation["text"]["vi"] != deviation["text"]["en"]
