"""Whether a state obeys the rules of the domain.

Validation is incremental: the state before is valid, so only what a change can break is checked
again - the changed documents, and the definitions that inherit from or refer to what changed. Its
cost follows the change and what the change affects, not the size of the ontology. Checking a whole
state is the same code with every document as a change on an empty state.
"""

from ontology.domain.validation.run import (
    Review,
    review_changes,
    validate_changes,
    validate_state,
)
from ontology.domain.validation.values import header_problems

__all__ = ["Review", "header_problems", "review_changes", "validate_changes", "validate_state"]
