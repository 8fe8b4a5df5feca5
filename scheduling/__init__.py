"""Long work as a resource: jobs that report progress, can be cancelled, and outlive a crash."""
