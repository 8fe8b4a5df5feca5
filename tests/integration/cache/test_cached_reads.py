"""Reads through the cache say what the store says, below masking and outside of writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from oms_project.core.cache import forget_cache, product_cache
from oms_project.core.context import SYSTEM, acting_as
from oms_project.core.memory import remembering
from oms_project.identity.contract import Role
from oms_project.identity.models import User
from ontology import selectors, services
from ontology.contract import Change
from ontology.domain.kinds import DEFINITION_KINDS, Kind
from ontology.store import questions, store
from ontology.store.cached import CachedReader
from ontology.store.port import CommitReader, DocumentFilter
from ontology.store.questions import Field, InstanceQuery, Order
from tests.conftest import MakePerson

pytestmark = [pytest.mark.django_db, pytest.mark.data]

NAME = "shop"
API = f"/api/v1/ontologies/{NAME}"


def _create(kind: str, **fields: Any) -> Change:
    return Change(op="create", kind=kind, fields=fields)


@pytest.fixture
def shop(db: None) -> Iterator[None]:
    """Customers with an order each, one of them deleted, on a branch of a branch."""
    with acting_as(SYSTEM):
        services.create_ontology(name=NAME, base_iri="https://example.org/shop/")
        services.commit_changes(
            ontology=NAME,
            message="Types",
            changes=[
                _create(
                    "ObjectType",
                    apiName="Customer",
                    primaryKey=["code"],
                    properties=[
                        {"apiName": "code", "dataTypes": ["string"], "required": True},
                        {"apiName": "age", "dataTypes": ["integer"], "indexed": True},
                        {
                            "apiName": "card",
                            "dataTypes": ["string"],
                            "sensitivity": "restricted",
                        },
                    ],
                ),
                _create("LinkType", apiName="knows", sources=["Customer"], targets=["Customer"]),
            ],
        )
        services.commit_changes(
            ontology=NAME,
            message="Customers",
            changes=[
                Change(
                    op="create", kind="Object", type="Customer",
                    fields={"code": f"c{number}", "age": 20 + number % 7, "card": f"4000-{number}"},
                )
                for number in range(12)
            ],
        )  # fmt: skip
        services.create_branch(ontology=NAME, name="next")
        services.commit_changes(
            ontology=NAME,
            branch="next",
            message="Links",
            changes=[
                *(
                    Change(
                        op="create", kind="Link", type="knows",
                        source=f"Customer/c{number}", target=f"Customer/c{number + 1}",
                    )
                    for number in range(8)
                ),
                Change(op="delete", target="Customer/c11"),
            ],
        )  # fmt: skip
        yield


def _readers(ref: str) -> tuple[CommitReader, CommitReader]:
    """The store's own, and one through the cache."""
    info = store.get_ontology(NAME)
    commit = store.resolve(info.id, ref)
    plain = store.reader(info.id, commit)
    assert not isinstance(plain, CachedReader)
    with remembering():
        cached = store.reader(info.id, commit)
    assert isinstance(cached, CachedReader)
    return plain, cached


def _questions(plain: CommitReader) -> list[Callable[[CommitReader], Any]]:
    """Everything that a reader is asked."""
    documents = list(plain.scan())
    everything = plain.page(where=DocumentFilter(include_deleted=True), limit=500)
    rids = [document.rid for document in everything] + ["nobody", "half \ud800"]
    customer = next(d.rid for d in documents if d.kind == Kind.OBJECT_TYPE)
    age = Field(("age",), "integer")
    every = InstanceQuery(Kind.OBJECT, (customer,))
    older = InstanceQuery(
        Kind.OBJECT,
        (customer,),
        where=questions.Test(age, "gt", 22),
        order=(Order(age, descending=True),),
    )
    names = ["customer", "Customer", "nobody"]
    return [
        lambda reader: reader.commit,
        lambda reader: reader.get_many(rids),
        lambda reader: reader.get_many(rids[:3]),
        lambda reader: reader.get_many([]),
        lambda reader: reader.get_with_deleted(rids),
        lambda reader: [reader.find_names(kind, names) for kind in DEFINITION_KINDS],
        lambda reader: reader.find_entries("iri", ["https://example.org/shop/Customer", "x"]),
        lambda reader: reader.referrers(rids),
        lambda reader: reader.referrers(rids, ["_source"]),
        lambda reader: reader.referrers(rids, ["_target", "_source"]),
        lambda reader: reader.page(where=DocumentFilter(), limit=4),
        lambda reader: reader.page(where=DocumentFilter(), limit=5),
        lambda reader: reader.page(where=DocumentFilter(include_deleted=True), limit=5),
        lambda reader: reader.page(
            where=DocumentFilter(),
            after=(documents[2].kind.value, documents[2].key, documents[2].rid),
            limit=4,
        ),
        lambda reader: reader.page(where=DocumentFilter(text="custo"), limit=150),
        lambda reader: reader.page(where=DocumentFilter(rids=frozenset(rids[:3]))),
        lambda reader: [document.rid for document in reader.scan()],
        lambda reader: reader.count(),
        lambda reader: reader.hashes([Kind.OBJECT]),
        lambda reader: list(reader.instances([customer])),
        lambda reader: sorted(reader.populated([customer])),
        lambda reader: {rid: sorted(found) for rid, found in reader.links_at(rids).items()},
        lambda reader: reader.find_instances(every, limit=3),
        lambda reader: reader.find_instances(
            every, after=reader.find_instances(every, limit=3)[-1].position, limit=3
        ),
        lambda reader: reader.find_instances(older, limit=5),
        lambda reader: reader.count_instances(every),
        lambda reader: reader.count_instances(older),
        lambda reader: [list(reader.link_page(rid=rid, role="_source")) for rid in rids],
        lambda reader: {
            rid: list(page)
            for rid, page in reader.link_pages(rids=rids, role="_target", limit=2).items()
            if page
        },
    ]


@pytest.mark.parametrize("ref", ["main", "next"])
def test_every_question_has_the_stores_answer(shop: None, ref: str) -> None:
    plain, cached = _readers(ref)
    for number, ask in enumerate(_questions(plain)):
        expected = ask(plain)
        assert ask(cached) == expected, number  # loaded
        assert ask(cached) == expected, number  # kept


def test_what_was_read_is_not_asked_of_the_store_again(shop: None) -> None:
    plain, cached = _readers("next")
    skipped = {"scan", "hashes", "instances", "populated", "links_at"}
    for ask in _questions(plain):
        ask(cached)
        with CaptureQueriesContext(
            connection,
        ) as again:
            ask(cached)
        if not skipped & set(ask.__code__.co_names):
            assert [query["sql"] for query in again] == [], ask.__code__.co_names


def test_documents_are_nobodys_but_the_callers(shop: None) -> None:
    plain, cached = _readers("main")
    rid = next(iter(plain.scan([Kind.OBJECT]))).rid
    cached.get_many([rid])
    first, second = cached.get_many([rid])[rid], cached.get_many([rid])[rid]
    assert first == second == plain.get_many([rid])[rid]
    assert first.body is not second.body
    assert first.locator is None  # no store takes it for one that was read under its lock


def test_a_write_reads_past_the_cache(shop: None) -> None:
    info = store.get_ontology(NAME)
    with remembering():
        with store.writing(info.id, "main") as head:
            assert not isinstance(store.reader(info.id, head), CachedReader)
        with transaction.atomic():
            assert not isinstance(store.reader(info.id, head), CachedReader)
        assert isinstance(store.reader(info.id, head), CachedReader)
    assert not isinstance(store.reader(info.id, head), CachedReader)


def test_it_can_be_turned_off(shop: None, settings: Any) -> None:
    settings.OMS_CACHE_LOCAL_SIZE = 0
    forget_cache()
    info = store.get_ontology(NAME)
    with remembering():
        reader = store.reader(info.id, store.resolve(info.id, "main"))
        assert not isinstance(reader, CachedReader)
    assert product_cache().state() == {}


def test_who_may_see_less_sees_less_of_what_is_cached(
    shop: None,
    admin_client: APIClient,
    person: MakePerson,
    client_of: Callable[[User], APIClient],
) -> None:
    viewer = client_of(person("vera", Role.VIEWER))
    address = f"{API}/objects/Customer/c3"
    for _ in range(2):
        assert admin_client.get(address).json()["card"] == "4000-3"
        assert "4000-3" not in viewer.get(address).content.decode()


def test_a_change_is_seen_at_once(shop: None, admin_client: APIClient) -> None:
    address = f"{API}/objects/Customer/c3"
    assert admin_client.get(address).json()["age"] == 23
    with acting_as(SYSTEM):
        services.commit_changes(
            ontology=NAME,
            message="Birthday",
            changes=[Change(op="update", target="Customer/c3", fields={"age": 24})],
        )
    assert admin_client.get(address).json()["age"] == 24
    assert admin_client.get(address, {"ref": "next"}).json()["age"] == 23


def test_health_tells_of_the_cache(shop: None, admin_client: APIClient) -> None:
    before = product_cache().state()["local"]["entries"]
    admin_client.get(f"{API}/objects/Customer/c3")
    state = product_cache().state()["local"]
    assert state["entries"] > before
    assert state["bytes"] > 0


def test_selectors_read_through_it(shop: None) -> None:
    with remembering():
        selectors.get_document(ontology=NAME, target="Customer/c3")
        entries = product_cache().state()["local"]["entries"]
        assert entries > 0
    selectors.get_document(ontology=NAME, target="Customer/c4")
    assert product_cache().state()["local"]["entries"] == entries
