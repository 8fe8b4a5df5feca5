"""Homes of ontologies outside the ORM: held against the index, moved to, made an index of.

What is in a home and what is in the index cannot be written in one transaction; see
``docs/adr/0023``. `reconciling` lets them agree again whatever died where.
"""

from ontology.services.homes.moving import rebuild, reconcile, transfer
from ontology.services.homes.settling import settle_stray

__all__ = ["rebuild", "reconcile", "settle_stray", "transfer"]
