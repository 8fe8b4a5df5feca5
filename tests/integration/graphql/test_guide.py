"""The examples of the guide to the platform's endpoint, on the demo."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ontology.demo.seed import seed
from tests.integration.graphql.conftest import GraphQLClient

pytestmark = [pytest.mark.django_db, pytest.mark.data]

GUIDE = Path(__file__).resolve().parents[3] / "docs/guides/graphql.md"


def test_every_example_of_the_guide_works(graphql: GraphQLClient, db: None) -> None:
    seed()
    examples = re.findall(r"```graphql\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    assert len(examples) == 8
    for example in examples:
        data = graphql.data(example)
        assert data
        for answer in data.values():
            assert answer
            assert "detail" not in answer, answer
