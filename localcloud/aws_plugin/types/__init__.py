"""The resource types, one a module: each declares ``RESOURCE_TYPE``; ``catalogue`` names them."""
