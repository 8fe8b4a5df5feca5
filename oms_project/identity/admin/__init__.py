"""Users, service accounts, roles and rules in the console; imported for their registration."""

from __future__ import annotations

from oms_project.identity.admin import people, policies, site, trust

__all__ = ["people", "policies", "site", "trust"]
