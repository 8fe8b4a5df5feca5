"""Hostile and broken input: a clear error, soon, in bounded memory; never a crash."""

from __future__ import annotations

import io
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from oms_project.core.errors import Invalid, TooLarge
from ontology.interop.rdf import Limits, map_quads, read_quads
from tests.unit.interop.laws import NAMESPACE, ONTOLOGY_RID, run

_RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:e="http://e/"'


def _xml(body: str, doctype: str = "") -> bytes:
    return f'<?xml version="1.0"?>{doctype}<rdf:RDF {_RDF}>{body}</rdf:RDF>'.encode()


def _entities(levels: int, width: int) -> str:
    declared = ['<!ENTITY l0 "lol">']
    declared += [f'<!ENTITY l{n} "{f"&l{n - 1};" * width}">' for n in range(1, levels)]
    return f"<!DOCTYPE rdf:RDF [{''.join(declared)}]>"


def _statement(text: str) -> str:
    return f'<rdf:Description rdf:about="http://e/a"><e:p>{text}</e:p></rdf:Description>'


_NESTED = 20_000
HOSTILE: dict[str, tuple[str, bytes, str]] = {
    "entities that expand to gigabytes": (
        "rdf-xml",
        _xml(_statement("&l9;"), _entities(10, 10)),
        "rdf_entity_expansion",
    ),
    "one large entity used very often": (
        "rdf-xml",
        _xml(_statement("&l0;" * 20_000), f'<!DOCTYPE a [<!ENTITY l0 "{"x" * 8000}">]>'),
        "rdf_entity_expansion",
    ),
    "entities in a circle": (
        "rdf-xml",
        _xml(_statement("&a;"), '<!DOCTYPE r [<!ENTITY a "&b;"><!ENTITY b "&a;">]>'),
        "rdf_entity_expansion",
    ),
    "an entity in a file of the server": (
        "rdf-xml",
        _xml(_statement("&x;"), '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>'),
        "rdf_entity",
    ),
    "parameter entities": (
        "rdf-xml",
        _xml(_statement("x"), '<!DOCTYPE r [<!ENTITY % x "y">]>'),
        "rdf_entity",
    ),
    "elements nested deeply": (
        "rdf-xml",
        _xml("<rdf:Description><e:p>" * _NESTED + "x" + "</e:p></rdf:Description>" * _NESTED),
        "rdf_too_deep",
    ),
    "objects nested deeply": (
        "json-ld",
        b'{"http://e/p":' * _NESTED + b"1" + b"}" * _NESTED,
        "rdf_too_deep",
    ),
    "brackets hidden behind strings": (
        "json-ld",
        b'{"a\\"}}}":' * _NESTED + b"1" + b"}" * _NESTED,
        "rdf_too_deep",
    ),
    "triple terms nested deeply": (
        "turtle",
        b"<http://e/a> <http://e/p> "
        + b"<<( <http://e/a> <http://e/p> " * _NESTED
        + b"1"
        + b" )>>" * _NESTED
        + b" .",
        "rdf_too_deep",
    ),
    "triple terms nested deeply behind comments that close them": (
        "turtle",
        b"<http://e/a> <http://e/p> "
        + b"<<( <http://e/a> <http://e/p> # )>>\n" * _NESTED
        + b"1"
        + b" )>>" * _NESTED
        + b" .",
        "rdf_too_deep",
    ),
    "a literal of 20 MB": (
        "turtle",
        b'<http://e/a> <http://e/p> "' + b"x" * 20_000_000 + b'" .',
        "rdf_statement_too_large",
    ),
    "a string that never ends": (
        "n-triples",
        b'<http://e/a> <http://e/p> "' + b"x" * 20_000_000,
        "rdf_statement_too_large",
    ),
    "bytes that are not UTF-8 in Turtle": ("turtle", b'<http://e/a> <http://e/p> "\xff" .', ""),
    "bytes that are not UTF-8 in JSON-LD": ("json-ld", b'{"@id":"http://e/a","b":"\xff"}', ""),
    "bytes that are not UTF-8 in RDF/XML": (
        "rdf-xml",
        _xml(_statement("?")).replace(b"?<", b"\xff<"),
        "",
    ),
    "UTF-16 in Turtle": ("turtle", "<http://e/a> <http://e/p> 1 .".encode("utf-16"), ""),
    "a gzip file": ("turtle", b"\x1f\x8b\x08\x00" + b"\x00" * 20, "rdf_compressed"),
    "a zip file": ("turtle", b"PK\x03\x04" + b"\x00" * 20, "rdf_compressed"),
    "a remote JSON-LD context": (
        "json-ld",
        b'{"@context":"https://schema.org/","@id":"http://e/a","name":"x"}',
        "rdf_remote_context",
    ),
    "a context that imports a remote one": (
        "json-ld",
        b'{"@context":{"@import":"https://schema.org/"},"@id":"http://e/a"}',
        "rdf_remote_context",
    ),
    "a relative IRI without a base": ("turtle", b"<a> <http://e/p> 1 .", ""),
    "a language tag that is none": ("turtle", b'<http://e/a> <http://e/p> "x"@123456789 .', ""),
    "an XML file that is no RDF": ("rdf-xml", b"<html><body></html>", ""),
    "an encoding that nobody has": (
        "rdf-xml",
        b'<?xml version="1.0" encoding="klingon"?><rdf:RDF/>',
        "",
    ),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_input_gets_a_clear_error_soon(what: str) -> None:
    syntax, data, code = HOSTILE[what]
    started = time.monotonic()
    with pytest.raises(Invalid) as caught:
        run(data, syntax=syntax, base_iri=None)
    assert time.monotonic() - started < 20
    assert caught.value.error_code == (code or caught.value.error_code)
    assert caught.value.error_code.startswith("rdf_")
    assert "input 1" in caught.value.message
    assert caught.value.message.endswith(".")


def test_syntax_errors_say_where_they_are() -> None:
    with pytest.raises(Invalid) as caught:
        run(b"<http://e/a> <http://e/p> 1 .\n<http://e/a> nonsense .", syntax="turtle")
    assert caught.value.error_code == "rdf_syntax"
    assert caught.value.data == {"file": "input 1", "line": 2, "column": 14}
    assert caught.value.message.startswith("input 1, line 2, column 14: ")


def test_xml_errors_say_where_they_are() -> None:
    with pytest.raises(Invalid) as caught:
        run(b"<rdf:RDF>\n  <a></b></rdf:RDF>", syntax="rdf-xml")
    assert caught.value.data == {"file": "input 1", "line": 2, "column": 8}
    assert "mismatched tag" in caught.value.message


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (Limits(max_bytes=100), "rdf_too_large"),
        (Limits(max_triples=3), "rdf_too_many_triples"),
        (Limits(max_literal=10), "rdf_literal_too_long"),
    ],
)
def test_bounds_are_kept(limits: Limits, code: str) -> None:
    text = "".join(f'<http://e/{n}> <http://e/p> "twelve chars" .\n' for n in range(5)).encode()
    for source in (text, io.BytesIO(text)):
        with pytest.raises(TooLarge) as caught:
            map_quads(
                read_quads(source, "turtle", limits=limits),
                existing=(),
                rid_namespace=NAMESPACE,
                ontology_rid=ONTOLOGY_RID,
                header={"baseIri": "http://e/"},
            )
        assert caught.value.error_code == code


def test_a_bound_on_bytes_holds_for_all_files_together(tmp_path: Path) -> None:
    for name in ("a.ttl", "b.ttl"):
        (tmp_path / name).write_text(f"<http://e/{name}> <http://e/p> 1 .\n")
    size = (tmp_path / "a.ttl").stat().st_size
    assert len(list(read_quads(tmp_path, limits=Limits(max_bytes=2 * size)))) == 2
    with pytest.raises(TooLarge, match=r"b\.ttl"):
        list(read_quads(tmp_path, limits=Limits(max_bytes=2 * size - 1)))


def test_input_of_an_unknown_format_is_told_the_possible_ones(tmp_path: Path) -> None:
    (tmp_path / "data.xyz").write_text("?")
    for source, syntax in ((tmp_path / "data.xyz", None), (b"", None), (b"", "excel")):
        with pytest.raises(Invalid) as caught:
            list(read_quads(source, syntax))
        assert caught.value.error_code == "rdf_format"
        assert "turtle (.ttl, .turtle)" in caught.value.message


def test_a_path_without_rdf_is_refused(tmp_path: Path) -> None:
    for source in (tmp_path, tmp_path / "gone.ttl", []):
        with pytest.raises(Invalid) as caught:
            read_quads(source)
        assert caught.value.error_code == "rdf_no_input"


def _nested_turtle(kind: str, depth: int) -> bytes:
    start = b"<http://e/a> <http://e/p> "
    if kind == "nodes":
        return start + b"[ <http://e/p> " * depth + b"1" + b"]" * depth + b" ."
    if kind == "lists":
        return start + b"(" * depth + b"1" + b")" * depth + b" ."
    if kind == "one list":
        return start + b"(" + b" 1" * depth + b") ."
    if kind == "broken lists":
        cells = b"".join(
            b"_:c%d rdf:first 1 ; rdf:rest _:c%d .\n" % (n, n + 1) for n in range(depth)
        )
        prefix = b"@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .\n"
        return prefix + start + b"_:c0 .\n" + cells
    if kind == "ring":
        return b"".join(
            b"_:r%d <http://e/p> _:r%d .\n" % (n, (n + 1) % depth) for n in range(depth)
        )
    return b"".join(
        b"_:s%d <http://e/p> _:hub ; <http://e/q> _:s%d .\n" % (n, n // 2) for n in range(depth)
    )


@pytest.mark.parametrize("kind", ["nodes", "lists", "one list", "broken lists", "ring", "shared"])
def test_blank_nodes_cost_linear_time_and_lose_nothing(kind: str) -> None:
    """Nested 20,000 deep or 20,000 in a row: ten times as many take about ten times as long."""
    times = []
    for depth in (2_000, 20_000):
        data = _nested_turtle(kind, depth)
        started = time.process_time()
        mapped = run(data, syntax="turtle")
        times.append(time.process_time() - started)
        report = mapped.report
        assert report.mapped_triples + report.unplaced_triples == report.triples
        assert report.triples >= depth
    assert times[1] < 40 * max(times[0], 0.02)


def test_a_bomb_needs_little_memory() -> None:
    """In a process of its own, with 400 MB of address space on top of what Python needs."""
    script = (
        "import resource, sys\n"
        "from tests.unit.interop.test_hostile import HOSTILE\n"
        "from ontology.interop.rdf import read_quads\n"
        "from oms_project.core.errors import Invalid\n"
        "used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (used + 400_000_000,) * 2)\n"
        "for what, (syntax, data, _) in HOSTILE.items():\n"
        "    try:\n"
        "        for quad in read_quads(data, syntax): pass\n"
        "    except Invalid: pass\n"
        "    else: sys.exit(what)\n"
        "print('survived')\n"
    )
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=root,
        env={
            "PYTHONPATH": str(root),
            "PATH": "",
            "DJANGO_SETTINGS_MODULE": "oms_project.settings.test",
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "survived"), done.stderr[-2000:]
    assert resource.getpagesize() > 0
