"""Korean: collects the texts, keeps ``locale/ko`` complete, and compiles it without GNU gettext.

``python -m tests.reference.translations`` adds new texts to the ``.po`` (empty), takes out those
that are gone, and writes the ``.mo``; a test says which texts lack a translation.
"""

from __future__ import annotations

import ast
import re
import struct
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PO = ROOT / "locale" / "ko" / "LC_MESSAGES" / "django.po"
MO = PO.with_suffix(".mo")
PACKAGES = ("audit", "events", "oms_project", "ontology", "scheduling")
HEADER = (
    "Project-Id-Version: OMS\n"
    "Language: ko\n"
    "MIME-Version: 1.0\n"
    "Content-Type: text/plain; charset=UTF-8\n"
    "Content-Transfer-Encoding: 8bit\n"
    "Plural-Forms: nplurals=1; plural=0;\n"
)
_CALLS = {
    "_": "gettext",
    "gettext": "gettext",
    "gettext_lazy": "gettext",
    "ngettext": "ngettext",
    "ngettext_lazy": "ngettext",
    "pgettext": "pgettext",
    "pgettext_lazy": "pgettext",
}
_TEMPLATE_CALL = re.compile(r"""(?:\b(?:u?n?p?gettext)|\b_)\((?:[^()'"]|u?"[^"]*"|u?'[^']*')*\)""")
_PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{\w+\}|%%")


@dataclass(frozen=True, order=True)
class Key:
    """What is looked up: a text, in a context when there is one."""

    text: str
    context: str = ""

    @property
    def stored(self) -> str:
        """The key as gettext stores it."""
        return f"{self.context}\x04{self.text}" if self.context else self.text


@dataclass(frozen=True)
class Message:
    """A text of the code: where, and its plural when it has one."""

    plural: str
    places: tuple[str, ...]


def messages() -> dict[Key, Message]:
    """Every text of the code and the templates that is marked for translation."""
    found: dict[Key, tuple[str, list[str]]] = {}
    for path in _sources():
        tree = ast.parse(_python(path))
        for call in ast.walk(tree):
            if isinstance(call, ast.Call):
                for key, plural in _marked(call):
                    known = found.setdefault(key, ("", []))
                    known[1].append(path.relative_to(ROOT).as_posix())
                    found[key] = (plural or known[0], known[1])
    return {
        key: Message(plural, tuple(dict.fromkeys(places)))
        for key, (plural, places) in sorted(found.items())
    }


def _sources() -> Iterator[Path]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path
    yield from sorted((ROOT / "templates").rglob("*.html"))


def _python(path: Path) -> str:
    """The file as Python: of a template only its marked texts, as calls."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return text
    from django.utils.translation.template import templatize

    calls = _TEMPLATE_CALL.findall(templatize(text, str(path)))
    return "\n".join(calls)


def _marked(call: ast.Call) -> Iterator[tuple[Key, str]]:
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    texts = [
        argument.value
        for argument in call.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    ]
    match _CALLS.get(name):
        case "gettext" if texts:
            yield Key(texts[0]), ""
        case "ngettext" if len(texts) > 1:
            yield Key(texts[0]), texts[1]
        case "pgettext" if len(texts) > 1:
            yield Key(texts[1], texts[0]), ""


# -- the two file formats ------------------------------------------------------------------------


def read_po(text: str) -> dict[Key, str]:
    """The translations in a ``.po``; the header is left out."""
    found: dict[Key, str] = {}
    parts: dict[str, str] = {}
    field = ""
    for line in [*text.splitlines(), "msgid"]:
        if line.startswith("#") or not line.strip():
            continue
        word, _space, rest = line.partition(" ")
        if not line.startswith('"'):
            if word in {"msgctxt", "msgid"} and any(name.startswith("msgstr") for name in parts):
                key = Key(parts.get("msgid", ""), parts.get("msgctxt", ""))
                if key.text:
                    found[key] = parts.get("msgstr", parts.get("msgstr[0]", ""))
                parts = {}
            field, line = word, rest  # noqa: PLW2901 - the text after the word
            parts[field] = ""
        if line:
            parts[field] += ast.literal_eval(line)
    return found


def write_po(known: Mapping[Key, Message], translations: Mapping[Key, str]) -> str:
    """A ``.po`` with every known text, translated or empty."""
    lines = ["# Korean translation of OMS.", 'msgid ""', 'msgstr ""']
    lines += [_quoted(line) for line in HEADER.splitlines(keepends=True)]
    for key, message in known.items():
        lines += ["", *(f"#: {place}" for place in message.places)]
        if "%(" in key.text:
            lines.append("#, python-format")
        if key.context:
            lines.append(f"msgctxt {_quoted(key.context)}")
        lines.append(f"msgid {_quoted(key.text)}")
        if message.plural:
            lines.append(f"msgid_plural {_quoted(message.plural)}")
        target = "msgstr[0]" if message.plural else "msgstr"
        lines.append(f"{target} {_quoted(translations.get(key, ''))}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def compile_mo(known: Mapping[Key, Message], translations: Mapping[Key, str]) -> bytes:
    """A GNU ``.mo``: two tables of (length, offset), then the texts, each ended by a zero byte."""
    pairs = {"": HEADER}
    for key, translation in translations.items():
        if translation:
            plural = known[key].plural if key in known else ""
            pairs[f"{key.stored}\x00{plural}" if plural else key.stored] = translation
    entries = sorted((one.encode(), other.encode()) for one, other in pairs.items())
    count = len(entries)
    offset = 28 + 16 * count
    tables, texts = [b"", b""], b""
    for side in (0, 1):
        for entry in entries:
            tables[side] += struct.pack("<II", len(entry[side]), offset + len(texts))
            texts += entry[side] + b"\x00"
    header = struct.pack("<7I", 0x950412DE, 0, count, 28, 28 + 8 * count, 0, offset)
    return header + tables[0] + tables[1] + texts


# -- what the tests ask --------------------------------------------------------------------------


def missing() -> list[Key]:
    """Texts without a translation."""
    translations = read_po(PO.read_text(encoding="utf-8")) if PO.exists() else {}
    return [key for key in messages() if not translations.get(key)]


def broken() -> list[Key]:
    """Translations that lack a placeholder of their text, or have one it lacks."""
    translations = read_po(PO.read_text(encoding="utf-8"))
    known = messages()
    return [
        key
        for key, translation in translations.items()
        if translation
        and set(_PLACEHOLDER.findall(translation))
        != set(_PLACEHOLDER.findall(known[key].plural or key.text if key in known else key.text))
    ]


def main() -> int:
    """Bring ``.po`` and ``.mo`` up to date."""
    known = messages()
    old = read_po(PO.read_text(encoding="utf-8")) if PO.exists() else {}
    translations = {key: old.get(key, "") for key in known}
    PO.parent.mkdir(parents=True, exist_ok=True)
    PO.write_text(write_po(known, translations), encoding="utf-8")
    MO.write_bytes(compile_mo(known, translations))
    lacking = [key for key, text in translations.items() if not text]
    for key in lacking:
        print(f"not translated: {key.text}")
    return 1 if lacking else 0


if __name__ == "__main__":
    import django
    from django.conf import settings

    settings.configure()
    django.setup()
    sys.exit(main())
