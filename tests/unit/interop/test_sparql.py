"""SPARQL: what is refused before it runs, what is counted while it runs, what is kept after."""

from __future__ import annotations

import io
import json
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import pyoxigraph as ox
import pytest

from oms_project.core.errors import BadRequest, TooLarge
from ontology.interop.sparql import KeptStore, Request, StoreCache, check_query, syntax_error
from ontology.interop.sparql.keeper import RESULT_ENGINES, RowCounter

NASTY = ['x,"y"\n{z},{', "\\", '\\"', "[{", ",{", "<result>", "a\r\nb", "", "사람", '"', "\t"]


def refused(query: str) -> BadRequest:
    with pytest.raises(BadRequest) as caught:
        check_query(query)
    return caught.value


# -- the guard ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * { SERVICE <http://x/> { ?s ?p ?o } }",
        "SELECT * { service silent <http://x/> { ?s ?p ?o } }",
        "SELECT * { SERVICE ?where { ?s ?p ?o } }",
        "SELECT * { { SELECT * { SERVICE <http://x/> { ?s ?p ?o } } } }",
        "SELECT * { ?s ?p ?o FILTER EXISTS { SERVICE <http://x/> { ?s ?p ?o } } }",
        "SELECT * {SERVICESILENT<http://x/>{?s ?p ?o}}",
        "PREFIX : <http://x/> SELECT * { SERVICE: {?s ?p ?o} }",
        "PREFIX ex: <http://x/> SELECT * { SERVICEex: # why\n {?s ?p ?o} }",
        "SELECT * { ?s ?p trueSERVICE<http://x/>{?a ?b ?c} }",
        "SELECT * { ?s ?p 1e5SERVICE<http://x/>{?a ?b ?c} }",
        "SELECT * { ?s ex:a\\'b ?o . SERVICE <http://x/> { ?s ?p 'c' } }",
        "SELECT * { ?s ex:a\\#b ?o . SERVICE <http://x/> { ?s ?p ?o } }",
        "SELECT * { ?s <http://a/\\u0041#> ?o . SERVICE <http://x/> { ?s ?p ?o } }",
        "SELECT * { FILTER(?a<'x>y') SERVICE <http://x/> { ?s ?p 'z' } }",
        "SELECT * { <http://x/o'b> ?p ?o . SERVICE <http://x/> {} . <http://x/o'b> ?p ?o }",
        "SELECT * { ?s ?p '''it's''' . SERVICE <http://x/> { ?s ?p ?o } }",
    ],
)
def test_a_service_is_found_wherever_it_stands(query: str) -> None:
    assert refused(query).error_code == "sparql_service"


@pytest.mark.parametrize(
    "query",
    [
        "SELECT ?service { ?service ?p 'SERVICE <http://x/> {}' }",
        "SELECT * { ?s <http://x/service> ?o } # SERVICE <http://x/> {}",
        "PREFIX service: <http://x/> SELECT * { ?s service:port ?o ; service:from service:load }",
        'SELECT * { ?s ?p """SERVICE " FROM""" ; ex:SERVICE ?o }',
        "SELECT * { ?s ?p 'from'@service . _:service ?p ?from }",
        "SELECT * { GRAPH service:a { ?s ?p ?o } }",
        "SELECT * { <http://x/o'b> ?p ?o }",
        "PREFIX load: <http://x/> SELECT * { ?s load:insert ?o }",
        "SELECT * { FILTER(?a < 3 && ?b > 4) }",
        "SELECT * { ?s ?p 'never closed SERVICE",
    ],
)
def test_a_word_is_not_a_service(query: str) -> None:
    check_query(query)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("LOAD <http://x/>", "sparql_update"),
        ("PREFIX a: <http://x/> INSERT DATA { a:a a:b 1 }", "sparql_update"),
        ("# read\ndelete where { ?s ?p ?o }", "sparql_update"),
        ("BASE <http://x/> WITH <g> DELETE { ?s ?p ?o } WHERE {}", "sparql_update"),
        ("CLEAR ALL", "sparql_update"),
        ("SELECT * FROM <http://x/> { ?s ?p ?o }", "sparql_dataset"),
        ("SELECT * from named <http://x/> { ?s ?p ?o }", "sparql_dataset"),
        ("ASK FROMNAMED<http://x/>{ ?s ?p ?o }", "sparql_dataset"),
        ("   \n", "sparql_syntax"),
        ("SELECT * " + "{" * 300 + "}" * 300, "sparql_too_complex"),
        ("SELECT (" * 300, "sparql_too_complex"),
    ],
)
def test_what_does_not_only_read_is_refused(query: str, code: str) -> None:
    assert refused(query).error_code == code


def test_a_refusal_says_where() -> None:
    error = refused("SELECT *\n{ ?s ?p ?o .\n  SERVICE <http://x/> {} }")
    assert error.errors == [
        {"parameter": "query", "line": 3, "column": 3, "message": error.message}
    ]


def test_a_query_has_a_length() -> None:
    check_query("ASK {} #" + "x" * 250_000)
    with pytest.raises(TooLarge):
        check_query("ASK {} #" + "x" * 1_000_000)


@pytest.mark.parametrize(
    "text", ["'\\'" * 80_000, '"""' * 80_000, "<" * 250_000, "<a" * 120_000, "a:" * 120_000,
             "'''\"" * 60_000, "\\u" * 100_000, "a.-" * 80_000, "é" * 250_000],
)  # fmt: skip
def test_looking_at_a_query_takes_no_longer_than_reading_it(text: str) -> None:
    start = time.process_time()
    check_query("ASK " + text)
    assert time.process_time() - start < 5


def test_what_the_parser_says_is_for_people() -> None:
    error = syntax_error("x", "error at 2:7: expected one of \"{\", ['a' ..= 'z' | '0'], [_], FROM")
    assert error.message == (
        'The query cannot be parsed at line 2, column 7: expected one of "{", FROM.'
    )
    assert (error.errors[0]["line"], error.errors[0]["column"]) == (2, 7)


# -- rows ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["json", "xml", "csv", "tsv"])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 100_000])
def test_rows_are_counted_however_the_bytes_come(form: str, size: int) -> None:
    store = ox.Store()
    node = ox.NamedNode("http://x/p")
    triple = ox.Triple(node, node, ox.Literal("[{,{"))
    for number, value in enumerate([*map(ox.Literal, NASTY), triple]):
        store.add(ox.Quad(ox.NamedNode(f"http://x/{number}"), node, value))
    for query, rows in [
        ("SELECT * { ?s ?p ?o OPTIONAL { ?s ?p ?x FILTER(isLiteral(?x)) } }", len(NASTY) + 1),
        ("SELECT ?o { ?s ?p ?o }", len(NASTY) + 1),
        ("SELECT * { ?s <http://x/none> ?o }", 0),
        ("SELECT * {}", 1),
        ("SELECT ?x { ?s ?p ?o }", len(NASTY) + 1),
    ]:
        out = io.BytesIO()
        store.query(query).serialize(out, RESULT_ENGINES[form])  # type: ignore[union-attr]
        counter, data = RowCounter(form), out.getvalue()
        for start in range(0, len(data), size):
            counter.add(data[start : start + size])
        assert counter.total == rows, (query, data)


# -- the process ---------------------------------------------------------------------------------------


def request(query: str, **changes: object) -> Request:
    usual = {
        "base": "http://x/", "prefixes": {}, "formats": {"solutions": "json", "graph": "turtle"},
        "timeout": 20.0, "max_rows": 1000, "max_bytes": 10**6, "memory": 2**28,
    }  # fmt: skip
    return Request(query=query, **{**usual, **changes})  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def kept() -> KeptStore:
    node = ox.NamedNode("http://x/p")
    triples = (ox.Triple(ox.NamedNode(f"http://x/{n}"), node, ox.Literal(n)) for n in range(300))
    return KeptStore(triples)


CROSS = "{ ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"


@pytest.mark.parametrize(
    ("query", "changes", "error"),
    [
        (f"SELECT (COUNT(*) AS ?n) {CROSS}", {"timeout": 0.5}, "timeout"),
        (f"SELECT * {CROSS} ORDER BY ?l ?i", {"memory": 2**26}, "died"),
        ("SELECT * " + "{" * 100_000, {}, "died"),
        (f"SELECT * {CROSS}", {}, "rows"),
        ("CONSTRUCT WHERE { ?s ?p ?o . ?a ?b ?c }", {"max_rows": 10}, "rows"),
        (f"SELECT * {CROSS}", {"max_rows": 10**9}, "bytes"),
        ("SELECT * {", {}, "syntax"),
        ("ASK {}", {"formats": {"solutions": "", "graph": "turtle"}}, "format"),
        ("SELECT (<http://x/f>(1) AS ?x) {}", {}, "evaluation"),
        ("SELECT * { SERVICE <http://127.0.0.1:81/> { ?s ?p ?o } }", {}, "evaluation"),
        ("SELECT * { SERVICE <http://localhost:81/> { ?s ?p ?o } }", {}, "evaluation"),
    ],
)
def test_a_query_ends_one_way_or_the_other_and_the_store_goes_on(
    kept: KeptStore, query: str, changes: dict[str, object], error: str
) -> None:
    assert kept.ask(request(query, **changes)).error == error
    ended = kept.ask(request("SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"))
    assert ended.file is not None
    with ended.file as file:
        assert json.loads(file.read())["results"]["bindings"][0]["n"]["value"] == "300"


def test_what_is_stopped_does_not_run_on(kept: KeptStore) -> None:
    kept.ask(request(f"SELECT (COUNT(*) AS ?n) {CROSS}", timeout=0.3))
    process = kept._process.pid
    assert Path(f"/proc/{process}/task/{process}/children").read_text() == ""


def test_several_ask_at_once(kept: KeptStore) -> None:
    found: list[int] = []

    def ask() -> None:
        ended = kept.ask(request("SELECT * { ?s ?p ?o }"))
        assert ended.file is not None
        ended.file.close()
        found.append(ended.rows)

    threads = [threading.Thread(target=ask) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [300] * 10


def test_a_regular_expression_is_no_bomb(kept: KeptStore) -> None:
    for pattern in ("(a+)+$", "(a|a)*b", "(.*)*x", "((a{1,100}){1,100}){1,100}"):
        text = f'ASK {{ FILTER(REGEX("{"a" * 5000}!", "{pattern}")) }}'
        ended = kept.ask(request(text))
        assert ended.error == ""


# -- the cache -----------------------------------------------------------------------------------------


@dataclass
class Thing:
    triples: int = 10
    is_alive: bool = True
    closed: int = 0

    def close(self) -> None:
        self.closed += 1


def use(cache: StoreCache[Thing], key: str, thing: Thing, **bounds: int) -> Thing:
    limits = {"max_stores": 2, "max_triples": 100, **bounds}
    with cache.use(key, lambda: thing, fits=lambda _: True, **limits) as used:
        return used


def test_the_least_recently_used_goes_first() -> None:
    cache: StoreCache[Thing] = StoreCache()
    a, b, c = Thing(), Thing(), Thing()
    use(cache, "a", a)
    use(cache, "b", b)
    assert use(cache, "a", Thing()) is a
    use(cache, "c", c)
    assert (a.closed, b.closed, c.closed, len(cache)) == (0, 1, 0, 2)


def test_triples_bound_the_cache_and_the_last_one_stays() -> None:
    cache: StoreCache[Thing] = StoreCache()
    a, b, big = Thing(40), Thing(50), Thing(101)
    use(cache, "a", a)
    use(cache, "b", b)
    use(cache, "big", big)
    assert (a.closed, b.closed, big.closed) == (1, 1, 0)


def test_what_is_in_use_is_closed_when_it_is_left() -> None:
    cache: StoreCache[Thing] = StoreCache()
    a = Thing()
    bounds = {"max_stores": 1, "max_triples": 100}
    with cache.use("a", lambda: a, fits=lambda _: True, **bounds):
        use(cache, "b", Thing(), **bounds)
        assert a.closed == 0
    assert a.closed == 1


def test_what_died_or_does_not_fit_is_made_anew() -> None:
    cache: StoreCache[Thing] = StoreCache()
    a, b, c = Thing(), Thing(), Thing()
    use(cache, "a", a)
    a.is_alive = False
    assert use(cache, "a", b) is b
    with cache.use(
        "a", lambda: c, fits=lambda thing: thing is c, max_stores=2, max_triples=100
    ) as used:
        assert used is c
    assert (a.closed, b.closed, len(cache)) == (1, 1, 1)


def test_what_cannot_be_made_leaves_nothing() -> None:
    cache: StoreCache[Thing] = StoreCache()

    def fail() -> Thing:
        raise ZeroDivisionError

    with (
        pytest.raises(ZeroDivisionError),
        cache.use("a", fail, fits=lambda _: True, max_stores=2, max_triples=100),
    ):
        pass
    assert len(cache) == 0
    assert use(cache, "a", Thing()).triples == 10


def test_many_who_ask_at_once_have_it_made_once() -> None:
    cache: StoreCache[Thing] = StoreCache()
    made: list[Thing] = []

    def make() -> Thing:
        time.sleep(0.05)
        made.append(Thing())
        return made[-1]

    def ask() -> None:
        with cache.use("a", make, fits=lambda _: True, max_stores=2, max_triples=100):
            pass

    threads = [threading.Thread(target=ask) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
