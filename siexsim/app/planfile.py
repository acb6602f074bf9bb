"""A plan as a file and as a link: the same scenario that the command line takes."""

from __future__ import annotations

import base64
import json
import re
import tempfile
import tomllib
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from siexsim.app.words import say
from siexsim.errors import UserError
from siexsim.scenario import Scenario, read_scenario

LARGEST_UPLOAD_BYTES: Final = 64_000
LONGEST_LINK: Final = 6_000  # characters that every browser and proxy takes
_LARGEST_CONTENT: Final = 200_000
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_ALWAYS: Final = ("name", "place", "start", "years", "seed", "sample", "futures", "effects")


def content_of(scenario: Scenario) -> dict[str, Any]:
    """What a scenario says, without what it leaves at its default."""
    content = scenario.model_dump(mode="json", exclude_defaults=True)
    return {name: getattr(scenario, name) for name in _ALWAYS} | content


def checked(content: Mapping[str, Any], lang: str) -> Scenario:
    """A scenario of what a form or a link says, checked as a file is.

    Raises
    ------
    UserError
        One line that names the key and what would be right.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plan.toml"
        path.write_text(toml_of(content), encoding="utf-8")
        try:
            return read_scenario(path, lang)
        except UserError as error:
            raise UserError(str(error).removeprefix(f"{path}: ")) from error


def opened(upload: bytes, lang: str) -> Scenario:
    """A scenario of a file that somebody sent; it may name no other files."""
    if len(upload) > LARGEST_UPLOAD_BYTES:
        raise UserError(say(lang, "open.large", kilobytes=LARGEST_UPLOAD_BYTES // 1000))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plan.toml"
        path.write_bytes(upload)
        try:
            _refuse_other_files(upload, lang)
            return read_scenario(path, lang)
        except UserError as error:
            raise UserError(str(error).removeprefix(f"{path}: ")) from error


def _refuse_other_files(upload: bytes, lang: str) -> None:
    try:
        content = tomllib.loads(upload.decode("utf-8-sig").replace("\r\n", "\n"))
    except (ValueError, RecursionError):
        return  # what is wrong with it is said by who reads it
    own, shocks = content.get("interventions"), content.get("shocks")
    named = isinstance(own, list) and bool(own)
    if isinstance(shocks, list):
        named = named or any(isinstance(one, Mapping) and "file" in one for one in shocks)
    if named:
        raise UserError(say(lang, "open.other_files"))


# --- Links --------------------------------------------------------------------------------------


def packed(content: Mapping[str, Any]) -> str:
    """A plan as a part of a link."""
    said = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(zlib.compress(said, 9)).decode().rstrip("=")


def unpacked(link: str, lang: str) -> dict[str, Any]:
    """The plan that a link holds; it is not checked yet."""
    try:
        if len(link) > LONGEST_LINK:
            raise ValueError("too long")
        raw = base64.urlsafe_b64decode(link + "=" * (-len(link) % 4))
        reader = zlib.decompressobj()
        said = reader.decompress(raw, _LARGEST_CONTENT)
        if reader.unconsumed_tail or not reader.eof:
            raise ValueError("too large")
        content = json.loads(said)
        if not isinstance(content, dict):
            raise ValueError("not a plan")
    except (ValueError, zlib.error, RecursionError) as error:
        raise UserError(say(lang, "open.bad_link")) from error
    return content


# --- TOML ---------------------------------------------------------------------------------------


def toml_of(content: Mapping[str, Any]) -> str:
    """Write what a plan says as TOML."""
    return "\n".join(_table(content, ())).strip() + "\n"


def _table(table: Mapping[str, Any], where: tuple[str, ...]) -> Iterator[str]:
    simple = {k: v for k, v in table.items() if not _is_part(v) and v is not None}
    for key, value in simple.items():
        yield f"{_key(key)} = {_value(value)}"
    for key, value in table.items():
        name = (*where, key)
        head = ".".join(map(_key, name))
        if isinstance(value, Mapping):
            yield from ("", f"[{head}]", *_table(value, name))
        elif _is_part(value):
            for one in value:
                yield from ("", f"[[{head}]]", *_table(one, name))


def _is_part(value: Any) -> bool:
    if isinstance(value, Mapping):
        return True
    many = isinstance(value, list | tuple) and len(value) > 0
    return many and all(isinstance(one, Mapping) for one in value)


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _text(key)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items()) + "}"
    return "[" + ", ".join(_value(one) for one in value) + "]"


def _text(text: str) -> str:
    # JSON's escapes are TOML's too, but for what lies beyond the first plane
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
