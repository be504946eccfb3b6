"""The model of images and registries, in the words of the OCI specifications: the only place for each of its rules."""
