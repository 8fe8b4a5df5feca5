"""What the pages of every app share: the admin's frame, who may see them, errors as pages."""
