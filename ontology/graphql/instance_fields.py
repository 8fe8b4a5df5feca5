"""What an ontology has of objects, links and actions, in one."""

from __future__ import annotations

import strawberry

from ontology.graphql.action_types import ActionFields
from ontology.graphql.bulk import BulkFields
from ontology.graphql.questions import QuestionFields
from ontology.graphql.redactions import RedactionFields
from ontology.graphql.time import TimeFields

__all__ = ["InstanceFields"]


@strawberry.type
class InstanceFields(QuestionFields, TimeFields, ActionFields, BulkFields, RedactionFields):
    """See the bases."""
