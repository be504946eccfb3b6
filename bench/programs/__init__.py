"""Pulumi programs that are measured; each is copied into a project of its own."""
