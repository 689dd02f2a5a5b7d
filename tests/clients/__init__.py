"""Public clients of public protocols, which the tests let loose on ours."""
