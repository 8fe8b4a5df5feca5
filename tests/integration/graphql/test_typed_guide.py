"""The examples of the guide, on the demo."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pytest

from ontology.demo.seed import seed
from tests.integration.graphql.conftest import GraphQLClient

pytestmark = [pytest.mark.django_db, pytest.mark.data]

GUIDE = Path(__file__).resolve().parents[3] / "docs/guides/graphql-typed.md"


def test_every_example_of_the_guide_works(graphql: GraphQLClient, db: None) -> None:
    seed()
    graphql.path = "/graphql/logistics"
    examples = re.findall(r"```graphql\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    assert len(examples) == 9
    for example in examples:
        now = dt.datetime.now(dt.UTC).isoformat()
        data = graphql.data(example, {"then": now} if "$then" in example else {})
        assert data
        for answer in data.values():
            assert answer
            assert "detail" not in answer, answer
