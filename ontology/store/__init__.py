"""Where ontologies are kept: one port, several stores, chosen by ``OMS_SERVICES``.

Everybody writes and reads through ``store``, which stamps, signs and audits on the way.
"""

from ontology.store.secure import SecureStore

__all__ = ["store"]

store = SecureStore()
