"""Values of the contract, arranged for a reader."""
