"""Listings of layers: read from a registry once, and remembered in the user's cache folder.

Decides what is fetched and what is believed of earlier runs. In reading order: ``registry_listings`` (the way in),
``oci_layout`` (images of a directory), ``codecs`` (the fastest decompressor that is installed), ``listing_cache`` (what
earlier runs have read).

Leaves the bytes of a layer to ``core.layers``, and which image is read to ``build.image_contents``.
"""
