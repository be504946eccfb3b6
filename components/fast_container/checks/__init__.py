"""Rules that an image has to satisfy before its tag is put; pure, from manifest, configuration and layers."""
