"""Drives the ports: one image, many images. No pulumi, no SDK."""
